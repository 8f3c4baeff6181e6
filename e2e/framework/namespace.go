package framework

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"
)

// ourNamespaces carry this label.
var ourNamespaces = map[string]string{"app.kubernetes.io/part-of": "linnet-e2e"}

// CreateNamespace creates a namespace whose pods get a sidecar.
func (c *Cluster) CreateNamespace(ctx context.Context, name string) error {
	ns := &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: name, Labels: map[string]string{"istio-injection": "enabled"}}}
	maps.Copy(ns.Labels, ourNamespaces)
	if err := c.Create(ctx, ns); err != nil {
		return fmt.Errorf("create Namespace %s: %w", name, err)
	}
	return nil
}

// DeleteNamespace begins to delete a namespace with all that is in it. One that is not there is fine.
func (c *Cluster) DeleteNamespace(ctx context.Context, name string) error {
	ns := &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: name}}
	if err := c.Delete(ctx, ns); client.IgnoreNotFound(err) != nil {
		return fmt.Errorf("delete Namespace %s: %w", name, err)
	}
	return nil
}

// AwaitNamespaceGone waits until a namespace does not exist.
func (c *Cluster) AwaitNamespaceGone(ctx context.Context, name string) error {
	return c.poll(ctx, fmt.Sprintf("Namespace %s to be gone", name), func() (bool, error) {
		err := c.Get(ctx, client.ObjectKey{Name: name}, &corev1.Namespace{})
		return apierrors.IsNotFound(err), client.IgnoreNotFound(err)
	})
}

// AwaitNoDeletion waits until none of our namespaces is being deleted any more.
func (c *Cluster) AwaitNoDeletion(ctx context.Context) error {
	return c.poll(ctx, "namespaces of earlier tests to be gone", func() (bool, error) {
		list := &corev1.NamespaceList{}
		err := c.List(ctx, list, client.MatchingLabels(ourNamespaces))
		for i := range list.Items {
			if list.Items[i].DeletionTimestamp != nil {
				return false, err
			}
		}
		return err == nil, err
	})
}

// poll looks every second until something is so. An error counts as "not yet".
func (c *Cluster) poll(ctx context.Context, what string, so func() (bool, error)) error {
	began, tick := time.Now(), time.NewTicker(time.Second)
	defer tick.Stop()
	for {
		done, err := so()
		if done && err == nil {
			return nil
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("waited %s for %s: %w", time.Since(began).Round(time.Second), what, errors.Join(ctx.Err(), err))
		case <-tick.C:
		}
	}
}
