package apiserver

import (
	"maps"
	"slices"
	"testing"

	istiov1 "istio.io/client-go/pkg/apis/networking/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/linnet-delivery/linnet/e2e/framework"
	flaggerv1 "github.com/linnet-delivery/linnet/pkg/apis/flagger/v1beta1"
)

// A controller that starts anew finds everything as it should be, and leaves it.
func TestARestartWritesNothing(t *testing.T) {
	t.Parallel()
	namespace, prometheus := newNamespace(t), newPrometheus(t)
	first := startLinnet(t, namespace, prometheus)
	application(t, namespace)
	awaitPhase(t, namespace, flaggerv1.PhaseInitialized)
	first.settle(t, 0)
	first.stop()

	second := startLinnet(t, namespace, prometheus)
	second.rest(t)
	if written := writes(second.since(0)); len(written) > 0 {
		t.Errorf("%d writes after a restart, want none:\n%s", len(written), listed(written))
	}
}

// What others do to an application at rest, and what the controller writes then.
var outside = map[string]struct {
	do func(t *testing.T, namespace string)
	// repaired waits until the object is as it should be.
	repaired func(t *testing.T, namespace string)
	writes   []string
}{
	"weights are put back": {
		do: func(t *testing.T, namespace string) {
			update(t, virtualService(namespace), func(vs *istiov1.VirtualService) {
				for _, d := range vs.Spec.Http[0].Route {
					d.Weight = 100 - d.Weight
				}
			})
		},
		repaired: routeIsHome,
		writes:   []string{"update virtualservices"},
	},
	"a route that is gone is made again": {
		do:       func(t *testing.T, namespace string) { removes(virtualService(namespace))(t, namespace) },
		repaired: routeIsHome,
		writes:   []string{"create virtualservices"},
	},
	"the Service that users call is put back": {
		do: func(t *testing.T, namespace string) {
			update(t, apex(namespace), func(s *corev1.Service) { s.Spec.Selector = map[string]string{"app": "other"} })
		},
		repaired: func(t *testing.T, namespace string) {
			await(t, &corev1.ServiceList{}, namespace, framework.App, "in front of the primary", func(s *corev1.Service) bool {
				return s.Spec.Selector["app"] == "podinfo-primary"
			})
		},
		writes: []string{"update services"},
	},
	"a label and an annotation of another tool stay": {
		do: func(t *testing.T, namespace string) {
			update(t, virtualService(namespace), func(vs *istiov1.VirtualService) {
				metav1.SetMetaDataLabel(&vs.ObjectMeta, "example.com/team", "shop")
				metav1.SetMetaDataAnnotation(&vs.ObjectMeta, "example.com/note", "ours")
			})
		},
		repaired: func(t *testing.T, namespace string) {
			awaitRoute(t, namespace, "marked by another tool", func(vs *istiov1.VirtualService) bool {
				return vs.Labels["example.com/team"] == "shop" && vs.Annotations["example.com/note"] == "ours"
			})
		},
	},
}

func TestOutsideEdits(t *testing.T) {
	t.Parallel()
	namespace := newNamespace(t)
	l := startLinnet(t, namespace, newPrometheus(t))
	application(t, namespace)
	awaitPhase(t, namespace, flaggerv1.PhaseInitialized)
	l.awaitTold(t, 0, "Initialized")
	for _, name := range slices.Sorted(maps.Keys(outside)) {
		t.Run(name, func(t *testing.T) {
			edit := outside[name]
			l.settle(t, 0)
			start, passes := l.mark(), l.passes(t.Context())
			edit.do(t, namespace)
			l.settle(t, passes)
			edit.repaired(t, namespace)
			l.settle(t, passes)
			var written []string
			for _, e := range writes(l.since(start)) {
				written = append(written, e.Verb+" "+e.Resource)
			}
			if !slices.Equal(written, edit.writes) {
				t.Errorf("the controller writes %q, want %q:\n%s", written, edit.writes, listed(l.since(start)))
			}
		})
	}
}

func routeIsHome(t *testing.T, namespace string) {
	t.Helper()
	awaitRoute(t, namespace, "at canary weight 0", func(vs *istiov1.VirtualService) bool { return canaryWeight(vs) == 0 })
}

func virtualService(namespace string) *istiov1.VirtualService {
	return &istiov1.VirtualService{ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: framework.App}}
}

func apex(namespace string) *corev1.Service {
	return &corev1.Service{ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: framework.App}}
}
