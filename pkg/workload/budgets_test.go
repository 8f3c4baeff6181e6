package workload

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	appsv1 "k8s.io/api/apps/v1"
	policyv1 "k8s.io/api/policy/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/intstr"
	"sigs.k8s.io/controller-runtime/pkg/client"

	flaggerv1 "github.com/linnet-delivery/linnet/pkg/apis/flagger/v1beta1"
)

func newBudget(name string, selector *metav1.LabelSelector) *policyv1.PodDisruptionBudget {
	return &policyv1.PodDisruptionBudget{
		ObjectMeta: meta(name),
		Spec:       policyv1.PodDisruptionBudgetSpec{MinAvailable: new(intstr.FromInt32(1)), Selector: selector},
	}
}

func TestThePrimaryGetsACopyOfWhatProtectsTheTarget(t *testing.T) {
	in := func(values ...string) *metav1.LabelSelector {
		return &metav1.LabelSelector{MatchExpressions: []metav1.LabelSelectorRequirement{{Key: "app", Operator: metav1.LabelSelectorOpIn, Values: values}}}
	}
	tests := map[string]struct {
		budgets []client.Object
		// want maps the names of the copies to their selectors.
		want map[string]*metav1.LabelSelector
	}{
		"by the label that tells the sides apart": {
			[]client.Object{newBudget("a", matching("app", "podinfo"))},
			map[string]*metav1.LabelSelector{"a-primary": matching("app", "podinfo-primary")},
		},
		"with the other labels as they are": {
			[]client.Object{newBudget("a", &metav1.LabelSelector{MatchLabels: map[string]string{"app": "podinfo", "tier": "front"}})},
			map[string]*metav1.LabelSelector{"a-primary": {MatchLabels: map[string]string{"app": "podinfo-primary", "tier": "front"}}},
		},
		"but not of what a third party's pods have too": {
			[]client.Object{newBudget("a", in("podinfo", "backend"))},
			map[string]*metav1.LabelSelector{"a-primary": matching("app", "podinfo-primary")},
		},
		"none of what protects others":           {[]client.Object{newBudget("a", matching("app", "backend"))}, nil},
		"none of what protects the primary too":  {[]client.Object{newBudget("a", matching("tier", "front")), newBudget("b", in("podinfo", "podinfo-primary"))}, nil},
		"none of what selects everything":        {[]client.Object{newBudget("a", &metav1.LabelSelector{})}, nil},
		"none of what selects nothing":           {[]client.Object{newBudget("a", nil)}, nil},
		"none when somebody else has written it": {[]client.Object{newBudget("a", matching("app", "podinfo")), newBudget("b", matching("app", "podinfo-primary"))}, nil},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, append(tc.budgets, newTarget(func(dep *appsv1.Deployment) { dep.Spec.Template.Labels["tier"] = "front" }))...)
			mustDo(t, w.adapter().EnsurePrimary(t.Context(), newCanary()))
			if diff := cmp.Diff(tc.want, w.budgetCopies()); diff != "" {
				t.Errorf("copies differ (-want +got):\n%s", diff)
			}
		})
	}
}

// budgetCopies returns the selectors of the budgets that a Canary controls, by name.
func (w *world) budgetCopies() map[string]*metav1.LabelSelector {
	w.t.Helper()
	var list policyv1.PodDisruptionBudgetList
	if err := w.List(w.t.Context(), &list); err != nil {
		w.t.Fatal(err)
	}
	var copies map[string]*metav1.LabelSelector
	for _, b := range list.Items {
		if metav1.GetControllerOf(&b) == nil {
			continue
		}
		if copies == nil {
			copies = map[string]*metav1.LabelSelector{}
		}
		copies[b.Name] = b.Spec.Selector
	}
	return copies
}

func TestBudgetsFollowAtThePromotion(t *testing.T) {
	tests := map[string]struct {
		change func(*world)
		want   []string
	}{
		"unchanged": {func(*world) {}, nil},
		"edited": {func(w *world) {
			edit(w, newBudget("podinfo", nil), func(b *policyv1.PodDisruptionBudget) { b.Spec.MinAvailable = new(intstr.FromString("50%")) })
		}, []string{"patch PodDisruptionBudget podinfo-primary"}},
		"deleted": {func(w *world) {
			mustDo(w.t, w.Delete(w.t.Context(), newBudget("podinfo", nil)))
			w.forget()
		}, []string{"delete PodDisruptionBudget podinfo-primary"}},
		"replaced by somebody's own": {func(w *world) {
			mustDo(w.t, w.Create(w.t.Context(), newBudget("own", matching("app", "podinfo-primary"))))
			w.forget()
		}, []string{"delete PodDisruptionBudget podinfo-primary"}},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, newTarget(), newBudget("podinfo", matching("app", "podinfo")))
			c, d := newCanary(), w.adapter()
			mustDo(t, d.EnsurePrimary(t.Context(), c))
			w.forget()
			tc.change(w)
			promote(t, d, c)
			if diff := cmp.Diff(tc.want, w.writes); diff != "" {
				t.Errorf("writes differ (-want +got):\n%s", diff)
			}
		})
	}
}

func TestAnotherCanarysBudgetIsLeftAlone(t *testing.T) {
	backend := newCanary(func(c *flaggerv1.Canary) { c.Name, c.UID, c.Spec.TargetRef.Name = "backend", "other", "backend" })
	other := newTarget(func(dep *appsv1.Deployment) {
		dep.ObjectMeta = meta("backend")
		dep.Spec.Selector.MatchLabels["app"], dep.Spec.Template.Labels["app"] = "backend", "backend"
	})
	w := newWorld(t, newTarget(), other, newBudget("a", matching("app", "podinfo")), newBudget("b", matching("app", "backend")))
	for range 2 {
		mustDo(t, w.adapter().EnsurePrimary(t.Context(), newCanary()))
		mustDo(t, w.adapter().EnsurePrimary(t.Context(), backend))
	}
	want := map[string]*metav1.LabelSelector{"a-primary": matching("app", "podinfo-primary"), "b-primary": matching("app", "backend-primary")}
	if diff := cmp.Diff(want, w.budgetCopies()); diff != "" {
		t.Errorf("copies differ (-want +got):\n%s", diff)
	}
}
