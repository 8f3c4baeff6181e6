package workload

import (
	"context"
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	apimeta "k8s.io/apimachinery/pkg/api/meta"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/utils/ptr"
	"sigs.k8s.io/controller-runtime/pkg/client"

	flaggerv1 "github.com/linnet-delivery/linnet/pkg/apis/flagger/v1beta1"
	"github.com/linnet-delivery/linnet/pkg/kube"
	"github.com/linnet-delivery/linnet/pkg/rollout"
)

func keda(c *flaggerv1.Canary) {
	c.Spec.AutoscalerRef = &flaggerv1.AutoscalerReference{APIVersion: "keda.sh/v1alpha1", Kind: "ScaledObject", Name: "podinfo-so"}
}

func bounds(least, most *int32) func(*flaggerv1.Canary) {
	return func(c *flaggerv1.Canary) {
		keda(c)
		c.Spec.AutoscalerRef.PrimaryScalerReplicas = &flaggerv1.ScalerReplicas{MinReplicas: least, MaxReplicas: most}
	}
}

// newScaledObject returns a ScaledObject of one to nine replicas, as the API server returns it.
func newScaledObject(edits ...func(scaledObject)) *unstructured.Unstructured {
	u := &unstructured.Unstructured{Object: map[string]any{
		"metadata": map[string]any{"namespace": "test", "name": "podinfo-so", "uid": "podinfo-so-uid"},
		"spec": map[string]any{
			"scaleTargetRef":  map[string]any{"apiVersion": "apps/v1", "kind": "Deployment", "name": "podinfo"},
			"minReplicaCount": int64(1), "maxReplicaCount": int64(9), "cooldownPeriod": int64(60),
			"triggers": []any{map[string]any{
				"type": "prometheus", "name": "prom",
				"metadata": map[string]any{"serverAddress": "http://podinfo-prometheus:9090", "query": `sum(rate(requests{app="podinfo"}[1m]))`},
			}},
		},
	}}
	u.SetGroupVersionKind(scaledObjectGVK)
	for _, edit := range edits {
		edit(scaledObject{u})
	}
	return u
}

func spec(field string, value any) func(scaledObject) {
	return func(s scaledObject) { s.set(value, "spec", field) }
}

func annotated(pairs ...string) func(scaledObject) {
	return func(s scaledObject) {
		for i := 0; i < len(pairs); i += 2 {
			annotate(s, pairs[i], pairs[i+1])
		}
	}
}

func scaledObjects() *unstructured.UnstructuredList {
	list := &unstructured.UnstructuredList{}
	list.SetGroupVersionKind(scaledObjectGVK.GroupVersion().WithKind("ScaledObjectList"))
	return list
}

func (w *world) scaledObject(name string) scaledObject {
	w.t.Helper()
	s := emptyScaledObject().(scaledObject)
	if !w.get(name, s.Unstructured) {
		w.t.Fatalf("ScaledObject %s does not exist", name)
	}
	return s
}

var scaledObjectStories = map[string]story{
	"initialise with KEDA": {
		canary: keda, world: kedaWorld,
		before: func(*testing.T, *world, *flaggerv1.Canary) {},
		act: func(ctx context.Context, d *Targets, c *flaggerv1.Canary) error {
			if err := d.EnsurePrimary(ctx, c); err != nil {
				return err
			}
			return d.Scale(ctx, c, rollout.ScaleZero)
		},
	},
	"scale up with KEDA": {
		canary: keda, world: kedaWorld,
		before: func(t *testing.T, w *world, c *flaggerv1.Canary) {
			mustDo(t, w.adapter().EnsurePrimary(t.Context(), c))
			mustDo(t, w.adapter().Scale(t.Context(), c, rollout.ScaleZero))
		},
		act: func(ctx context.Context, d *Targets, c *flaggerv1.Canary) error {
			return d.Scale(ctx, c, rollout.ScaleUp)
		},
	},
	"hold KEDA":      {canary: keda, world: kedaWorld, before: grown, act: stories["hold"].act},
	"let go of KEDA": {canary: keda, world: kedaWorld, before: stories["let go"].before, act: stories["let go"].act},
	"promote with KEDA": {
		canary: keda, world: kedaWorld,
		before: func(t *testing.T, w *world, c *flaggerv1.Canary) {
			mustDo(t, w.adapter().EnsurePrimary(t.Context(), c))
			edit(w, newScaledObject(), func(u *unstructured.Unstructured) { scaledObject{u}.setMost(12) })
			edit(w, newTarget(), image("podinfo:2"))
		},
		act: stories["promote"].act,
	},
}

