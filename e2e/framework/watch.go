package framework

import (
	"context"
	"fmt"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/watch"
	"sigs.k8s.io/controller-runtime/pkg/client"
)

// watchEach calls seen for every object of a kind that exists, changes or goes, until
// ctx ends. A watch that breaks off is taken up again; seen then gets what exists once more.
func (c *Cluster) watchEach(ctx context.Context, list client.ObjectList, seen func(watch.EventType, client.Object), options ...client.ListOption) {
	pause := time.NewTimer(0)
	defer pause.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-pause.C:
		}
		c.watchOnce(ctx, list, seen, options)
		pause.Reset(200 * time.Millisecond)
	}
}

func (c *Cluster) watchOnce(ctx context.Context, list client.ObjectList, seen func(watch.EventType, client.Object), options []client.ListOption) {
	fresh := list.DeepCopyObject().(client.ObjectList)
	w, err := c.Watch(ctx, fresh, options...)
	if err != nil {
		return // the API server is away or being restarted; tests do that on purpose
	}
	defer w.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case event, ok := <-w.ResultChan():
			if !ok || event.Type == watch.Error {
				return
			}
			if object, ok := event.Object.(client.Object); ok && event.Type != watch.Bookmark {
				seen(event.Type, object)
			}
		}
	}
}

// awaitGone waits until an object does not exist.
func (c *Cluster) awaitGone(ctx context.Context, list client.ObjectList, object client.Object) error {
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	gone := make(chan struct{}, 1)
	key := client.ObjectKeyFromObject(object)
	go c.watchEach(ctx, list, func(kind watch.EventType, o client.Object) {
		if kind == watch.Deleted && client.ObjectKeyFromObject(o) == key {
			gone <- struct{}{}
		}
	}, client.InNamespace(key.Namespace), client.MatchingFields{"metadata.name": key.Name})
	// The watch may have begun after the object went.
	check := time.NewTicker(time.Second)
	defer check.Stop()
	for {
		select {
		case <-ctx.Done():
			return fmt.Errorf("wait for %T %s to be gone: %w", object, key, ctx.Err())
		case <-gone:
			return nil
		case <-check.C:
			if err := c.Get(ctx, key, object); apierrors.IsNotFound(err) {
				return nil
			}
		}
	}
}
