package workload

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/util/intstr"
	"k8s.io/utils/ptr"
	"sigs.k8s.io/controller-runtime/pkg/client"

	flaggerv1 "github.com/linnet-delivery/linnet/pkg/apis/flagger/v1beta1"
	"github.com/linnet-delivery/linnet/pkg/kube"
)

// serviceRevision identifies a Service's spec without what the API server fills in.
func serviceRevision(spec corev1.ServiceSpec) (string, error) {
	raw, err := json.Marshal(bareService(spec))
	if err != nil {
		return "", err
	}
	var tree map[string]any
	if err := json.Unmarshal(raw, &tree); err != nil {
		return "", err
	}
	dropNulls(tree)
	return digest(map[string]any{"service": tree})
}

// stickySeconds is how long a client keeps its endpoint where a Service with affinity does not say.
const stickySeconds = 10800

// bareService returns the spec without addresses, node ports and defaults.
func bareService(from corev1.ServiceSpec) corev1.ServiceSpec {
	s := *from.DeepCopy()
	if s.ClusterIP != corev1.ClusterIPNone {
		s.ClusterIP = ""
	}
	s.ClusterIPs, s.IPFamilies, s.HealthCheckNodePort = nil, nil, 0
	unset(&s.Type, corev1.ServiceTypeClusterIP)
	unset(&s.SessionAffinity, corev1.ServiceAffinityNone)
	unset(&s.ExternalTrafficPolicy, corev1.ServiceExternalTrafficPolicyCluster)
	unsetPointer(&s.IPFamilyPolicy, corev1.IPFamilyPolicySingleStack)
	unsetPointer(&s.InternalTrafficPolicy, corev1.ServiceInternalTrafficPolicyCluster)
	unsetPointer(&s.AllocateLoadBalancerNodePorts, true)
	if a := s.SessionAffinityConfig; a != nil && a.ClientIP != nil && ptr.Deref(a.ClientIP.TimeoutSeconds, stickySeconds) == stickySeconds {
		s.SessionAffinityConfig = nil
	}
	for i := range s.Ports {
		p := &s.Ports[i]
		p.NodePort = 0
		unset(&p.Protocol, corev1.ProtocolTCP)
		unset(&p.TargetPort, intstr.FromInt32(p.Port))
	}
	return s
}

func unset[T comparable](field *T, byDefault T) {
	var zero T
	if *field == byDefault {
		*field = zero
	}
}

func unsetPointer[T comparable](field **T, byDefault T) {
	if *field != nil && **field == byDefault {
		*field = nil
	}
}

// clonedService returns the spec of a copy: the same endpoints, found from inside the cluster only.
func clonedService(from corev1.ServiceSpec) corev1.ServiceSpec {
	s := *from.DeepCopy()
	to := corev1.ServiceSpec{
		Type: corev1.ServiceTypeClusterIP, Selector: s.Selector, Ports: s.Ports,
		SessionAffinity: s.SessionAffinity, SessionAffinityConfig: s.SessionAffinityConfig,
		PublishNotReadyAddresses: s.PublishNotReadyAddresses,
		InternalTrafficPolicy:    s.InternalTrafficPolicy, TrafficDistribution: s.TrafficDistribution,
		IPFamilyPolicy: s.IPFamilyPolicy,
	}
	if s.Type == corev1.ServiceTypeExternalName {
		to.Type, to.ExternalName = s.Type, s.ExternalName
	}
	if s.ClusterIP == corev1.ClusterIPNone {
		to.ClusterIP = corev1.ClusterIPNone
	}
	for i := range to.Ports {
		to.Ports[i].NodePort = 0
	}
	return to
}

// isCopy reports whether a Service has the spec of a copy of t.
func (t serviceTarget) isCopy(svc *corev1.Service) bool {
	return equal(bareService(svc.Spec), bareService(clonedService(t.Spec)))
}

