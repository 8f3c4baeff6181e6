package notify

import (
	"context"
	"errors"
	"time"

	"github.com/go-logr/logr"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/runtime"

	flaggerv1 "github.com/linnet-delivery/linnet/pkg/apis/flagger/v1beta1"
	"github.com/linnet-delivery/linnet/pkg/rollout"
)

// The kinds of receivers, as Options.Dropped names them.
const (
	SinkEvents      = "kubernetes-events"
	SinkWebhooks    = "event-webhooks"
	SinkPostRollout = "post-rollout-webhooks"
	SinkAlerts      = "alerts"
	SinkCloudEvents = "cloudevents"
)

const (
	defaultSlots = 16
	defaultDepth = 100
	// maxMessageBytes is what the API server takes as an Event's message.
	maxMessageBytes = 1024
)

// EventRecorder records Kubernetes Events; NewRecorder makes one.
type EventRecorder interface {
	Event(object runtime.Object, eventtype, reason, message string)
}

// EventPoster posts an event of a Canary to programs. It may block.
type EventPoster interface {
	PostEvent(ctx context.Context, c *flaggerv1.Canary, e rollout.Event, at time.Time) error
}

// Alerter alerts people about an event of a Canary, if it is worth it. It may block.
type Alerter interface {
	Alert(ctx context.Context, c *flaggerv1.Canary, e rollout.Event, at time.Time) error
}

// HookAsker calls the webhooks of a type. It may block.
type HookAsker interface {
	Ask(ctx context.Context, c *flaggerv1.Canary, t flaggerv1.HookType, phase rollout.Phase) rollout.Answer
}

// Options are the receivers of a Teller and its surroundings. All but
// CloudEvents, Depth and Slots are required.
type Options struct {
	Recorder EventRecorder
	// Poster posts to the event webhooks of a Canary.
	Poster  EventPoster
	Alerter Alerter
	// CloudEvents posts to the sink of the installation; nil for none.
	CloudEvents EventPoster
	Hooks       HookAsker
	Now         func() time.Time
	Log         logr.Logger
	// Dropped counts what a full queue lost, by kind of receiver.
	Dropped func(sink string)
	// Depth is how much of one Canary may wait for one kind of receiver, 100 when 0.
	Depth int
	// Slots is how many deliveries to one kind of receiver go on at a time, 16 when 0.
	Slots int
}

// teller tells one kind of receiver of events.
type teller struct {
	*outbox
	tell func(ctx context.Context, c *flaggerv1.Canary, e rollout.Event, at time.Time) error
}

// Teller passes on what happened. Its methods return at once.
type Teller struct {
	o           Options
	tellers     []teller
	postRollout *outbox
}

// New returns a Teller that delivers nothing before Start.
func New(o Options) *Teller {
	if o.Depth == 0 {
		o.Depth = defaultDepth
	}
	if o.Slots == 0 {
		o.Slots = defaultSlots
	}
	t := &Teller{o: o}
	t.tellers = []teller{
		{t.newOutbox(SinkEvents), t.record},
		{t.newOutbox(SinkWebhooks), o.Poster.PostEvent},
		{t.newOutbox(SinkAlerts), o.Alerter.Alert},
	}
	if o.CloudEvents != nil {
		t.tellers = append(t.tellers, teller{t.newOutbox(SinkCloudEvents), o.CloudEvents.PostEvent})
	}
	t.postRollout = t.newOutbox(SinkPostRollout)
	return t
}

// record makes a Kubernetes Event.
func (t *Teller) record(_ context.Context, c *flaggerv1.Canary, e rollout.Event, _ time.Time) error {
	t.o.Recorder.Event(c, eventType(e.Level), e.Reason, cut(e.Message))
	return nil
}

func (t *Teller) newOutbox(sink string) *outbox {
	return newOutbox(t.o.Slots, t.o.Depth,
		func() { t.o.Dropped(sink) },
		func(owner string, err error) {
			t.o.Log.Info("Notification was not taken", "canary", owner, "receiver", sink, "reason", err.Error())
		})
}

// Tell passes the events on in order, to each kind of receiver by itself, with
// the status that the Canary has now. It works on a copy of the Canary.
func (t *Teller) Tell(c *flaggerv1.Canary, events []rollout.Event) {
	if len(events) == 0 {
		return
	}
	c = c.DeepCopy()
	now := t.o.Now()
	for _, e := range events {
		for _, to := range t.tellers {
			to.push(ownerOf(c), func(ctx context.Context) error { return to.tell(ctx, c, e, now) })
		}
	}
}

// PostRollout calls the post-rollout webhooks of the Canary with the phase that
// the release ended in. What they answer is logged and changes nothing.
func (t *Teller) PostRollout(c *flaggerv1.Canary, phase rollout.Phase) {
	c = c.DeepCopy()
	t.postRollout.push(ownerOf(c), func(ctx context.Context) error {
		answer := t.o.Hooks.Ask(ctx, c, flaggerv1.HookPostRollout, phase)
		if answer.Verdict != rollout.Pass {
			return errors.New(answer.Reason)
		}
		return nil
	})
}

// Start delivers until ctx ends, and returns nil when no delivery is under way
// any more. What is still queued then is lost.
func (t *Teller) Start(ctx context.Context) error {
	outboxes := []*outbox{t.postRollout}
	for _, to := range t.tellers {
		outboxes = append(outboxes, to.outbox)
	}
	for _, o := range outboxes {
		o.open(ctx)
	}
	<-ctx.Done()
	for _, o := range outboxes {
		o.close()
	}
	return nil
}

// NeedLeaderElection is true: only the leader has something to tell.
func (t *Teller) NeedLeaderElection() bool { return true }

func ownerOf(c *flaggerv1.Canary) string { return c.Namespace + "/" + c.Name }

func eventType(l rollout.Level) string {
	if l == rollout.Info {
		return corev1.EventTypeNormal
	}
	return corev1.EventTypeWarning
}

// cut shortens a message to what an Event may hold.
func cut(message string) string {
	if len(message) <= maxMessageBytes {
		return message
	}
	const mark = "…"
	end := 0
	for i := range message { // the beginnings of its characters
		if i > maxMessageBytes-len(mark) {
			break
		}
		end = i
	}
	return message[:end] + mark
}
