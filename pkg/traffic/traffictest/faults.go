package traffictest

import (
	"context"
	"errors"
	"fmt"
	"reflect"

	"github.com/google/go-cmp/cmp"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/client/interceptor"

	"github.com/linnet-delivery/linnet/pkg/rollout"
)

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

// seesEditsBetween lets another hand edit each route right after it was read.
func seesEditsBetween(r *run) {
	r.mustEnsure(rollout.Traffic{})
	for i, route := range r.Routes(r.canary) {
		Edit(r, r.api, route, func(obj client.Object) { obj.SetOwnerReferences(staleOwner(r.canary)) })
		r.router = r.New(afterRead(r.api, route, func() {
			Edit(r, r.api, r.Routes(r.canary)[i], func(obj client.Object) {
				obj.SetLabels(with(obj.GetLabels(), "edited", "in-between"))
			})
		}))
		if err := r.ensure(rollout.Traffic{}); !apierrors.IsConflict(err) {
			r.Errorf("%T: ensure returned %v, want a conflict", route, err)
		}
		r.mustEnsure(rollout.Traffic{})
		if got := r.objects()[i].GetLabels()["edited"]; got != "in-between" {
			r.Errorf("%T: the edit in between is lost", route)
		}
	}
}

// afterRead returns a client of api that calls do once, when route has been read.
func afterRead(api *API, route client.Object, do func()) client.Client {
	done := false
	return interceptor.NewClient(api.Client.(client.WithWatch), interceptor.Funcs{
		Get: func(ctx context.Context, c client.WithWatch, key client.ObjectKey, obj client.Object, opts ...client.GetOption) error {
			err := c.Get(ctx, key, obj, opts...)
			if !done && reflect.TypeOf(obj) == reflect.TypeOf(route) && key.Name == route.GetName() {
				done = true
				do()
			}
			return err
		},
	})
}

func passesConflict(r *run) {
	r.mustEnsure(rollout.Traffic{})
	route := r.Routes(r.canary)[0]
	Edit(r, r.api, route, func(obj client.Object) { obj.SetOwnerReferences(staleOwner(r.canary)) })
	r.api.FailOn(Fault{Err: Conflict()})
	if err := r.ensure(rollout.Traffic{}); !apierrors.IsConflict(err) {
		r.Fatalf("ensure returned %v, want a conflict", err)
	}
	r.mustEnsure(rollout.Traffic{})
	r.mustObserve(rollout.Traffic{})
}
