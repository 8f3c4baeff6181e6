package traffictest

import (
	"context"
	"errors"
	"fmt"
	"testing"

	"github.com/google/go-cmp/cmp"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"

	flaggerv1 "github.com/linnet-delivery/linnet/pkg/apis/flagger/v1beta1"
	"github.com/linnet-delivery/linnet/pkg/kube"
	"github.com/linnet-delivery/linnet/pkg/rollout"
	"github.com/linnet-delivery/linnet/pkg/traffic"
)

// Subject is a router to be tested.
type Subject struct {
	// New returns the router, which works on c.
	New func(c client.Client) traffic.Router
	// Scheme knows every kind that the router writes.
	Scheme *runtime.Scheme
	// Routes returns the objects, empty but for kind and name, that Ensure
	// keeps for the Canary. The first one holds the share.
	Routes func(c *flaggerv1.Canary) []client.Object
	// Share moves the canary's share in the first of Routes, as another hand
	// would. Nil says that the router shares nothing out, so that the share
	// observed is always 0.
	Share func(obj client.Object, canary int)
}

// run is one test of the suite at work.
type run struct {
	*testing.T
	Subject
	api    *API
	router traffic.Router
	canary *flaggerv1.Canary
}

// Run tests s against everything that the controller relies on.
func Run(t *testing.T, s Subject) {
	tests := map[string]func(*run){
		"no share is known before the first Ensure":         unknownBefore,
		"the share that was ensured is the one observed":    observesShares,
		"a second pass writes nothing":                      idempotent,
		"each share by another hand is repaired once":       repairsShare,
		"metadata of others stays":                          keepsMetadata,
		"what we made goes with the Canary":                 ownsWhatItMade,
		"a route that was deleted is made again":            recreates,
		"a write that fails is told and done the next time": survivesFaults,
		"a conflict is passed on as one":                    passesConflict,
		"a route of another Canary is refused":              refusesOthers,
		"what was before an earlier Canary is taken over":   inherits,
		"release is done once":                              releasesOnce,
		"release of nothing touches nothing":                releasesNothing,
		"a released route outlives the Canary":              outlives,
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			api := NewAPI(s.Scheme)
			test(&run{T: t, Subject: s, api: api, router: s.New(api), canary: Canary()})
		})
	}
}

// ensure brings share about, from nothing if need be.
func (r *run) ensure(share rollout.Traffic) error {
	ctx := context.Background()
	if err := r.router.Prepare(ctx, r.canary, Backend()); err != nil {
		return err
	}
	return r.router.Ensure(ctx, r.canary, Backend(), share)
}

func (r *run) mustEnsure(share rollout.Traffic) {
	r.Helper()
	if err := r.ensure(share); err != nil {
		r.Fatalf("ensure %+v: %v", share, err)
	}
}

func (r *run) mustObserve(want rollout.Traffic) {
	r.Helper()
	if r.Share == nil {
		want = rollout.Traffic{}
	}
	got, known, err := r.router.Observe(context.Background(), r.canary)
	if err != nil || !known || got != want {
		r.Fatalf("Observe() = %+v, %v, %v, want %+v, true, nil", got, known, err, want)
	}
}

func (r *run) mustWrite(want int, do func()) {
	r.Helper()
	if got := r.api.Since(do); len(got) != want {
		r.Fatalf("%d writes %v, want %d", len(got), got, want)
	}
}

// objects returns the routes as they are now.
func (r *run) objects() []client.Object {
	r.Helper()
	objects := r.Routes(r.canary)
	for _, obj := range objects {
		Read(r, r.api, obj)
	}
	return objects
}

func shares() []rollout.Traffic {
	return []rollout.Traffic{{}, {Canary: 1}, {Canary: 50}, {Canary: 99}, {Canary: 100}, {Canary: 50}, {Mirror: true}, {}}
}

func unknownBefore(r *run) {
	for _, do := range []func() error{
		func() error { return nil },
		func() error { return r.router.Prepare(context.Background(), r.canary, Backend()) },
	} {
		if err := do(); err != nil {
			r.Fatal(err)
		}
		if got, known, err := r.router.Observe(context.Background(), r.canary); known || err != nil {
			r.Fatalf("Observe() = %+v, %v, %v, want unknown", got, known, err)
		}
	}
}

func observesShares(r *run) {
	for _, share := range shares() {
		r.mustEnsure(share)
		r.mustObserve(share)
	}
}

func idempotent(r *run) {
	for _, share := range shares() {
		r.mustEnsure(share)
		r.mustWrite(0, func() { r.mustEnsure(share) })
	}
}

func repairsShare(r *run) {
	if r.Share == nil {
		return
	}
	for _, share := range shares() {
		for _, other := range []int{0, 1, 50, 99, 100} {
			if other == share.Canary {
				continue
			}
			r.mustEnsure(share)
			Edit(r, r.api, r.Routes(r.canary)[0], func(obj client.Object) { r.Share(obj, other) })
			if got, _, err := r.router.Observe(context.Background(), r.canary); err != nil || got.Canary != other {
				r.Fatalf("Observe() = %+v, %v after an edit to %d", got, err, other)
			}
			r.mustWrite(1, func() { r.mustEnsure(share) })
			r.mustObserve(share)
		}
	}
}

