package workload

import (
	"context"
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/utils/ptr"

	flaggerv1 "github.com/linnet-delivery/linnet/pkg/apis/flagger/v1beta1"
	"github.com/linnet-delivery/linnet/pkg/kube"
	"github.com/linnet-delivery/linnet/pkg/rollout"
)

func onNodes(c *flaggerv1.Canary) { c.Spec.TargetRef.Kind = "DaemonSet" }

// newDaemonSet returns a DaemonSet with the template of newTarget, wanted on three nodes.
func newDaemonSet(edits ...func(*appsv1.DaemonSet)) *appsv1.DaemonSet {
	like := newTarget()
	ds := &appsv1.DaemonSet{
		ObjectMeta: meta("podinfo"),
		Spec: appsv1.DaemonSetSpec{
			Selector: like.Spec.Selector, Template: like.Spec.Template,
			UpdateStrategy: appsv1.DaemonSetUpdateStrategy{Type: appsv1.RollingUpdateDaemonSetStrategyType},
		},
	}
	ds.Annotations = map[string]string{appsv1.DeprecatedTemplateGeneration: "4"}
	nodes(3, 3, 3)(ds)
	for _, edit := range edits {
		edit(ds)
	}
	return ds
}

// nodes gives the DaemonSet the status of so many nodes with a pod, seen by its controller.
func nodes(desired, updated, available int32) func(*appsv1.DaemonSet) {
	return func(ds *appsv1.DaemonSet) {
		ds.Generation, ds.Status.ObservedGeneration = 7, 7
		ds.Status.DesiredNumberScheduled, ds.Status.UpdatedNumberScheduled = desired, updated
		ds.Status.NumberAvailable, ds.Status.NumberReady = available, available
	}
}

func atZero(ds *appsv1.DaemonSet) {
	ds.Spec.Template.Spec.NodeSelector = map[string]string{"flagger.app/scale-to-zero": "true"}
}

// each makes an edit of a Deployment's template one of a DaemonSet's.
func each(change func(*appsv1.Deployment)) func(*appsv1.DaemonSet) {
	return func(ds *appsv1.DaemonSet) {
		dep := &appsv1.Deployment{}
		dep.Spec.Template = ds.Spec.Template
		change(dep)
		ds.Spec.Template = dep.Spec.Template
	}
}

func primarySet() *appsv1.DaemonSet { return &appsv1.DaemonSet{ObjectMeta: meta("podinfo-primary")} }

func (w *world) daemonSet(name string) *appsv1.DaemonSet {
	w.t.Helper()
	ds := &appsv1.DaemonSet{}
	if !w.get(name, ds) {
		w.t.Fatalf("DaemonSet %s does not exist", name)
	}
	return ds
}

var daemonSetStories = map[string]story{
	"initialise a DaemonSet": {
		canary: onNodes, world: nodeWorld,
		before: func(*testing.T, *world, *flaggerv1.Canary) {},
		act: func(ctx context.Context, d *Targets, c *flaggerv1.Canary) error {
			if err := d.EnsurePrimary(ctx, c); err != nil {
				return err
			}
			return d.Scale(ctx, c, rollout.ScaleZero)
		},
	},
	"promote a DaemonSet": {
		canary: onNodes, world: nodeWorld,
		before: func(t *testing.T, w *world, c *flaggerv1.Canary) {
			mustDo(t, w.adapter().EnsurePrimary(t.Context(), c))
			edit(w, newConfigMap("settings", ""), func(cm *corev1.ConfigMap) { cm.Data["key"] = "new" })
			edit(w, newDaemonSet(), each(image("podinfo:2")))
		},
		act: stories["promote"].act,
	},
	"bring a DaemonSet back": {
		canary: onNodes, world: nodeWorld,
		before: func(t *testing.T, w *world, c *flaggerv1.Canary) {
			mustDo(t, w.adapter().EnsurePrimary(t.Context(), c))
			edit(w, newDaemonSet(), atZero)
		},
		act: func(ctx context.Context, d *Targets, c *flaggerv1.Canary) error {
			return d.Scale(ctx, c, rollout.ScaleFull)
		},
	},
}

func nodeWorld(t *testing.T) *world {
	return newWorld(t, newDaemonSet(each(configured)), newConfigMap("settings", "old"), newSecret("token", "old"),
		newBudget("podinfo", matching("app", "podinfo")))
}

