package workload

import (
	"context"
	"errors"
	"testing"

	"github.com/google/go-cmp/cmp"
	appsv1 "k8s.io/api/apps/v1"
	autoscalingv2 "k8s.io/api/autoscaling/v2"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/utils/ptr"
	"sigs.k8s.io/controller-runtime/pkg/client"

	flaggerv1 "github.com/linnet-delivery/linnet/pkg/apis/flagger/v1beta1"
	"github.com/linnet-delivery/linnet/pkg/kube"
)

// promote promotes the revision that is observed.
func promote(t *testing.T, d *Targets, c *flaggerv1.Canary) {
	t.Helper()
	seen, err := d.Observe(t.Context(), c)
	mustDo(t, err)
	mustDo(t, d.Promote(t.Context(), c, seen.Revision))
}

func TestPromoteGivesThePrimaryTheTargetsSettings(t *testing.T) {
	w := newWorld(t, newTarget())
	c := newCanary()
	d := w.adapter()
	mustDo(t, d.EnsurePrimary(t.Context(), c))
	edit(w, newTarget(), func(dep *appsv1.Deployment) {
		image("podinfo:2")(dep)
		dep.Spec.Strategy = appsv1.DeploymentStrategy{Type: appsv1.RecreateDeploymentStrategyType}
		dep.Spec.MinReadySeconds = 9
		dep.Spec.RevisionHistoryLimit = ptr.To[int32](2)
		dep.Spec.ProgressDeadlineSeconds = ptr.To[int32](60)
	})
	w.forget()
	promote(t, d, c)

	if diff := cmp.Diff([]string{"patch Deployment podinfo-primary"}, w.writes); diff != "" {
		t.Errorf("writes differ (-want +got):\n%s", diff)
	}
	got, target := w.deployment("podinfo-primary").Spec, w.deployment("podinfo").Spec
	target.Selector.MatchLabels["app"], target.Template.Labels["app"] = "podinfo-primary", "podinfo-primary"
	if diff := cmp.Diff(target, got); diff != "" {
		t.Errorf("primary's spec differs from the target's (-target +primary):\n%s", diff)
	}
}

func TestPromoteNeverShrinksThePrimary(t *testing.T) {
	tests := map[string]struct {
		target, primary, want int32
		canary                func(*flaggerv1.Canary)
	}{
		"the target is larger":            {target: 4, primary: 2, want: 4},
		"the primary is larger":           {target: 1, primary: 3, want: 3},
		"the target is scaled to zero":    {target: 0, primary: 3, want: 3},
		"an autoscaler sizes the primary": {target: 4, primary: 2, want: 2, canary: scaled},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, newTarget(), newHPA(1, 9))
			c := newCanary()
			if tc.canary != nil {
				tc.canary(c)
			}
			d := w.adapter()
			mustDo(t, d.EnsurePrimary(t.Context(), c))
			edit(w, primaryOf(newTarget()), size(tc.primary))
			edit(w, newTarget(), image("podinfo:2"))
			edit(w, newTarget(), size(tc.target))
			promote(t, d, c)
			if got := *w.deployment("podinfo-primary").Spec.Replicas; got != tc.want {
				t.Errorf("primary has %d replicas, want %d", got, tc.want)
			}
		})
	}
}

func TestPromoteWritesNothingOfARevisionThatMoved(t *testing.T) {
	tests := map[string]func(*world){
		"the template moved": func(w *world) { edit(w, newTarget(), image("podinfo:3")) },
		"the configuration moved": func(w *world) {
			edit(w, newConfigMap("settings", ""), func(cm *corev1.ConfigMap) { cm.Data["key"] = "c" })
		},
	}
	for name, move := range tests {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, newTarget(configured), newConfigMap("settings", "a"), newSecret("token", "a"))
			c := newCanary()
			d := w.adapter()
			mustDo(t, d.EnsurePrimary(t.Context(), c))
			edit(w, newTarget(), image("podinfo:2"))
			seen, err := d.Observe(t.Context(), c)
			mustDo(t, err)
			move(w)
			w.forget()
			if err := d.Promote(t.Context(), c, seen.Revision); !errors.Is(err, kube.ErrRevisionMoved) {
				t.Errorf("Promote() = %v, want %v", err, kube.ErrRevisionMoved)
			}
			if len(w.writes) > 0 {
				t.Errorf("Promote() wrote %q", w.writes)
			}
		})
	}
}

// stale serves one target from the cache that the API server has moved on from.
type stale struct {
	client.Client
	target *appsv1.Deployment
}

