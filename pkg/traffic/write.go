package traffic

import (
	"context"
	"fmt"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/client/apiutil"

	flaggerv1 "github.com/linnet-delivery/linnet/pkg/apis/flagger/v1beta1"
)

// Write brings an object about. The object is read into obj, which carries its
// namespace and name; build returns what it is to become and must leave its
// argument alone, which is the zero T when there is no such object. A zero
// result means that nothing is to be written. Nothing is written either when
// same finds no difference; otherwise one create, or one update that fails with
// a conflict when the object has changed since it was read.
func Write[T interface {
	comparable
	client.Object
}](ctx context.Context, c client.Client, obj T, build func(existing T) (T, error), same func(a, b T) bool) error {
	var none T
	key := client.ObjectKeyFromObject(obj)
	existing, err := obj, c.Get(ctx, key, obj)
	if apierrors.IsNotFound(err) {
		existing, err = none, nil
	}
	if err != nil {
		return fmt.Errorf("get %s %s: %w", kind(c, obj), key, err)
	}
	wanted, err := build(existing)
	if err != nil {
		return fmt.Errorf("build %s %s: %w", kind(c, obj), key, err)
	}
	switch {
	case wanted == none, existing != none && same(existing, wanted):
		return nil
	case existing == none:
		if err := c.Create(ctx, wanted); err != nil {
			return fmt.Errorf("create %s %s: %w", kind(c, obj), key, err)
		}
	default:
		if err := c.Update(ctx, wanted); err != nil {
			return fmt.Errorf("update %s %s: %w", kind(c, obj), key, err)
		}
	}
	return nil
}

func kind(c client.Client, obj client.Object) string {
	gvk, err := apiutil.GVKForObject(obj, c.Scheme())
	if err != nil {
		return "object"
	}
	return gvk.Kind
}

// Client returns c with fieldOwner as the field owner of its writes, or linnet when it is empty.
func Client(c client.Client, fieldOwner string) client.Client {
	if fieldOwner == "" {
		fieldOwner = "linnet"
	}
	return client.WithFieldOwner(c, fieldOwner)
}

// Outlive writes the object without the Canary among its owners, where there is one and it has.
func Outlive[T interface {
	comparable
	client.Object
}](ctx context.Context, w client.Client, c *flaggerv1.Canary, obj T, same func(a, b T) bool) error {
	return Write(ctx, w, obj, func(existing T) (T, error) {
		var none T
		if existing == none {
			return none, nil
		}
		kept, ok := existing.DeepCopyObject().(T)
		if !ok {
			return none, nil
		}
		Disown(c, kept)
		return kept, nil
	}, same)
}