func TestThePrimaryOfADaemonSetIsACopy(t *testing.T) {
	source := newDaemonSet(atZero, each(configured), func(ds *appsv1.DaemonSet) {
		ds.Spec.Selector.MatchLabels["tenant"], ds.Spec.Template.Labels["tenant"] = "a", "a"
		ds.Spec.Template.Spec.NodeSelector["disk"] = "ssd"
		ds.Spec.Template.Spec.TopologySpreadConstraints = []corev1.TopologySpreadConstraint{{MaxSkew: 1, LabelSelector: labelled("app", "podinfo")}}
		ds.Spec.MinReadySeconds, ds.Spec.RevisionHistoryLimit = 5, ptr.To[int32](3)
		ds.Labels = map[string]string{"team": "shop"}
	})
	w := newWorld(t, source, newConfigMap("settings", "a"), newSecret("token", "a"))
	d := w.adapter(func(o *Options) { o.IncludeLabelPrefix = []string{"*"} })
	mustDo(t, d.EnsurePrimary(t.Context(), newCanary(onNodes)))
	got := w.daemonSet("podinfo-primary")

	want := source.DeepCopy().Spec
	want.Selector.MatchLabels["app"], want.Template.Labels["app"] = "podinfo-primary", "podinfo-primary"
	want.Template.Spec.NodeSelector = map[string]string{"disk": "ssd"}
	want.Template.Spec.TopologySpreadConstraints[0].LabelSelector = labelled("app", "podinfo-primary")
	want.Template.Spec.Volumes[0].ConfigMap.Name = "settings-primary"
	want.Template.Spec.Containers[0].EnvFrom[0].SecretRef.Name = "token-primary"
	want.Template.Annotations = map[string]string{kube.ConfigChecksumAnnotation: got.Spec.Template.Annotations[kube.ConfigChecksumAnnotation]}
	if diff := cmp.Diff(want, got.Spec); diff != "" {
		t.Errorf("spec differs (-want +got):\n%s", diff)
	}
	seen, err := d.Observe(t.Context(), newCanary(onNodes))
	mustDo(t, err)
	if diff := cmp.Diff(map[string]string{kube.RevisionAnnotation: seen.Revision}, got.Annotations); diff != "" {
		t.Errorf("annotations differ (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff(map[string]string{"app": "podinfo-primary", "team": "shop"}, got.Labels); diff != "" {
		t.Errorf("labels differ (-want +got):\n%s", diff)
	}
}

func TestScalingADaemonSetIsNoRevision(t *testing.T) {
	c := newCanary(onNodes)
	revisions := map[string]bool{}
	for _, target := range []*appsv1.DaemonSet{
		newDaemonSet(), newDaemonSet(atZero),
		newDaemonSet(func(ds *appsv1.DaemonSet) { ds.Spec.Template.Spec.NodeSelector = map[string]string{} }),
	} {
		seen, err := newWorld(t, target).adapter().Observe(t.Context(), c)
		mustDo(t, err)
		revisions[seen.Revision] = true
	}
	if want := map[string]bool{revisionOf(t): true}; !cmp.Equal(want, revisions) {
		t.Errorf("revisions are %v, want one, that of a Deployment with the same template: %v", revisions, want)
	}
}

func TestAPrimaryDaemonSetOfFlaggersIsRecognised(t *testing.T) {
	w := newWorld(t, newDaemonSet(atZero))
	c := newCanary(onNodes)
	mustDo(t, w.adapter().EnsurePrimary(t.Context(), c))
	edit(w, primarySet(), func(ds *appsv1.DaemonSet) {
		ds.Annotations, ds.Spec.Template.Annotations = nil, map[string]string{flaggerID: "1"}
	})
	seen, err := w.adapter().Observe(t.Context(), c)
	mustDo(t, err)
	if seen.PrimaryRevision != seen.Revision {
		t.Errorf("Observe() says primary %q, want %q", seen.PrimaryRevision, seen.Revision)
	}
}

func TestScaleOfADaemonSet(t *testing.T) {
	ssd := func(ds *appsv1.DaemonSet) { ds.Spec.Template.Spec.NodeSelector = map[string]string{"disk": "ssd"} }
	alsoZero := func(ds *appsv1.DaemonSet) { ds.Spec.Template.Spec.NodeSelector["flagger.app/scale-to-zero"] = "true" }
	nowhere := nodes(0, 0, 0)
	zero := map[string]string{"flagger.app/scale-to-zero": "true"}
	tests := map[string]struct {
		target []func(*appsv1.DaemonSet)
		scale  rollout.Scale
		want   map[string]string
		writes int
	}{
		"zero":                             {nil, rollout.ScaleZero, zero, 1},
		"zero again":                       {[]func(*appsv1.DaemonSet){atZero}, rollout.ScaleZero, zero, 0},
		"zero of what no node has yet":     {[]func(*appsv1.DaemonSet){nowhere}, rollout.ScaleZero, zero, 1},
		"zero beside the user's selector":  {[]func(*appsv1.DaemonSet){ssd}, rollout.ScaleZero, map[string]string{"disk": "ssd", "flagger.app/scale-to-zero": "true"}, 1},
		"up":                               {[]func(*appsv1.DaemonSet){atZero}, rollout.ScaleUp, nil, 1},
		"up leaves the user's selector":    {[]func(*appsv1.DaemonSet){ssd, alsoZero}, rollout.ScaleUp, map[string]string{"disk": "ssd"}, 1},
		"up of what is up":                 {nil, rollout.ScaleUp, nil, 0},
		"full":                             {[]func(*appsv1.DaemonSet){atZero}, rollout.ScaleFull, nil, 1},
		"full of what is up":               {nil, rollout.ScaleFull, nil, 0},
		"one is as many as there are":      {nil, rollout.ScaleOne, nil, 0},
		"keep":                             {[]func(*appsv1.DaemonSet){atZero}, rollout.ScaleKeep, zero, 0},
		"up of what no node is to have up": {[]func(*appsv1.DaemonSet){nowhere}, rollout.ScaleUp, nil, 0},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, newDaemonSet(tc.target...))
			c := newCanary(onNodes)
			mustDo(t, w.adapter().EnsurePrimary(t.Context(), c))
			w.forget()
			mustDo(t, w.adapter().Scale(t.Context(), c, tc.scale))
			if diff := cmp.Diff(tc.want, w.daemonSet("podinfo").Spec.Template.Spec.NodeSelector); diff != "" {
				t.Errorf("node selector differs (-want +got):\n%s", diff)
			}
			if len(w.writes) != tc.writes {
				t.Errorf("Scale() wrote %q, want %d writes", w.writes, tc.writes)
			}
		})
	}
}