func (s stale) Get(ctx context.Context, key client.ObjectKey, obj client.Object, opts ...client.GetOption) error {
	if dep, ok := obj.(*appsv1.Deployment); ok && key.Name == s.target.Name {
		s.target.DeepCopyInto(dep)
		return nil
	}
	return s.Client.Get(ctx, key, obj, opts...)
}

func TestPromoteLooksPastAStaleCache(t *testing.T) {
	w := newWorld(t, newTarget())
	c := newCanary()
	mustDo(t, w.adapter().EnsurePrimary(t.Context(), c))
	edit(w, newTarget(), image("podinfo:2"))
	cached := w.deployment("podinfo")
	edit(w, newTarget(), image("podinfo:3"))
	w.forget()

	d := w.adapter(func(o *Options) { o.Client = stale{w.Client, cached} })
	seen, err := d.Observe(t.Context(), c)
	mustDo(t, err)
	if err := d.Promote(t.Context(), c, seen.Revision); !errors.Is(err, kube.ErrRevisionMoved) {
		t.Errorf("Promote() = %v, want %v", err, kube.ErrRevisionMoved)
	}
	if len(w.writes) > 0 {
		t.Errorf("Promote() wrote %q", w.writes)
	}
}

func TestPromoteDoesNotOverwriteWhatItHasNotSeen(t *testing.T) {
	w := newWorld(t, newTarget())
	c := newCanary()
	mustDo(t, w.adapter().EnsurePrimary(t.Context(), c))
	cached := w.deployment("podinfo-primary")
	edit(w, primaryOf(newTarget()), size(7))
	edit(w, newTarget(), image("podinfo:2"))
	d := w.adapter(func(o *Options) { o.Client = stale{w.Client, cached} })
	seen, err := d.Observe(t.Context(), c)
	mustDo(t, err)
	if err := d.Promote(t.Context(), c, seen.Revision); err == nil {
		t.Error("Promote() overwrote a primary that was changed in between")
	}
	if got := *w.deployment("podinfo-primary").Spec.Replicas; got != 7 {
		t.Errorf("primary has %d replicas, want 7", got)
	}
}

func TestPromoteDoneReadsNothingPastTheCache(t *testing.T) {
	w := newWorld(t, newTarget(configured), newConfigMap("settings", "a"), newSecret("token", "a"))
	c := newCanary()
	d := w.adapter()
	mustDo(t, d.EnsurePrimary(t.Context(), c))
	edit(w, newTarget(), image("podinfo:2"))
	promote(t, d, c)
	w.forget()
	promote(t, d, c)
	if len(w.writes)+len(w.liveReads) > 0 {
		t.Errorf("a finished promotion wrote %q and read %q past the cache", w.writes, w.liveReads)
	}
}

func TestPromoteCreatesAMissingPrimary(t *testing.T) {
	w := newWorld(t, newTarget())
	promote(t, w.adapter(), newCanary())
	if got := w.deployment("podinfo-primary").Spec.Template.Spec.Containers[0].Image; got != "podinfo:1" {
		t.Errorf("primary runs %s, want podinfo:1", got)
	}
}

func TestPromotionOfConfigurationAloneRollsThePrimary(t *testing.T) {
	w := newWorld(t, newTarget(configured), newConfigMap("settings", "a"), newSecret("token", "a"))
	c := newCanary()
	d := w.adapter()
	mustDo(t, d.EnsurePrimary(t.Context(), c))
	edit(w, newConfigMap("settings", ""), func(cm *corev1.ConfigMap) { cm.Data["key"] = "b" })
	w.forget()
	promote(t, d, c)
	want := []string{"patch ConfigMap settings-primary", "patch Deployment podinfo-primary"}
	if diff := cmp.Diff(want, w.writes); diff != "" || w.rolls != 1 {
		t.Errorf("rolled %d times, want once; writes differ (-want +got):\n%s", w.rolls, diff)
	}
}

func TestPromoteBringsTheAutoscalerUpToDate(t *testing.T) {
	w := newWorld(t, newTarget(), newHPA(2, 5))
	c := newCanary(scaled)
	d := w.adapter()
	mustDo(t, d.EnsurePrimary(t.Context(), c))
	edit(w, newHPA(2, 5), func(hpa *autoscalingv2.HorizontalPodAutoscaler) { hpa.Spec.MaxReplicas = 8 })
	edit(w, newTarget(), image("podinfo:2"))
	promote(t, d, c)
	if got := w.hpa("podinfo-primary").Spec.MaxReplicas; got != 8 {
		t.Errorf("the primary's autoscaler has a maximum of %d, want 8", got)
	}
}