func kedaWorld(t *testing.T) *world { return newWorld(t, newTarget(), newScaledObject()) }

func TestThePrimarysScaledObject(t *testing.T) {
	tests := map[string]struct {
		source func(scaledObject)
		canary func(*flaggerv1.Canary)
		want   func(scaledObject)
	}{
		"is a copy": {want: func(scaledObject) {}},
		"has bounds of its own": {
			canary: bounds(ptr.To[int32](3), ptr.To[int32](6)),
			want:   func(s scaledObject) { spec("minReplicaCount", int64(3))(s); spec("maxReplicaCount", int64(6))(s) },
		},
		"has one bound of its own": {
			canary: bounds(nil, ptr.To[int32](6)),
			want:   spec("maxReplicaCount", int64(6)),
		},
		"goes as low as the source": {
			source: func(s scaledObject) { spec("idleReplicaCount", int64(0))(s) },
			want:   spec("idleReplicaCount", int64(0)),
		},
		"has a HorizontalPodAutoscaler of its own": {
			source: spec("advanced", map[string]any{"horizontalPodAutoscalerConfig": map[string]any{"name": "podinfo-hpa"}}),
			want:   spec("advanced", map[string]any{"horizontalPodAutoscalerConfig": map[string]any{"name": "podinfo-hpa-primary"}}),
		},
		"keeps advanced settings without a name": {
			source: spec("advanced", map[string]any{"restoreToOriginalReplicaCount": true}),
			want:   spec("advanced", map[string]any{"restoreToOriginalReplicaCount": true}),
		},
		"has the source's annotations but no pause": {
			source: annotated("autoscaling.keda.sh/paused-replicas", "0", "autoscaling.keda.sh/paused", "true",
				"scaledobject.keda.sh/transfer-hpa-ownership", "true", "kubectl.kubernetes.io/last-applied-configuration", "{}"),
			want: annotated("scaledobject.keda.sh/transfer-hpa-ownership", "true"),
		},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			source := newScaledObject()
			if tc.source != nil {
				tc.source(scaledObject{source})
			}
			w := newWorld(t, newTarget(), source)
			c := newCanary(keda)
			if tc.canary != nil {
				tc.canary(c)
			}
			mustDo(t, w.adapter().EnsurePrimary(t.Context(), c))
			want := newScaledObject(func(s scaledObject) {
				s.set("podinfo-primary", "spec", "scaleTargetRef", "name")
				trigger := s.Object["spec"].(map[string]any)["triggers"].([]any)[0].(map[string]any)["metadata"].(map[string]any)
				trigger["query"] = `sum(rate(requests{app="podinfo-primary"}[1m]))`
			}, tc.want)
			got := w.scaledObject("podinfo-so-primary")
			if diff := cmp.Diff(want.Object["spec"], got.Object["spec"]); diff != "" {
				t.Errorf("spec differs (-want +got):\n%s", diff)
			}
			if diff := cmp.Diff(want.GetAnnotations(), got.GetAnnotations(), cmpopts.EquateEmpty()); diff != "" {
				t.Errorf("annotations differ (-want +got):\n%s", diff)
			}
			if owners := got.GetOwnerReferences(); len(owners) != 1 || owners[0].Name != c.Name {
				t.Errorf("owners are %v, want the Canary", owners)
			}
		})
	}
}

func TestAPrimaryThatFlaggerLeftPausedRuns(t *testing.T) {
	paused := func(u *unstructured.Unstructured) {
		annotated("autoscaling.keda.sh/paused-replicas", "0")(scaledObject{u})
	}
	tests := map[string]func(context.Context, *Targets, *flaggerv1.Canary) error{
		"at the take-over": func(ctx context.Context, d *Targets, c *flaggerv1.Canary) error { return d.EnsurePrimary(ctx, c) },
		"at a hold":        func(ctx context.Context, d *Targets, c *flaggerv1.Canary) error { return d.Hold(ctx, c, true) },
		"at a promotion":   stories["promote"].act,
	}
	for name, act := range tests {
		t.Run(name, func(t *testing.T) {
			w := kedaWorld(t)
			c := newCanary(keda)
			mustDo(t, w.adapter().EnsurePrimary(t.Context(), c))
			edit(w, w.scaledObject("podinfo-so-primary").Unstructured, paused)
			mustDo(t, act(t.Context(), w.adapter(), c))
			if got := w.scaledObject("podinfo-so-primary").GetAnnotations(); got[pausedReplicas] != "" {
				t.Errorf("annotations are %v, want no pause", got)
			}
		})
	}
}