func TestDaemonSetsThatAreRefused(t *testing.T) {
	tests := map[string]struct {
		target *appsv1.DaemonSet
		canary func(*flaggerv1.Canary)
		says   string
	}{
		"pods that nobody replaces": {
			target: newDaemonSet(func(ds *appsv1.DaemonSet) { ds.Spec.UpdateStrategy.Type = appsv1.OnDeleteDaemonSetStrategyType }),
			says:   "DaemonSet podinfo has the update strategy OnDelete",
		},
		"an autoscaler": {target: newDaemonSet(), canary: scaled, says: "a DaemonSet has no replicas to scale"},
		"no label that tells pods apart": {
			target: newDaemonSet(func(ds *appsv1.DaemonSet) { ds.Spec.Selector.MatchLabels = map[string]string{"tier": "front"} }),
			says:   "DaemonSet podinfo has none of the labels",
		},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			c := newCanary(onNodes)
			if tc.canary != nil {
				tc.canary(c)
			}
			_, err := newWorld(t, tc.target).adapter().Observe(t.Context(), c)
			if !errors.Is(err, kube.ErrRefused) || !strings.Contains(err.Error(), tc.says) {
				t.Errorf("Observe() = %v, want %v saying %q", err, kube.ErrRefused, tc.says)
			}
		})
	}
}

func TestPromoteGivesThePrimaryDaemonSetTheTargetsSettings(t *testing.T) {
	w := newWorld(t, newDaemonSet())
	c, d := newCanary(onNodes), w.adapter()
	mustDo(t, d.EnsurePrimary(t.Context(), c))
	edit(w, newDaemonSet(), func(ds *appsv1.DaemonSet) {
		each(image("podinfo:2"))(ds)
		ds.Spec.MinReadySeconds = 9
	})
	w.forget()
	promote(t, d, c)
	if diff := cmp.Diff([]string{"patch DaemonSet podinfo-primary"}, w.writes); diff != "" {
		t.Errorf("writes differ (-want +got):\n%s", diff)
	}
	got, target := w.daemonSet("podinfo-primary").Spec, w.daemonSet("podinfo").Spec
	target.Selector.MatchLabels["app"], target.Template.Labels["app"] = "podinfo-primary", "podinfo-primary"
	if diff := cmp.Diff(target, got); diff != "" {
		t.Errorf("primary's spec differs from the target's (-target +primary):\n%s", diff)
	}
	if err := d.Promote(t.Context(), c, "another"); !errors.Is(err, kube.ErrRevisionMoved) {
		t.Errorf("Promote() of another revision = %v, want %v", err, kube.ErrRevisionMoved)
	}
}

// ofTemplate makes a pod one of the DaemonSet's with the number and hash of a template.
func ofTemplate(number, hash string) func(*corev1.Pod) {
	return func(p *corev1.Pod) {
		p.Labels = map[string]string{"app": "podinfo", "pod-template-generation": number, "controller-revision-hash": hash}
		p.OwnerReferences = []metav1.OwnerReference{{Kind: "DaemonSet", Name: "podinfo", UID: "podinfo-uid", Controller: new(true)}}
	}
}
