package hook

import (
	"context"
	"fmt"
	"time"

	flaggerv1 "github.com/linnet-delivery/linnet/pkg/apis/flagger/v1beta1"
	"github.com/linnet-delivery/linnet/pkg/outbound"
	"github.com/linnet-delivery/linnet/pkg/rollout"
)

// Options are the surroundings of a Caller.
type Options struct {
	// Now is the clock that answers are stamped with. Required.
	Now func() time.Time
	// UserAgent is sent along with each call, "linnet" when empty.
	UserAgent string
	// EventURL receives the events of every Canary that has no event webhook of its own.
	EventURL string
	// AllowLoopback lets webhooks live on the machine of the controller, for
	// development. A pod's loopback has the sidecar's admin port on it.
	AllowLoopback bool
	// Wait blocks for d or until ctx ends, whose error it then returns; nil means a timer.
	Wait func(ctx context.Context, d time.Duration) error
}

// Caller calls webhooks. It is safe for concurrent use and keeps connections
// open between calls.
type Caller struct {
	now       func() time.Time
	userAgent string
	eventURL  string
	verifying outbound.Poster
	trusting  outbound.Poster
}

// New returns a Caller. Proxies are taken from the environment.
func New(o Options) *Caller {
	if o.UserAgent == "" {
		o.UserAgent = "linnet"
	}
	return &Caller{
		now:       o.Now,
		userAgent: o.UserAgent,
		eventURL:  o.EventURL,
		verifying: outbound.Poster{Client: outbound.NewClient(outbound.Options{AllowLoopback: o.AllowLoopback}), Wait: o.Wait},
		trusting:  outbound.Poster{Client: outbound.NewClient(outbound.Options{AllowLoopback: o.AllowLoopback, AnyCertificate: true}), Wait: o.Wait},
	}
}

// CloseIdle closes the connections that are kept open for later calls.
func (c *Caller) CloseIdle() {
	c.verifying.Client.CloseIdleConnections()
	c.trusting.Client.CloseIdleConnections()
}

// Ask calls every webhook of the type in order and stops at the first refusal:
// Pass when all answered 2xx, or when there is none, otherwise Fail with the
// reason. A webhook that cannot be reached has refused. The rollback type is
// the other way round: Pass, which means "roll back", as soon as one answered
// 2xx, otherwise Fail. Error means that ctx ended first. canary is only read,
// and must not change meanwhile.
func (c *Caller) Ask(ctx context.Context, canary *flaggerv1.Canary, t flaggerv1.HookType, phase rollout.Phase) rollout.Answer {
	var answer rollout.Answer
	if t == flaggerv1.HookRollback {
		answer = anyOf(c.callUntil(ctx, canary, t, phase, reply.accepted))
	} else {
		answer = allOf(c.callUntil(ctx, canary, t, phase, reply.refused))
	}
	if err := context.Cause(ctx); err != nil {
		answer = rollout.Answer{Verdict: rollout.Error, Reason: fmt.Sprintf("the %s webhooks were not waited for: %v", typeOr(t), err)}
	}
	answer.At = c.now()
	return answer
}

// callUntil calls the webhooks of a type one after the other up to the first whose reply is enough.
func (c *Caller) callUntil(
	ctx context.Context, canary *flaggerv1.Canary, t flaggerv1.HookType, phase rollout.Phase, enough func(reply) bool,
) []reply {
	var replies []reply
	for i, w := range canary.Spec.Analysis.Webhooks {
		if typeOr(w.Type) != typeOr(t) {
			continue
		}
		r := c.call(ctx, w, newPayload(canary, phase, w.Metadata), askKey(canary, w, i))
		replies = append(replies, r)
		if enough(r) || ctx.Err() != nil {
			break
		}
	}
	return replies
}

// allOf passes when no webhook refused.
func allOf(replies []reply) rollout.Answer {
	answer := rollout.Answer{Verdict: rollout.Pass}
	for _, r := range replies {
		answer.Checks = append(answer.Checks, r.check())
		if r.refused() {
			answer.Verdict, answer.Reason = rollout.Fail, r.sentence()
		}
	}
	return answer
}

// anyOf passes when a webhook accepted. Its refusals are no failed checks.
func anyOf(replies []reply) rollout.Answer {
	answer := rollout.Answer{Verdict: rollout.Fail}
	for _, r := range replies {
		answer.Reason = r.sentence()
		if r.accepted() {
			answer.Verdict = rollout.Pass
		}
	}
	return answer
}

// typeOr returns t, or the rollout type in place of the empty one.
func typeOr(t flaggerv1.HookType) flaggerv1.HookType {
	if t == "" {
		return flaggerv1.HookRollout
	}
	return t
}