func keepsMetadata(r *run) {
	r.mustEnsure(rollout.Traffic{Canary: 10})
	for _, obj := range r.Routes(r.canary) {
		Edit(r, r.api, obj, func(obj client.Object) {
			obj.SetLabels(with(obj.GetLabels(), "argocd.argoproj.io/instance", "shop"))
			obj.SetAnnotations(with(obj.GetAnnotations(), "kiali.io/seen", "yes"))
			obj.SetFinalizers([]string{"example.com/hold"})
		})
	}
	r.mustWrite(0, func() { r.mustEnsure(rollout.Traffic{Canary: 10}) })
	r.mustObserve(rollout.Traffic{Canary: 10})
	r.mustEnsure(rollout.Traffic{Canary: 60})
	for _, obj := range r.objects() {
		if obj.GetLabels()["argocd.argoproj.io/instance"] != "shop" || obj.GetAnnotations()["kiali.io/seen"] != "yes" || len(obj.GetFinalizers()) != 1 {
			r.Errorf("%T lost metadata of others: %v %v %v", obj, obj.GetLabels(), obj.GetAnnotations(), obj.GetFinalizers())
		}
	}
}

func ownsWhatItMade(r *run) {
	r.mustEnsure(rollout.Traffic{})
	for _, obj := range r.objects() {
		if !metav1.IsControlledBy(obj, r.canary) {
			r.Errorf("%T is not controlled by the Canary: %v", obj, obj.GetOwnerReferences())
		}
	}
}

func recreates(r *run) {
	share := rollout.Traffic{Canary: 20}
	r.mustEnsure(share)
	for _, obj := range r.Routes(r.canary) {
		if err := r.api.Delete(context.Background(), obj); err != nil {
			r.Fatal(err)
		}
	}
	r.mustEnsure(share)
	r.mustObserve(share)
}

// survivesFaults fails each write of two passes in turn, in each way, and
// compares with a run in which nothing failed.
func survivesFaults(r *run) {
	first, second := rollout.Traffic{}, rollout.Traffic{Canary: 30}
	play := func(api *API, fault *Fault) error {
		r.api, r.router = api, r.New(api)
		if fault != nil {
			api.FailOn(*fault)
		}
		return errors.Join(r.ensure(first), r.ensure(second))
	}
	calm := NewAPI(r.Scheme)
	if err := play(calm, nil); err != nil {
		r.Fatal(err)
	}
	want := r.objects()
	for write := range len(calm.Writes) {
		for _, applied := range []bool{false, true} {
			fault := Fault{Write: write, Err: fmt.Errorf("write %d failed", write), Applied: applied}
			if err := play(NewAPI(r.Scheme), &fault); !errors.Is(err, fault.Err) {
				r.Errorf("fault %+v: got error %v", fault, err)
			}
			r.mustEnsure(second)
			if diff := cmp.Diff(plain(r, want), plain(r, r.objects())); diff != "" {
				r.Errorf("fault %+v ends elsewhere (-calm +fault):\n%s", fault, diff)
			}
		}
	}
}

func passesConflict(r *run) {
	r.mustEnsure(rollout.Traffic{})
	route := r.Routes(r.canary)[0]
	Edit(r, r.api, route, func(obj client.Object) { obj.SetOwnerReferences(staleOwner(r.canary)) })
	r.api.FailOn(Fault{Err: Conflict()})
	if err := r.ensure(rollout.Traffic{}); !isConflict(err) {
		r.Fatalf("ensure returned %v, want a conflict", err)
	}
	r.mustEnsure(rollout.Traffic{})
	r.mustObserve(rollout.Traffic{})
}

func refusesOthers(r *run) {
	r.mustEnsure(rollout.Traffic{})
	Edit(r, r.api, r.Routes(r.canary)[0], func(obj client.Object) {
		ref := *metav1.NewControllerRef(r.canary, flaggerv1.GroupVersion.WithKind(flaggerv1.CanaryKind))
		ref.Name, ref.UID = "another", "33333333-aaaa-4bbb-8ccc-444444444444"
		obj.SetOwnerReferences([]metav1.OwnerReference{ref})
	})
	r.mustWrite(0, func() {
		if err := r.ensure(rollout.Traffic{Canary: 10}); !errors.Is(err, kube.ErrRefused) {
			r.Fatalf("ensure returned %v, want kube.ErrRefused", err)
		}
		if err := r.router.Release(context.Background(), r.canary, Backend()); !errors.Is(err, kube.ErrRefused) {
			r.Fatalf("Release returned %v, want kube.ErrRefused", err)
		}
	})
}

func inherits(r *run) {
	r.mustEnsure(rollout.Traffic{})
	for _, obj := range r.Routes(r.canary) {
		Edit(r, r.api, obj, func(obj client.Object) { obj.SetOwnerReferences(staleOwner(r.canary)) })
	}
	r.mustEnsure(rollout.Traffic{})
	for _, obj := range r.objects() {
		if refs := obj.GetOwnerReferences(); len(refs) != 1 || refs[0].UID != r.canary.UID {
			r.Errorf("%T has owners %v, want the present Canary alone", obj, refs)
		}
	}
}

func releasesOnce(r *run) {
	r.mustEnsure(rollout.Traffic{Canary: 40})
	release := func() {
		r.Helper()
		if err := r.router.Release(context.Background(), r.canary, Backend()); err != nil {
			r.Fatalf("Release: %v", err)
		}
	}
	r.mustWrite(len(r.Routes(r.canary)), release)
	r.mustWrite(0, release)
}

func releasesNothing(r *run) {
	r.mustWrite(0, func() {
		if err := r.router.Release(context.Background(), r.canary, Backend()); err != nil {
			r.Fatalf("Release: %v", err)
		}
	})
}

func outlives(r *run) {
	r.mustEnsure(rollout.Traffic{})
	if err := r.router.Release(context.Background(), r.canary, Backend()); err != nil {
		r.Fatalf("Release: %v", err)
	}
	for _, obj := range r.objects() {
		if refs := obj.GetOwnerReferences(); len(refs) != 0 {
			r.Errorf("%T has owners %v and would go with the Canary", obj, refs)
		}
	}
}
