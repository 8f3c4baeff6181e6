package hook

import (
	"context"
	"errors"
	"time"

	flaggerv1 "github.com/linnet-delivery/linnet/pkg/apis/flagger/v1beta1"
	"github.com/linnet-delivery/linnet/pkg/rollout"
)

// PostEvent posts an event that happened at the given time to every event
// webhook of the Canary, or to Options.EventURL when it has none. The error
// names those that did not take it.
func (c *Caller) PostEvent(ctx context.Context, canary *flaggerv1.Canary, e rollout.Event, at time.Time) error {
	var errs []error
	for i, w := range c.receivers(canary) {
		p := newPayload(canary, rollout.Phase(canary.Status.Phase), w.Metadata).withEvent(e, at)
		r := c.call(ctx, w, p, eventKey(canary, e, at, i))
		if r.refused() {
			errs = append(errs, errors.New(r.sentence()))
		}
	}
	return errors.Join(errs...)
}

// receivers returns the webhooks that are told events.
func (c *Caller) receivers(canary *flaggerv1.Canary) []flaggerv1.CanaryWebhook {
	var own []flaggerv1.CanaryWebhook
	for _, w := range canary.Spec.Analysis.Webhooks {
		if w.Type == flaggerv1.HookEvent {
			own = append(own, w)
		}
	}
	if len(own) == 0 && c.eventURL != "" {
		return []flaggerv1.CanaryWebhook{{Name: "event-webhook", Type: flaggerv1.HookEvent, URL: c.eventURL}}
	}
	return own
}
