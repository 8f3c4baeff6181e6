package traffictest

import (
	"context"
	"fmt"
	"testing"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/client/fake"
	"sigs.k8s.io/controller-runtime/pkg/client/interceptor"
)

// API is an in-memory Kubernetes API. It is not safe for concurrent use.
type API struct {
	client.Client
	// Writes are the requests that changed, or tried to change, an object, such
	// as "update Service/podinfo".
	Writes []string
	fault  *Fault
}

// Fault makes one write fail.
type Fault struct {
	// Write is the number of the write that fails, from 0.
	Write int
	// Err is what it answers.
	Err error
	// Applied says that the write took place all the same.
	Applied bool
}

// NewAPI returns an API that knows the kinds of scheme and holds objects.
func NewAPI(scheme *runtime.Scheme, objects ...client.Object) *API {
	api := &API{}
	api.Client = fake.NewClientBuilder().WithScheme(scheme).WithObjects(objects...).WithInterceptorFuncs(interceptor.Funcs{
		Create: func(ctx context.Context, c client.WithWatch, obj client.Object, opts ...client.CreateOption) error {
			return api.write("create", obj, func() error { return c.Create(ctx, obj, opts...) })
		},
		Update: func(ctx context.Context, c client.WithWatch, obj client.Object, opts ...client.UpdateOption) error {
			return api.write("update", obj, func() error { return c.Update(ctx, obj, opts...) })
		},
		Patch: func(ctx context.Context, c client.WithWatch, obj client.Object, p client.Patch, opts ...client.PatchOption) error {
			return api.write("patch", obj, func() error { return c.Patch(ctx, obj, p, opts...) })
		},
		Delete: func(ctx context.Context, c client.WithWatch, obj client.Object, opts ...client.DeleteOption) error {
			return api.write("delete", obj, func() error { return c.Delete(ctx, obj, opts...) })
		},
	}).Build()
	return api
}

// FailOn makes a write to come fail, counted from the writes so far.
func (a *API) FailOn(f Fault) {
	f.Write += len(a.Writes)
	a.fault = &f
}

// Since returns the writes that do causes.
func (a *API) Since(do func()) []string {
	before := len(a.Writes)
	do()
	return a.Writes[before:]
}

func (a *API) write(verb string, obj client.Object, do func() error) error {
	n := len(a.Writes)
	a.Writes = append(a.Writes, fmt.Sprintf("%s %T/%s", verb, obj, obj.GetName()))
	if a.fault == nil || a.fault.Write != n {
		return do()
	}
	if a.fault.Applied {
		if err := do(); err != nil {
			return err
		}
	}
	return a.fault.Err
}

// Edit changes the object that is called like obj, as another hand would.
func Edit[T client.Object](t testing.TB, api *API, obj T, change func(T)) {
	t.Helper()
	Read(t, api, obj)
	change(obj)
	if err := api.Update(context.Background(), obj); err != nil {
		t.Fatalf("edit %T %s: %v", obj, obj.GetName(), err)
	}
}

// Read fetches into obj the object that is called like it.
func Read[T client.Object](t testing.TB, api *API, obj T) T {
	t.Helper()
	if err := api.Get(context.Background(), client.ObjectKeyFromObject(obj), obj); err != nil {
		t.Fatalf("read %T %s: %v", obj, obj.GetName(), err)
	}
	return obj
}

// Conflict is the API server's answer to a write that comes too late.
func Conflict() error {
	return apierrors.NewConflict(schema.GroupResource{Resource: "objects"}, "podinfo", fmt.Errorf("the object has been modified"))
}
