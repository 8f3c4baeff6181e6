package apiserver

import (
	"context"
	"fmt"
	"testing"

	istiov1 "istio.io/client-go/pkg/apis/networking/v1"
	appsv1 "k8s.io/api/apps/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/watch"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/linnet-delivery/linnet/e2e/framework"
	flaggerv1 "github.com/linnet-delivery/linnet/pkg/apis/flagger/v1beta1"
)

// waitFor watches one object until it fits. The error says what was waited for and how the object stood.
func waitFor[T client.Object](ctx context.Context, list client.ObjectList, namespace, name, what string, fits func(T) bool) error {
	_, err := until(ctx, list, namespace, name, what, fits)
	return err
}

func until[T client.Object](ctx context.Context, list client.ObjectList, namespace, name, what string, fits func(T) bool) (T, error) {
	var last T
	for {
		w, err := cluster.Watch(ctx, list, client.InNamespace(namespace), client.MatchingFields{"metadata.name": name})
		if err != nil && ctx.Err() == nil {
			return last, fmt.Errorf("watch %T %s/%s until it is %s: %w", last, namespace, name, what, err)
		}
		if err == nil && firstThat(w, fits, &last) {
			return last, nil
		}
		if ctx.Err() != nil {
			return last, fmt.Errorf("wait for %T %s/%s to be %s: %w\n  last seen: %s", last, namespace, name, what, ctx.Err(), describe(last))
		}
	}
}

// firstThat reads a watch until an object fits or the watch ends. last holds the last object either way.
func firstThat[T client.Object](w watch.Interface, fits func(T) bool, last *T) bool {
	defer w.Stop()
	for event := range w.ResultChan() {
		o, ok := event.Object.(T)
		if !ok || event.Type == watch.Deleted {
			continue
		}
		if *last = o; fits(o) {
			return true
		}
	}
	return false
}

func describe(o client.Object) string {
	switch o := o.(type) {
	case *flaggerv1.Canary:
		return framework.Describe(o)
	case *istiov1.VirtualService:
		if o != nil {
			return fmt.Sprintf("labels %v, routes %v", o.Labels, o.Spec.Http)
		}
	case *unstructured.Unstructured:
		if o != nil {
			return fmt.Sprintf("annotations %v, %v", o.GetAnnotations(), o.Object["spec"])
		}
	case *appsv1.Deployment:
		if o != nil {
			return fmt.Sprintf("%s, %d replicas, %+v", framework.ImageOf(o), framework.Replicas(o), o.Status)
		}
	}
	return "nothing"
}

// await is until for tests, with their patience.
func await[T client.Object](t *testing.T, list client.ObjectList, namespace, name, what string, fits func(T) bool) T {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), *patience)
	defer cancel()
	o, err := until(ctx, list, namespace, name, what, fits)
	if err != nil {
		t.Fatal(err)
	}
	return o
}

// awaitPhase waits for the Canary of a namespace to be in a phase.
func awaitPhase(t *testing.T, namespace string, phase flaggerv1.CanaryPhase) *flaggerv1.Canary {
	t.Helper()
	return await(t, &flaggerv1.CanaryList{}, namespace, framework.App, string(phase), func(c *flaggerv1.Canary) bool {
		return c.Status.Phase == phase
	})
}

// awaitRoute waits for the application's VirtualService to fit.
func awaitRoute(t *testing.T, namespace, what string, fits func(*istiov1.VirtualService) bool) *istiov1.VirtualService {
	t.Helper()
	return await(t, &istiov1.VirtualServiceList{}, namespace, framework.App, what, fits)
}

func create(t *testing.T, objects ...client.Object) {
	t.Helper()
	for _, o := range objects {
		if err := cluster.Create(t.Context(), o); err != nil {
			t.Fatalf("create %T %s/%s: %v", o, o.GetNamespace(), o.GetName(), err)
		}
	}
}

// update reads an object anew, edits it and writes it, as often as somebody else is quicker.
func update[T client.Object](t *testing.T, o T, edit func(T)) {
	t.Helper()
	if err := edited(t.Context(), o, edit); err != nil {
		t.Fatal(err)
	}
}
