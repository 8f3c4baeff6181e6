package controller_test

import (
	"context"
	"fmt"
	"testing"

	"github.com/google/go-cmp/cmp"
	appsv1 "k8s.io/api/apps/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/client/interceptor"

	flaggerv1 "github.com/linnet-delivery/linnet/pkg/apis/flagger/v1beta1"
	"github.com/linnet-delivery/linnet/pkg/rollout"
)

// fault is what happens to one write.
type fault int

const (
	dieBefore fault = iota
	dieAfter
	conflict
	tooMany
	internal
	timeoutApplied
)

var faultNames = map[fault]string{
	dieBefore: "the process dies before it", dieAfter: "the process dies after it", conflict: "409", tooMany: "429",
	internal: "500", timeoutApplied: "applied, but the answer is lost",
}

// death is what a dying process panics with.
type death struct{}

// faults stands in front of the API server, counts the writes of Linnet and
// lets one of them go wrong. It also plays the server's part of raising the
// generation of a Deployment whose spec changed.
type faults struct {
	api   client.WithWatch
	world *world
	// writes counts from the moment of arm; at is the one that goes wrong, 0 for none.
	writes, at int
	kind       fault
	log        []string
}

func (f *faults) arm(at int, kind fault) { f.writes, f.at, f.kind, f.log = 0, at, kind, nil }

func (f *faults) client() client.Client {
	return interceptor.NewClient(f.api, interceptor.Funcs{
		Create: func(ctx context.Context, c client.WithWatch, o client.Object, opts ...client.CreateOption) error {
			return f.write("create", o, func() error { return c.Create(ctx, o, opts...) })
		},
		Update: func(ctx context.Context, c client.WithWatch, o client.Object, opts ...client.UpdateOption) error {
			return f.write("update", o, func() error { return c.Update(ctx, o, opts...) })
		},
		Patch: func(ctx context.Context, c client.WithWatch, o client.Object, p client.Patch, opts ...client.PatchOption) error {
			return f.write("patch", o, func() error { return c.Patch(ctx, o, p, opts...) })
		},
		Delete: func(ctx context.Context, c client.WithWatch, o client.Object, opts ...client.DeleteOption) error {
			return f.write("delete", o, func() error { return c.Delete(ctx, o, opts...) })
		},
		SubResourcePatch: func(ctx context.Context, c client.Client, sub string, o client.Object, p client.Patch, opts ...client.SubResourcePatchOption) error {
			return f.write("patch "+sub, o, func() error { return c.SubResource(sub).Patch(ctx, o, p, opts...) })
		},
		SubResourceUpdate: func(ctx context.Context, c client.Client, sub string, o client.Object, opts ...client.SubResourceUpdateOption) error {
			return f.write("update "+sub, o, func() error { return c.SubResource(sub).Update(ctx, o, opts...) })
		},
	})
}

func (f *faults) write(verb string, o client.Object, do func() error) error {
	f.writes++
	f.log = append(f.log, fmt.Sprintf("%s %T %s", verb, o, o.GetName()))
	if f.writes != f.at {
		return f.apply(o, do)
	}
	resource := schema.GroupResource{Resource: "things"}
	switch f.kind {
	case dieBefore:
		panic(death{})
	case dieAfter:
		_ = f.apply(o, do)
		panic(death{})
	case conflict:
		return apierrors.NewConflict(resource, o.GetName(), fmt.Errorf("somebody else was faster"))
	case tooMany:
		return apierrors.NewTooManyRequests("slow down", 1)
	case internal:
		return apierrors.NewInternalError(fmt.Errorf("etcd is away"))
	case timeoutApplied:
		if err := f.apply(o, do); err != nil {
			return err
		}
		return apierrors.NewTimeoutError("the answer was lost", 1)
	}
	return nil
}

// apply does the write, and what the API server and the test's bookkeeping do beside it.
func (f *faults) apply(o client.Object, do func() error) error {
	d, ok := o.(*appsv1.Deployment)
	if !ok {
		return do()
	}
	before := &appsv1.Deployment{}
	if err := f.api.Get(context.Background(), client.ObjectKeyFromObject(o), before); err != nil {
		before = nil
	}
	if err := do(); err != nil {
		return err
	}
	after := f.world.deployment(d.Name)
	if d.Name == "podinfo-primary" {
		f.world.countRoll(before, after)
	}
	if before == nil || !cmp.Equal(before.Spec, after.Spec) {
		after.Generation++
		if err := f.api.Update(context.Background(), after); err != nil {
			f.world.t.Fatal(err)
		}
		after.DeepCopyInto(d)
	}
	return nil
}

// story is a life of a Canary up to the point where it is at rest.
type story struct {
	edits []func(*flaggerv1.Canary)
	// before runs without faults, then is under test.
	before, then func(w *world)
	rolls        int
	end          flaggerv1.CanaryPhase
}

