package framework

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"time"

	istiov1 "istio.io/client-go/pkg/apis/networking/v1"
	appsv1 "k8s.io/api/apps/v1"
	eventsv1 "k8s.io/api/events/v1"
	"k8s.io/apimachinery/pkg/watch"
	"sigs.k8s.io/controller-runtime/pkg/client"

	flaggerv1 "github.com/linnet-delivery/linnet/pkg/apis/flagger/v1beta1"
)

// Route is the application's share of traffic as its VirtualService has it, in percent.
// Known is false when there is none.
type Route struct {
	Known           bool
	Primary, Canary int
}

// View is what the API server showed of one release at a moment. Its objects must not be changed.
type View struct {
	// At is when the last change arrived here.
	At time.Time
	// Canary, VirtualService, Target and Primary are nil while there is none.
	Canary          *flaggerv1.Canary
	VirtualService  *istiov1.VirtualService
	Route           Route
	Target, Primary *appsv1.Deployment
}

// Phase returns the phase of the Canary, empty when there is none.
func (v View) Phase() flaggerv1.CanaryPhase {
	if v.Canary == nil {
		return ""
	}
	return v.Canary.Status.Phase
}

// Note is an Event that was written about the Canary.
type Note struct {
	At                    time.Time
	Type, Reason, Message string
}

// Follower remembers every view of one application's release, and what was said about it.
type Follower struct {
	mu      sync.Mutex
	views   []View
	notes   []Note
	told    map[string]bool
	changed chan struct{}
}

// Follow watches the application of a namespace until ctx ends.
func (c *Cluster) Follow(ctx context.Context, namespace string) *Follower {
	f := &Follower{told: map[string]bool{}, changed: make(chan struct{})}
	here := client.InNamespace(namespace)
	for _, list := range []client.ObjectList{
		&flaggerv1.CanaryList{}, &istiov1.VirtualServiceList{}, &appsv1.DeploymentList{},
	} {
		go c.watchEach(ctx, list, f.saw, here)
	}
	go c.watchEach(ctx, &eventsv1.EventList{}, f.heard, here)
	return f
}

func (f *Follower) saw(kind watch.EventType, o client.Object) {
	f.mu.Lock()
	defer f.mu.Unlock()
	next := f.last()
	next.At = time.Now()
	if !next.put(o, kind == watch.Deleted) {
		return
	}
	f.views = append(f.views, next)
	f.wake()
}

// put makes an object part of the view, and reports whether it belongs there.
func (v *View) put(o client.Object, gone bool) bool {
	switch o := o.(type) {
	case *flaggerv1.Canary:
		v.Canary = orNil(o, gone)
	case *istiov1.VirtualService:
		if o.Name != App {
			return false
		}
		v.VirtualService, v.Route = orNil(o, gone), routeOf(orNil(o, gone))
	case *appsv1.Deployment:
		switch o.Name {
		case App:
			v.Target = orNil(o, gone)
		case App + "-primary":
			v.Primary = orNil(o, gone)
		}
	}
	return true
}

func orNil[T any](o *T, gone bool) *T {
	if gone {
		return nil
	}
	return o
}

// routeOf reads the weights of the first route that sends traffic to the primary or the canary.
func routeOf(vs *istiov1.VirtualService) Route {
	if vs == nil {
		return Route{}
	}
	for _, http := range vs.Spec.Http {
		if strings.HasPrefix(http.Name, "linnet-") {
			continue // for some requests only
		}
		route := Route{}
		for _, destination := range http.Route {
			switch destination.GetDestination().GetHost() {
			case App + "-primary":
				route.Known, route.Primary = true, int(destination.Weight)
			case App + "-canary":
				route.Known, route.Canary = true, int(destination.Weight)
			}
		}
		if route.Known {
			return route
		}
	}
	return Route{}
}

func (f *Follower) heard(_ watch.EventType, o client.Object) {
	event := o.(*eventsv1.Event)
	if event.Regarding.Kind != flaggerv1.CanaryKind {
		return
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	if id := occurrence(event); !f.told[id] {
		f.told[id] = true
		f.notes = append(f.notes, Note{At: time.Now(), Type: event.Type, Reason: event.Reason, Message: event.Note})
		f.wake()
	}
}

// occurrence tells one writing of an Event from the next: what is said again is only counted.
func occurrence(e *eventsv1.Event) string {
	count := e.DeprecatedCount
	if e.Series != nil {
		count = e.Series.Count
	}
	return fmt.Sprintf("%s #%d", e.UID, count)
}

// wake tells everybody who waits that something changed. The lock is held.
func (f *Follower) wake() {
	close(f.changed)
	f.changed = make(chan struct{})
}

func (f *Follower) last() View {
	if len(f.views) == 0 {
		return View{}
	}
	return f.views[len(f.views)-1]
}

// Last returns the newest view.
func (f *Follower) Last() View {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.last()
}

// Views returns the views from a time on, oldest first.
func (f *Follower) Views(from time.Time) []View {
	f.mu.Lock()
	defer f.mu.Unlock()
	for i, v := range f.views {
		if !v.At.Before(from) {
			return f.views[i:len(f.views):len(f.views)]
		}
	}
	return nil
}

// Notes returns what was said from a time on, oldest first.
func (f *Follower) Notes(from time.Time) []Note {
	f.mu.Lock()
	defer f.mu.Unlock()
	for i, n := range f.notes {
		if !n.At.Before(from) {
			return f.notes[i:len(f.notes):len(f.notes)]
		}
	}
	return nil
}

// Changed returns a channel that is closed at the next view or note.
func (f *Follower) Changed() <-chan struct{} {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.changed
}
