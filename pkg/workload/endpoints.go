package workload

import (
	"context"
	"fmt"

	corev1 "k8s.io/api/core/v1"
	discoveryv1 "k8s.io/api/discovery/v1"
	"k8s.io/utils/ptr"
	"sigs.k8s.io/controller-runtime/pkg/client"

	flaggerv1 "github.com/linnet-delivery/linnet/pkg/apis/flagger/v1beta1"
	"github.com/linnet-delivery/linnet/pkg/rollout"
)

func serviceKey(svc *corev1.Service) string {
	return serviceKind + "/" + svc.Namespace + "/" + svc.Name
}

// health reads whether anybody answers behind a Service at a revision. It counts as one replica,
// however many endpoints there are: a Service cannot be grown to another's number, and promoting it
// takes its endpoints along. Only this process knows since when there has been none, so the deadline
// begins anew when it restarts.
func (s *serviceTargets) health(ctx context.Context, c *flaggerv1.Canary, svc *corev1.Service, revision string) (rollout.Health, error) {
	if svc.Spec.Type == corev1.ServiceTypeExternalName {
		return rollout.Health{State: rollout.Ready, Reason: "it stands for " + svc.Spec.ExternalName, Serving: 1}, nil
	}
	ready, err := s.readyEndpoints(ctx, svc)
	if err != nil {
		return rollout.Health{}, err
	}
	if ready > 0 {
		s.seen.forget(serviceKey(svc))
		return rollout.Health{State: rollout.Ready, Reason: fmt.Sprintf("%d endpoints ready", ready), Serving: 1}, nil
	}
	h := rollout.Health{State: rollout.Waiting, Reason: fmt.Sprintf("Service %s has no ready endpoint", svc.Name)}
	deadline, now := patienceFor(c, nil).deadline, s.now()
	if now.Sub(s.seen.since(serviceKey(svc), revision, now)) >= deadline {
		h.State = rollout.Stuck
		h.Reason += fmt.Sprintf(" (no progress for %s)", deadline)
	}
	return h, nil
}

// readyEndpoints returns how many endpoints of the Service are ready. One that does not say counts,
// and one with an address in each family counts once.
func (s *serviceTargets) readyEndpoints(ctx context.Context, svc *corev1.Service) (int, error) {
	var slices discoveryv1.EndpointSliceList
	err := s.client.List(ctx, &slices, client.InNamespace(svc.Namespace), client.MatchingLabels{discoveryv1.LabelServiceName: svc.Name})
	if err != nil {
		return 0, fmt.Errorf("list EndpointSlices of Service %s: %w", svc.Name, err)
	}
	ready := map[string]bool{}
	for _, slice := range slices.Items {
		for _, e := range slice.Endpoints {
			if ptr.Deref(e.Conditions.Ready, true) {
				ready[identity(e)] = true
			}
		}
	}
	return len(ready), nil
}

func identity(e discoveryv1.Endpoint) string {
	if e.TargetRef != nil {
		return e.TargetRef.Kind + "/" + e.TargetRef.Name
	}
	return fmt.Sprint(e.Addresses)
}
