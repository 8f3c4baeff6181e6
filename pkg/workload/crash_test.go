package workload

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	appsv1 "k8s.io/api/apps/v1"
	autoscalingv2 "k8s.io/api/autoscaling/v2"
	corev1 "k8s.io/api/core/v1"
	policyv1 "k8s.io/api/policy/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	flaggerv1 "github.com/linnet-delivery/linnet/pkg/apis/flagger/v1beta1"
	"github.com/linnet-delivery/linnet/pkg/rollout"
)

// story is something that the controller brings about, retrying until it succeeds.
type story struct {
	// before is done without faults.
	before func(*testing.T, *world, *flaggerv1.Canary)
	act    func(context.Context, *Targets, *flaggerv1.Canary) error
	// world and canary say what there is; without them it is a Deployment with all that belongs to it.
	world  func(*testing.T) *world
	canary func(*flaggerv1.Canary)
}

func allStories() map[string]story {
	all := maps.Clone(stories)
	for _, more := range []map[string]story{daemonSetStories, scaledObjectStories, serviceStories} {
		maps.Copy(all, more)
	}
	return all
}

var stories = map[string]story{
	"initialise": {
		before: func(*testing.T, *world, *flaggerv1.Canary) {},
		act: func(ctx context.Context, d *Targets, c *flaggerv1.Canary) error {
			return d.EnsurePrimary(ctx, c)
		},
	},
	"promote": {
		before: func(t *testing.T, w *world, c *flaggerv1.Canary) {
			mustDo(t, w.adapter().EnsurePrimary(t.Context(), c))
			edit(w, newConfigMap("settings", ""), func(cm *corev1.ConfigMap) { cm.Data["key"] = "new" })
			edit(w, newSecret("token", ""), func(s *corev1.Secret) { s.Data["key"] = []byte("new") })
			edit(w, newHPA(2, 9), func(hpa *autoscalingv2.HorizontalPodAutoscaler) { hpa.Spec.MaxReplicas = 12 })
			edit(w, newTarget(), image("podinfo:2"))
		},
		act: func(ctx context.Context, d *Targets, c *flaggerv1.Canary) error {
			seen, err := d.Observe(ctx, c)
			if err != nil {
				return err
			}
			return d.Promote(ctx, c, seen.Revision)
		},
	},
	"hold": {
		before: grown,
		act: func(ctx context.Context, d *Targets, c *flaggerv1.Canary) error {
			return d.Hold(ctx, c, true)
		},
	},
	"let go": {
		before: func(t *testing.T, w *world, c *flaggerv1.Canary) {
			grown(t, w, c)
			mustDo(t, w.adapter().Hold(t.Context(), c, true))
		},
		act: func(ctx context.Context, d *Targets, c *flaggerv1.Canary) error {
			return d.Hold(ctx, c, false)
		},
	},
	"scale the canary to zero": {
		before: func(*testing.T, *world, *flaggerv1.Canary) {},
		act: func(ctx context.Context, d *Targets, c *flaggerv1.Canary) error {
			return d.Scale(ctx, c, rollout.ScaleZero)
		},
	},
	"scale the canary to the primary's size": {
		before: grown,
		act: func(ctx context.Context, d *Targets, c *flaggerv1.Canary) error {
			return d.Scale(ctx, c, rollout.ScaleFull)
		},
	},
	"take over from Flagger": {
		before: func(t *testing.T, w *world, c *flaggerv1.Canary) {
			mustDo(t, w.adapter().EnsurePrimary(t.Context(), c))
			edit(w, primaryOf(newTarget()), asFlaggerLeftIt)
			edit(w, primaryOf(newTarget()), func(dep *appsv1.Deployment) { dep.OwnerReferences = nil })
		},
		act: func(ctx context.Context, d *Targets, c *flaggerv1.Canary) error {
			return d.EnsurePrimary(ctx, c)
		},
	},
}

// grown is a primary that has been scaled up to five.
func grown(t *testing.T, w *world, c *flaggerv1.Canary) {
	mustDo(t, w.adapter().EnsurePrimary(t.Context(), c))
	edit(w, primaryOf(newTarget()), size(5))
}