func TestScalingPausesTheTargetsScaledObjectFirst(t *testing.T) {
	patches := []string{"patch ScaledObject podinfo-so", "patch Deployment podinfo"}
	tests := map[string]struct {
		source  []func(scaledObject)
		target  int32
		scale   rollout.Scale
		writes  []string
		want    int32
		pausing string
	}{
		"zero":                            {nil, 2, rollout.ScaleZero, patches, 0, "0"},
		"zero again":                      {[]func(scaledObject){annotated(pausedReplicas, "0")}, 0, rollout.ScaleZero, nil, 0, "0"},
		"up":                              {[]func(scaledObject){annotated(pausedReplicas, "0")}, 0, rollout.ScaleUp, patches, 1, ""},
		"up to the minimum":               {[]func(scaledObject){spec("minReplicaCount", int64(4))}, 0, rollout.ScaleUp, patches[1:], 4, ""},
		"full takes the primary's size":   {[]func(scaledObject){annotated(pausedReplicas, "0")}, 0, rollout.ScaleFull, patches, 2, ""},
		"full stays below the maximum":    {[]func(scaledObject){spec("maxReplicaCount", int64(1))}, 0, rollout.ScaleFull, patches[1:], 1, ""},
		"up of what is up but paused":     {[]func(scaledObject){annotated(pausedReplicas, "0")}, 2, rollout.ScaleUp, patches[:1], 2, ""},
		"a pause of the user's own stays": {[]func(scaledObject){annotated(pausedReplicas, "3")}, 3, rollout.ScaleUp, nil, 3, "3"},
		"no minimum gives one":            {[]func(scaledObject){func(s scaledObject) { s.setCount("minReplicaCount", nil) }}, 0, rollout.ScaleUp, patches[1:], 1, ""},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, newTarget(), newScaledObject(tc.source...))
			c := newCanary(keda)
			mustDo(t, w.adapter().EnsurePrimary(t.Context(), c))
			edit(w, newTarget(), size(tc.target))
			w.forget()
			mustDo(t, w.adapter().Scale(t.Context(), c, tc.scale))
			if diff := cmp.Diff(tc.writes, w.writes); diff != "" {
				t.Errorf("writes differ (-want +got):\n%s", diff)
			}
			if got := *w.deployment("podinfo").Spec.Replicas; got != tc.want {
				t.Errorf("Scale() left %d replicas, want %d", got, tc.want)
			}
			if got := w.scaledObject("podinfo-so").GetAnnotations()[pausedReplicas]; got != tc.pausing {
				t.Errorf("Scale() left paused-replicas %q, want %q", got, tc.pausing)
			}
		})
	}
}

func TestHoldOfAScaledObject(t *testing.T) {
	fromZero := func(s scaledObject) { s.setCount("minReplicaCount", nil) }
	idle := spec("idleReplicaCount", int64(0))
	tests := map[string]struct {
		source  func(scaledObject)
		canary  func(*flaggerv1.Canary)
		primary int32
		// held and free are minReplicaCount during and after the hold, 0 for none.
		held, free int32
	}{
		"holds what is there":                      {func(scaledObject) {}, keda, 5, 5, 1},
		"holds no more than the maximum":           {func(scaledObject) {}, keda, 12, 9, 1},
		"holds one where KEDA may go to none":      {fromZero, keda, 0, 1, 0},
		"holds where KEDA may go to an idle count": {idle, keda, 3, 3, 1},
		"gives the Canary's own minimum back":      {func(scaledObject) {}, bounds(ptr.To[int32](2), nil), 5, 5, 2},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, newTarget(), newScaledObject(tc.source))
			c, d := newCanary(tc.canary), w.adapter()
			mustDo(t, d.EnsurePrimary(t.Context(), c))
			edit(w, primaryOf(newTarget()), size(tc.primary))
			before := w.scaledObject("podinfo-so-primary")

			mustDo(t, d.Hold(t.Context(), c, true))
			held := w.scaledObject("podinfo-so-primary")
			if held.lowest() != tc.held {
				t.Errorf("held, it goes down to %d, want %d", held.lowest(), tc.held)
			}
			w.forget()
			mustDo(t, d.Hold(t.Context(), c, true))
			if len(w.writes) > 0 {
				t.Errorf("held again, it wrote %q", w.writes)
			}
			mustDo(t, d.Hold(t.Context(), c, false))
			free := w.scaledObject("podinfo-so-primary")
			if diff := cmp.Diff(before.Object["spec"], free.Object["spec"]); diff != "" || ptr.Deref(free.least(), 0) != tc.free {
				t.Errorf("let go, its minimum is %v, want %d; spec differs (-before +after):\n%s", free.least(), tc.free, diff)
			}
		})
	}
}

