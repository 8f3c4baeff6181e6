package apiserver

import (
	"context"
	"fmt"
	"testing"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/util/retry"
	"sigs.k8s.io/controller-runtime/pkg/client"

	flaggerv1 "github.com/linnet-delivery/linnet/pkg/apis/flagger/v1beta1"
)

// newNamespace makes a namespace with a name of its own. Nothing deletes it, as no namespace
// controller runs, but its Canaries go with the test, whoever wants to say goodbye to them: no later
// controller is to work on them.
func newNamespace(t *testing.T) string {
	t.Helper()
	ns := &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{GenerateName: "t2-"}}
	if err := cluster.Create(t.Context(), ns); err != nil {
		t.Fatalf("create Namespace: %v", err)
	}
	t.Cleanup(func() {
		if err := forgetCanaries(context.WithoutCancel(t.Context()), ns.Name); err != nil {
			t.Error(err)
		}
	})
	return ns.Name
}

func forgetCanaries(ctx context.Context, namespace string) error {
	in := client.InNamespace(namespace)
	if err := cluster.DeleteAllOf(ctx, &flaggerv1.Canary{}, in); err != nil {
		return fmt.Errorf("delete the Canaries of namespace %s: %w", namespace, err)
	}
	left := &flaggerv1.CanaryList{}
	if err := cluster.List(ctx, left, in); err != nil {
		return fmt.Errorf("list the Canaries of namespace %s: %w", namespace, err)
	}
	for i := range left.Items {
		goodbye := client.RawPatch(types.MergePatchType, []byte(`{"metadata":{"finalizers":null}}`))
		if err := cluster.Patch(ctx, &left.Items[i], goodbye); client.IgnoreNotFound(err) != nil {
			return fmt.Errorf("let Canary %s of namespace %s go: %w", left.Items[i].Name, namespace, err)
		}
	}
	return nil
}

// edited reads an object anew, edits it and writes it, as often as somebody else is quicker.
func edited[T client.Object](ctx context.Context, o T, edit func(T)) error {
	key := client.ObjectKeyFromObject(o)
	err := retry.RetryOnConflict(retry.DefaultBackoff, func() error {
		if err := cluster.Get(ctx, key, o); err != nil {
			return err
		}
		edit(o)
		return cluster.Update(ctx, o)
	})
	if err != nil {
		return fmt.Errorf("edit %T %s: %w", o, key, err)
	}
	return nil
}
