package framework

import (
	"context"
	"time"

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
