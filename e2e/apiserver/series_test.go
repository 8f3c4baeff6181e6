package apiserver

import (
	"context"
	"fmt"
	"slices"
	"testing"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/linnet-delivery/linnet/e2e/framework"
	flaggerv1 "github.com/linnet-delivery/linnet/pkg/apis/flagger/v1beta1"
)

// The reference's series are served on request, and go with the Canary, which hands its application back.
func TestSeriesGoWithTheCanary(t *testing.T) {
	t.Parallel()
	namespace := newNamespace(t)
	l := startLinnet(t, namespace, newPrometheus(t), "--metrics-compat")
	create(t, framework.Podinfo(namespace, "6.0.0"), framework.NewCanary(namespace))
	awaitPhase(t, namespace, flaggerv1.PhaseInitialized)
	status := fmt.Sprintf(`flagger_canary_status{name="podinfo",namespace=%q} 1`, namespace)
	l.await(t, status, func(ctx context.Context) bool { return slices.Contains(l.get(ctx, "/metrics"), status) })

	canary := framework.NewCanary(namespace)
	if err := cluster.Delete(t.Context(), canary); err != nil {
		t.Fatal(err)
	}
	l.await(t, "the Canary to be gone", func(ctx context.Context) bool {
		return apierrors.IsNotFound(cluster.Get(ctx, client.ObjectKeyFromObject(canary), canary))
	})
	l.await(t, "its series to be gone", func(ctx context.Context) bool { return !slices.Contains(l.get(ctx, "/metrics"), status) })
	awaitSize(t, namespace, framework.App, 2)
	await(t, &corev1.ServiceList{}, namespace, framework.App, "in front of the target", func(s *corev1.Service) bool {
		return s.Spec.Selector["app"] == framework.App && len(s.OwnerReferences) == 0
	})
}