// revisionOf returns the revision that the primary copy was made from. One without a mark was made by
// Flagger: it has the target's revision when it is a copy of it, and an unknown one otherwise.
func (t serviceTarget) revisionOf(primary *corev1.Service) string {
	if revision := primary.Annotations[kube.RevisionAnnotation]; revision != "" {
		return revision
	}
	if t.isCopy(primary) {
		return t.revision
	}
	return ""
}

// copyOf returns have, which may be nil, as a copy of the target.
func (s *serviceTargets) copyOf(c *flaggerv1.Canary, t serviceTarget, have *corev1.Service, name string, metadata *flaggerv1.CustomMetadata) *corev1.Service {
	to := &corev1.Service{}
	if have != nil {
		to = have.DeepCopy()
	}
	own := ptr.Deref(metadata, flaggerv1.CustomMetadata{})
	to.Namespace, to.Name = c.Namespace, name
	to.OwnerReferences, _ = kube.WithOwner(to.OwnerReferences, c)
	to.Labels = s.include.sync(to.Labels, t.Labels, own.Labels)
	to.Annotations = s.include.sync(to.Annotations, t.Annotations, own.Annotations)
	if have == nil || !t.isCopy(have) {
		to.Spec = onto(to.Spec, clonedService(t.Spec))
	}
	return to
}

// onto returns want with the addresses that the API server has given to have.
func onto(have, want corev1.ServiceSpec) corev1.ServiceSpec {
	if have.Type == corev1.ServiceTypeExternalName || want.Type == corev1.ServiceTypeExternalName {
		return want
	}
	if want.ClusterIP == "" && have.ClusterIP != corev1.ClusterIPNone {
		want.ClusterIP = have.ClusterIP
	}
	want.ClusterIPs, want.IPFamilies = have.ClusterIPs, have.IPFamilies
	if want.IPFamilyPolicy == nil {
		want.IPFamilyPolicy = have.IPFamilyPolicy
	}
	return want
}

// primaryOf returns have, which may be nil, as the promotion of t leaves it.
func (s *serviceTargets) primaryOf(c *flaggerv1.Canary, t serviceTarget, have *corev1.Service) *corev1.Service {
	to := s.copyOf(c, t, have, c.PrimaryServiceName(), c.Spec.Service.Primary)
	annotate(to, kube.RevisionAnnotation, t.revision)
	return to
}

// adoptedService returns a primary copy that exists with c as its owner and its revision noted.
func adoptedService(c *flaggerv1.Canary, t serviceTarget, primary *corev1.Service) *corev1.Service {
	to := primary.DeepCopy()
	to.OwnerReferences, _ = kube.WithOwner(primary.OwnerReferences, c)
	to.Annotations = maps.Clone(primary.Annotations)
	if revision := t.revisionOf(primary); revision != "" {
		annotate(to, kube.RevisionAnnotation, revision)
	}
	return to
}

// write creates to, or writes in what it differs from have, provided that nobody wrote in between.
func (s *serviceTargets) write(ctx context.Context, have, to *corev1.Service) error {
	if have == nil {
		if err := s.client.Create(ctx, to); err != nil {
			return fmt.Errorf("create Service %s: %w", to.Name, err)
		}
		return nil
	}
	if sameMetadata(have, to) && equal(have.Spec, to.Spec) {
		return nil
	}
	if headless(have) != headless(to) && have.Spec.Type == to.Spec.Type {
		return refusedf("Service %s cannot become headless or stop being so, as the target did: delete it, and it is made again", to.Name)
	}
	if err := s.client.Patch(ctx, to, client.MergeFromWithOptions(have, client.MergeFromWithOptimisticLock{})); err != nil {
		return fmt.Errorf("patch Service %s: %w", to.Name, err)
	}
	return nil
}

func headless(svc *corev1.Service) bool { return svc.Spec.ClusterIP == corev1.ClusterIPNone }
