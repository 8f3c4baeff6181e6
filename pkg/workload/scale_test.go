package workload

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	autoscalingv2 "k8s.io/api/autoscaling/v2"
	"k8s.io/utils/ptr"
	"sigs.k8s.io/controller-runtime/pkg/client"

	flaggerv1 "github.com/linnet-delivery/linnet/pkg/apis/flagger/v1beta1"
	"github.com/linnet-delivery/linnet/pkg/rollout"
)

func TestScale(t *testing.T) {
	const missing = -1
	tests := map[string]struct {
		scale           rollout.Scale
		target, primary int32
		hpa             *autoscalingv2.HorizontalPodAutoscaler
		want            int32
	}{
		"keep changes nothing":                             {scale: rollout.ScaleKeep, target: 3, primary: 5, want: 3},
		"up keeps the target's own size":                   {scale: rollout.ScaleUp, target: 3, primary: 5, want: 3},
		"up from zero takes the primary's size":            {scale: rollout.ScaleUp, target: 0, primary: 5, want: 5},
		"up from zero beside a primary of zero gives one":  {scale: rollout.ScaleUp, target: 0, primary: 0, want: 1},
		"up from zero without a primary gives one":         {scale: rollout.ScaleUp, target: 0, primary: missing, want: 1},
		"up from zero takes the autoscaler's minimum":      {scale: rollout.ScaleUp, target: 0, primary: 5, hpa: newHPA(2, 9), want: 2},
		"up leaves the size to the autoscaler":             {scale: rollout.ScaleUp, target: 1, primary: 5, hpa: newHPA(2, 9), want: 1},
		"full takes the primary's size":                    {scale: rollout.ScaleFull, target: 1, primary: 5, want: 5},
		"full does not shrink":                             {scale: rollout.ScaleFull, target: 6, primary: 5, want: 6},
		"full takes the primary's size with an autoscaler": {scale: rollout.ScaleFull, target: 2, primary: 5, hpa: newHPA(2, 9), want: 5},
		"full stays below the autoscaler's maximum":        {scale: rollout.ScaleFull, target: 2, primary: 5, hpa: newHPA(2, 4), want: 4},
		"one":                                 {scale: rollout.ScaleOne, target: 3, primary: 5, want: 1},
		"one is the minimum of an autoscaler": {scale: rollout.ScaleOne, target: 3, primary: 5, hpa: newHPA(2, 9), want: 2},
		"zero":                                {scale: rollout.ScaleZero, target: 3, primary: 5, want: 0},
		"zero in spite of an autoscaler, which it turns off": {scale: rollout.ScaleZero, target: 3, primary: 5, hpa: newHPA(2, 9), want: 0},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			objects := []client.Object{newTarget()}
			c := newCanary()
			if tc.hpa != nil {
				objects = append(objects, tc.hpa)
				scaled(c)
			}
			w := newWorld(t, objects...)
			d := w.adapter()
			if tc.primary != missing {
				mustDo(t, d.EnsurePrimary(t.Context(), c))
				edit(w, primaryOf(newTarget()), size(tc.primary))
			}
			edit(w, newTarget(), size(tc.target))
			w.forget()

			mustDo(t, d.Scale(t.Context(), c, tc.scale))
			if got := *w.deployment("podinfo").Spec.Replicas; got != tc.want {
				t.Errorf("Scale() left %d replicas, want %d", got, tc.want)
			}
			if wrote, changed := len(w.writes) > 0, tc.target != tc.want; wrote != changed {
				t.Errorf("Scale() wrote %q", w.writes)
			}
		})
	}
}

func TestOnlyTakingPodsAwayNeedsAFreshLook(t *testing.T) {
	tests := map[string]struct {
		scale   rollout.Scale
		wantErr bool
		want    int32
	}{
		"taking pods away is refused to a stale cache": {scale: rollout.ScaleZero, wantErr: true, want: 3},
		"bringing pods is not":                         {scale: rollout.ScaleFull, want: 5},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, newTarget())
			c := newCanary()
			mustDo(t, w.adapter().EnsurePrimary(t.Context(), c))
			edit(w, primaryOf(newTarget()), size(5))
			cached := w.deployment("podinfo")
			edit(w, newTarget(), size(3))
			d := w.adapter(func(o *Options) { o.Client = stale{w.Client, cached} })
			if err := d.Scale(t.Context(), c, tc.scale); (err != nil) != tc.wantErr {
				t.Errorf("Scale() = %v, want an error: %t", err, tc.wantErr)
			}
			if got := *w.deployment("podinfo").Spec.Replicas; got != tc.want {
				t.Errorf("Scale() left %d replicas, want %d", got, tc.want)
			}
		})
	}
}