// asFlaggerLeftIt takes our marks away and adds Flagger's.
func asFlaggerLeftIt(dep *appsv1.Deployment) {
	dep.Annotations = nil
	dep.Spec.Template.Annotations = map[string]string{flaggerID: "b6a3b9a2-4d58-4a8f-9b8e-1e6d2c7c2f51"}
}

func primaryOf(dep *appsv1.Deployment) *appsv1.Deployment {
	return &appsv1.Deployment{ObjectMeta: metav1.ObjectMeta{Namespace: dep.Namespace, Name: dep.Name + "-primary"}}
}

func crashWorld(t *testing.T) *world {
	return newWorld(t, newTarget(configured), newConfigMap("settings", "old"), newSecret("token", "old"), newHPA(2, 9), newBudget("podinfo", matching("app", "podinfo")))
}

func TestEveryWriteMayFailBeforeOrAfterItIsApplied(t *testing.T) {
	for name, s := range allStories() {
		t.Run(name, func(t *testing.T) {
			good := s.newWorld(t)
			s.run(t, good)
			for at := range good.writes {
				for mode, f := range map[string]fault{"dies before": dieBefore, "dies after": dieAfter} {
					t.Run(fmt.Sprintf("%s %q", mode, good.writes[at]), func(t *testing.T) {
						w := s.newWorld(t)
						s.runWithFault(t, w, at+1, f)
						if w.rolls != good.rolls {
							t.Errorf("the primary's template changed %d times, want %d", w.rolls, good.rolls)
						}
						if diff := cmp.Diff(good.state(), w.state(), cmpopts.IgnoreFields(metav1.ObjectMeta{}, "ResourceVersion")); diff != "" {
							t.Errorf("final state differs from the one without faults (-without +with):\n%s", diff)
						}
					})
				}
			}
		})
	}
}

func TestDoingItAgainWritesNothing(t *testing.T) {
	for name, s := range allStories() {
		t.Run(name, func(t *testing.T) {
			w := s.newWorld(t)
			c := s.run(t, w)
			w.forget()
			restarted := w.adapter()
			mustDo(t, s.act(t.Context(), restarted, c))
			mustDo(t, s.act(t.Context(), restarted, c))
			if len(w.writes) > 0 {
				t.Errorf("done again, it writes %q", w.writes)
			}
		})
	}
}

func (s story) newWorld(t *testing.T) *world {
	if s.world == nil {
		return crashWorld(t)
	}
	return s.world(t)
}

func (s story) newCanary() *flaggerv1.Canary {
	if s.canary == nil {
		return newCanary(scaled)
	}
	return newCanary(s.canary)
}

// run plays the story without faults and returns its Canary.
func (s story) run(t *testing.T, w *world) *flaggerv1.Canary {
	t.Helper()
	c := s.newCanary()
	s.before(t, w, c)
	w.forget()
	mustDo(t, s.act(t.Context(), w.adapter(), c))
	if len(w.writes) == 0 {
		t.Fatal("the story writes nothing")
	}
	return c
}

// runWithFault plays the story with a fault at one write and goes on in a new process.
func (s story) runWithFault(t *testing.T, w *world, at int, f fault) {
	t.Helper()
	c := s.newCanary()
	s.before(t, w, c)
	w.forget()
	w.failAt, w.failing = at, f
	if err := s.act(t.Context(), w.adapter(), c); !errors.Is(err, errFault) {
		t.Fatalf("act() = %v, want the injected fault", err)
	}
	w.failAt = 0
	mustDo(t, s.act(t.Context(), w.adapter(), c))
}

// state returns every object that the adapter can write.
func (w *world) state() []client.ObjectList {
	lists := []client.ObjectList{
		&appsv1.DeploymentList{}, &corev1.ConfigMapList{}, &corev1.SecretList{}, &autoscalingv2.HorizontalPodAutoscalerList{},
		&appsv1.DaemonSetList{}, &corev1.ServiceList{}, &policyv1.PodDisruptionBudgetList{}, scaledObjects(),
	}
	for _, list := range lists {
		if err := w.List(w.t.Context(), list); err != nil {
			w.t.Fatal(err)
		}
		list.SetResourceVersion("")
	}
	return lists
}

func mustDo(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