func initialise(w *world) { w.run("initialised", inPhase(flaggerv1.PhaseInitialized)) }

func inPhase(p flaggerv1.CanaryPhase) func(*flaggerv1.Canary) bool {
	return func(c *flaggerv1.Canary) bool { return c.Status.Phase == p }
}

func update(u flaggerv1.PrimaryUpdate) func(*flaggerv1.Canary) {
	return func(c *flaggerv1.Canary) { c.Spec.Analysis.PrimaryUpdate = u }
}

func blueGreen(c *flaggerv1.Canary) { c.Spec.Analysis.StepWeights, c.Spec.Analysis.Iterations = nil, 2 }

func mirrored(c *flaggerv1.Canary) { c.Spec.Analysis.Mirror = true }

func insiders(c *flaggerv1.Canary) {
	c.Spec.Analysis.Match = []flaggerv1.AnalysisMatch{{Headers: map[string]flaggerv1.StringMatch{"x-canary": {Exact: "insider"}}}}
}

func sticky(c *flaggerv1.Canary) {
	c.Spec.Analysis.StepWeights = []int{50}
	c.Spec.Analysis.SessionAffinity = &flaggerv1.SessionAffinity{CookieName: "side", PrimaryCookieName: "other", MaxAge: 60}
}

func promote(w *world) {
	w.ship("podinfo:2")
	w.run("promoted", inPhase(flaggerv1.PhaseSucceeded))
}

func fail(w *world) {
	w.verdict = func(*flaggerv1.Canary) rollout.Verdict { return rollout.Fail }
	w.ship("podinfo:2")
	w.run("rolled back", inPhase(flaggerv1.PhaseFailed))
}

var stories = map[string]story{
	"initialise":            {then: initialise, rolls: 1, end: flaggerv1.PhaseInitialized},
	"promote, drained":      {before: initialise, then: promote, rolls: 2, end: flaggerv1.PhaseSucceeded},
	"promote, in place":     {edits: []func(*flaggerv1.Canary){update(flaggerv1.PrimaryUpdateInPlace)}, before: initialise, then: promote, rolls: 2, end: flaggerv1.PhaseSucceeded},
	"promote, skipAnalysis": {edits: []func(*flaggerv1.Canary){func(c *flaggerv1.Canary) { c.Spec.SkipAnalysis = true }}, before: initialise, then: promote, rolls: 2, end: flaggerv1.PhaseSucceeded},
	"promote, blue/green":   {edits: []func(*flaggerv1.Canary){blueGreen}, before: initialise, then: promote, rolls: 2, end: flaggerv1.PhaseSucceeded},
	"promote, A/B": {
		edits: []func(*flaggerv1.Canary){blueGreen, insiders}, before: initialise, then: promote, rolls: 2, end: flaggerv1.PhaseSucceeded,
	},
	"promote, with cookies": {
		edits: []func(*flaggerv1.Canary){sticky}, before: initialise, then: promote, rolls: 2, end: flaggerv1.PhaseSucceeded,
	},
	"rollback of a mirrored trial": {edits: []func(*flaggerv1.Canary){mirrored}, before: initialise, then: fail, rolls: 1, end: flaggerv1.PhaseFailed},
	"rollback":                     {before: initialise, then: fail, rolls: 1, end: flaggerv1.PhaseFailed},
}

func (s story) play(t *testing.T, at int, kind fault) *world {
	t.Helper()
	w := newWorld(t, s.edits...)
	if s.before != nil {
		s.before(w)
	}
	w.faults.arm(at, kind)
	s.then(w)
	return w
}

// TestEveryWriteIsACrashPoint lets each write of each story go wrong in each
// way: the end must be that of the story without faults, and the primary must
// have been rolled as often.
func TestEveryWriteIsACrashPoint(t *testing.T) {
	for name, s := range stories {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			good := s.play(t, 0, 0)
			want, writes, log := good.end(), good.faults.writes, good.faults.log
			if want.Phase != s.end || good.rolls != s.rolls {
				t.Fatalf("without faults: phase %s after %d rolls of the primary, want %s after %d", want.Phase, good.rolls, s.end, s.rolls)
			}
			t.Logf("%d writes: %v", writes, log)
			for kind := dieBefore; kind <= timeoutApplied; kind++ {
				for at := 1; at <= writes; at++ {
					w := s.play(t, at, kind)
					if diff := cmp.Diff(want, w.end()); diff != "" {
						t.Errorf("write %d (%s), %s: the end differs (-want +got):\n%s", at, log[at-1], faultNames[kind], diff)
					}
					if w.rolls != s.rolls {
						t.Errorf("write %d (%s), %s: the primary was rolled %d times, want %d", at, log[at-1], faultNames[kind], w.rolls, s.rolls)
					}
				}
			}
		})
	}
}