func TestAClusterWithoutKEDAIsRefused(t *testing.T) {
	w := newWorld(t, newTarget())
	unknown := noKEDA{w.Client}
	err := w.adapter(func(o *Options) { o.Client = unknown }).EnsurePrimary(t.Context(), newCanary(keda))
	if !errors.Is(err, kube.ErrRefused) || !strings.Contains(err.Error(), "this cluster knows no such kind") {
		t.Errorf("EnsurePrimary() = %v, want %v", err, kube.ErrRefused)
	}
	err = w.adapter().EnsurePrimary(t.Context(), newCanary(keda))
	if !errors.Is(err, kube.ErrRefused) || !strings.Contains(err.Error(), "ScaledObject podinfo-so, which autoscalerRef names, does not exist") {
		t.Errorf("EnsurePrimary() = %v, want %v", err, kube.ErrRefused)
	}
}

// noKEDA is an API server without KEDA's definitions.
type noKEDA struct{ client.Client }

func (n noKEDA) Get(ctx context.Context, key client.ObjectKey, obj client.Object, opts ...client.GetOption) error {
	if _, is := obj.(*unstructured.Unstructured); is {
		return &apimeta.NoKindMatchError{GroupKind: scaledObjectGVK.GroupKind()}
	}
	return n.Client.Get(ctx, key, obj, opts...)
}

func TestQueriesOfThePrimary(t *testing.T) {
	tests := map[string]struct{ query, want string }{
		"the target's name":                     {`x{app="podinfo"}`, `x{app="podinfo-primary"}`},
		"the canary's Service":                  {`x{service="podinfo-canary"}`, `x{service="podinfo-primary"}`},
		"all of them":                           {`podinfo + podinfo-canary + podinfo`, `podinfo-primary + podinfo-primary + podinfo-primary`},
		"not the primary's again":               {`x{app=~"podinfo-primary"}`, `x{app=~"podinfo-primary"}`},
		"a pattern of pod names":                {`x{pod=~"podinfo-[0-9a-z]+(-[0-9a-z]+)"}`, `x{pod=~"podinfo-primary-[0-9a-z]+(-[0-9a-z]+)"}`},
		"another pattern of pod names":          {`x{pod=~"podinfo-.*"}`, `x{pod=~"podinfo-primary-.*"}`},
		"a pattern of pod names of the canary":  {`x{pod=~"podinfo-canary-.*"}`, `x{pod=~"podinfo-primary-.*"}`},
		"a host name":                           {`x{host="podinfo.test.svc"}`, `x{host="podinfo-primary.test.svc"}`},
		"not an application whose name is more": {`podinfo-backend podinfo-canary-x podinfo2 podinfo_total mypodinfo my-podinfo`, `podinfo-backend podinfo-canary-x podinfo2 podinfo_total mypodinfo my-podinfo`},
		"nothing":                               {`up`, `up`},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			if got := primaryQuery(tc.query, "podinfo"); got != tc.want {
				t.Errorf("primaryQuery(%q) = %q, want %q", tc.query, got, tc.want)
			}
		})
	}
}

func TestQueriesThatTheCanaryGives(t *testing.T) {
	trigger := func(name, query string) map[string]any {
		return map[string]any{"type": "prometheus", "name": name, "metadata": map[string]any{"query": query}}
	}
	cron := map[string]any{"type": "cron", "name": "prom", "metadata": map[string]any{"desiredReplicas": "3"}}
	w := newWorld(t, newTarget(), newScaledObject(spec("triggers", []any{trigger("prom", "podinfo"), trigger("other", "podinfo"), trigger("", "podinfo"), cron})))
	c := newCanary(keda, func(c *flaggerv1.Canary) {
		c.Spec.AutoscalerRef.PrimaryScalerQueries = map[string]string{"prom": "podinfo as it is", "": "never"}
	})
	mustDo(t, w.adapter().EnsurePrimary(t.Context(), c))
	want := []any{trigger("prom", "podinfo as it is"), trigger("other", "podinfo-primary"), trigger("", "podinfo-primary"), cron}
	got, _, _ := unstructured.NestedSlice(w.scaledObject("podinfo-so-primary").Object, "spec", "triggers")
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("triggers differ (-want +got):\n%s", diff)
	}
	if got := w.deployment("podinfo-primary"); got.Name == "" || *got.Spec.Replicas != 2 {
		t.Errorf("the primary has %d replicas, want 2", *got.Spec.Replicas)
	}
}
