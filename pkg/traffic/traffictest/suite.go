package traffictest

import (
	"context"
	"testing"

	"k8s.io/apimachinery/pkg/runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"

	flaggerv1 "github.com/linnet-delivery/linnet/pkg/apis/flagger/v1beta1"
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
	// would. Nil says that the router moves all traffic or none, so that the
	// share observed is 100 or 0.
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
		"an edit between read and write is a conflict":      seesEditsBetween,
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
		want = rollout.Traffic{Canary: want.Canary / 100 * 100}
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
