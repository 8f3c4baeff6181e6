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

// EventPoster posts an event to the event webhooks of a Canary. It may block.
type EventPoster interface {
	PostEvent(ctx context.Context, c *flaggerv1.Canary, e rollout.Event, at time.Time) error
}

// HookAsker calls the webhooks of a type. It may block.
type HookAsker interface {
	Ask(ctx context.Context, c *flaggerv1.Canary, t flaggerv1.HookType, phase rollout.Phase) rollout.Answer
}

// Options are the receivers of a Teller and its surroundings. All but Depth
// and Slots are required.
type Options struct {
	Recorder EventRecorder
	Poster   EventPoster
	Hooks    HookAsker
	Now      func() time.Time
	Log      logr.Logger
	// Dropped counts what a full queue lost, by kind of receiver.
	Dropped func(sink string)
	// Depth is how much of one Canary may wait for one kind of receiver, 100 when 0.
	Depth int
	// Slots is how many deliveries to one kind of receiver go on at a time, 16 when 0.
	Slots int
}

// Teller passes on what happened. Its methods return at once.
type Teller struct {
	o                             Options
	events, webhooks, postRollout *outbox
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
	t.events = t.newOutbox(SinkEvents)
	t.webhooks = t.newOutbox(SinkWebhooks)
	t.postRollout = t.newOutbox(SinkPostRollout)
	return t
}

func (t *Teller) newOutbox(sink string) *outbox {
	return newOutbox(t.o.Slots, t.o.Depth,
		func() { t.o.Dropped(sink) },
		func(owner string, err error) {
			t.o.Log.Info("Notification was not taken", "canary", owner, "receiver", sink, "reason", err.Error())
		})
}

// Tell passes the events on in order: to Kubernetes as they are, to event
// webhooks with the phase in the Canary's status. It works on a copy of the Canary.
func (t *Teller) Tell(c *flaggerv1.Canary, events []rollout.Event) {
	if len(events) == 0 {
		return
	}
	c = c.DeepCopy()
	now := t.o.Now()
	for _, e := range events {
		t.events.push(ownerOf(c), func(context.Context) error {
			t.o.Recorder.Event(c, eventType(e.Level), e.Reason, cut(e.Message))
			return nil
		})
		t.webhooks.push(ownerOf(c), func(ctx context.Context) error {
			return t.o.Poster.PostEvent(ctx, c, e, now)
		})
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
	outboxes := []*outbox{t.events, t.webhooks, t.postRollout}
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