func TestHold(t *testing.T) {
	override := func(c *flaggerv1.Canary) {
		scaled(c)
		c.Spec.AutoscalerRef.PrimaryScalerReplicas = &flaggerv1.ScalerReplicas{MinReplicas: ptr.To[int32](3), MaxReplicas: ptr.To[int32](6)}
	}
	type step struct {
		primary int32
		hold    bool
		want    int32
		// held is the annotation, writes how many writes the step takes.
		held   string
		writes int
	}
	tests := map[string]struct {
		canary func(*flaggerv1.Canary)
		steps  []step
	}{
		"holds what is there and lets go": {scaled, []step{
			{primary: 5, hold: true, want: 5, held: "5", writes: 1},
			{primary: 5, hold: true, want: 5, held: "5"},
			{primary: 5, hold: false, want: 2, writes: 1},
			{primary: 5, hold: false, want: 2},
		}},
		"follows the primary upwards only": {scaled, []step{
			{primary: 4, hold: true, want: 4, held: "4", writes: 1},
			{primary: 6, hold: true, want: 6, held: "6", writes: 1},
			{primary: 3, hold: true, want: 6, held: "6"},
		}},
		"a primary at its minimum needs no hold": {scaled, []step{
			{primary: 2, hold: true, want: 2},
		}},
		"a primary beyond the maximum is held at the maximum": {scaled, []step{
			{primary: 12, hold: true, want: 9, held: "9", writes: 1},
		}},
		"the Canary's own bounds are kept": {override, []step{
			{primary: 5, hold: false, want: 3},
			{primary: 5, hold: true, want: 5, held: "5", writes: 1},
			{primary: 8, hold: true, want: 6, held: "6", writes: 1},
			{primary: 8, hold: false, want: 3, writes: 1},
		}},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, newTarget(), newHPA(2, 9))
			c := newCanary(tc.canary)
			d := w.adapter()
			mustDo(t, d.EnsurePrimary(t.Context(), c))
			for i, s := range tc.steps {
				edit(w, primaryOf(newTarget()), size(s.primary))
				w.forget()
				mustDo(t, d.Hold(t.Context(), c, s.hold))
				hpa := w.hpa("podinfo-primary")
				got := step{s.primary, s.hold, *hpa.Spec.MinReplicas, hpa.Annotations["linnet.dev/held-replicas"], len(w.writes)}
				if diff := cmp.Diff(s, got, cmp.AllowUnexported(step{})); diff != "" {
					t.Errorf("step %d differs (-want +got):\n%s", i, diff)
				}
			}
		})
	}
}

func TestHoldWithoutAnAutoscalerDoesNothing(t *testing.T) {
	w := newWorld(t, newTarget())
	mustDo(t, w.adapter().Hold(t.Context(), newCanary(), true))
	mustDo(t, w.adapter().Hold(t.Context(), newCanary(scaled), true))
	if len(w.writes) > 0 {
		t.Errorf("Hold() wrote %q", w.writes)
	}
}

func TestAHoldOutlivesAPromotion(t *testing.T) {
	w := newWorld(t, newTarget(), newHPA(2, 9))
	c := newCanary(scaled)
	d := w.adapter()
	mustDo(t, d.EnsurePrimary(t.Context(), c))
	edit(w, primaryOf(newTarget()), size(5))
	mustDo(t, d.Hold(t.Context(), c, true))
	edit(w, newHPA(2, 9), func(hpa *autoscalingv2.HorizontalPodAutoscaler) { hpa.Spec.MinReplicas = ptr.To[int32](3) })
	edit(w, newTarget(), image("podinfo:2"))
	promote(t, d, c)
	if got := *w.hpa("podinfo-primary").Spec.MinReplicas; got != 5 {
		t.Errorf("minimum during the hold is %d, want 5", got)
	}
	mustDo(t, d.Hold(t.Context(), c, false))
	if got := *w.hpa("podinfo-primary").Spec.MinReplicas; got != 3 {
		t.Errorf("minimum after the hold is %d, want 3", got)
	}
}

func TestAnEditedAutoscalerWaitsForThePromotion(t *testing.T) {
	w := newWorld(t, newTarget(), newHPA(2, 9))
	c := newCanary(scaled)
	d := w.adapter()
	mustDo(t, d.EnsurePrimary(t.Context(), c))
	edit(w, newHPA(2, 9), func(hpa *autoscalingv2.HorizontalPodAutoscaler) { hpa.Spec.MinReplicas = ptr.To[int32](4) })
	w.forget()
	mustDo(t, d.Hold(t.Context(), c, false))
	if len(w.writes) > 0 {
		t.Errorf("Hold() wrote %q", w.writes)
	}
}

func TestThePrimarysAutoscalerIsACopy(t *testing.T) {
	source := newHPA(2, 9)
	source.Annotations = map[string]string{"kubectl.kubernetes.io/last-applied-configuration": "{}"}
	w := newWorld(t, newTarget(), source)
	mustDo(t, w.adapter().EnsurePrimary(t.Context(), newCanary(scaled)))
	got := w.hpa("podinfo-primary")
	want := newHPA(2, 9).Spec
	want.ScaleTargetRef.Name = "podinfo-primary"
	if diff := cmp.Diff(want, got.Spec); diff != "" {
		t.Errorf("spec differs (-want +got):\n%s", diff)
	}
	if len(got.Annotations) > 0 || len(got.OwnerReferences) != 1 {
		t.Errorf("annotations %v and owners %v, want none and one", got.Annotations, got.OwnerReferences)
	}
}
