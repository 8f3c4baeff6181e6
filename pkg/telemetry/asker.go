package telemetry

import (
	"context"
	"time"

	"github.com/linnet-delivery/linnet/pkg/rollout"
)

// Asker has questions answered; see the controller's port of this name.
type Asker interface {
	Ask(owner string, q rollout.Question, work func(ctx context.Context) rollout.Answer) rollout.Answer
	Forget(owner string)
}

// TimedAsker is an Asker whose work is timed. Waiting for a free slot is not
// part of the time, and an abandoned question is not counted.
type TimedAsker struct {
	Asker
	meter *Meter
}

// Timed returns an Asker that answers as a does and tells m how long it took.
func (m *Meter) Timed(a Asker) TimedAsker { return TimedAsker{Asker: a, meter: m} }

// Ask returns what the Asker inside returns.
func (t TimedAsker) Ask(owner string, q rollout.Question, work func(ctx context.Context) rollout.Answer) rollout.Answer {
	return t.Asker.Ask(owner, q, func(ctx context.Context) rollout.Answer {
		begun := t.meter.now()
		answer := work(ctx)
		if ctx.Err() == nil {
			t.meter.answered(owner, q.Kind, answer, t.meter.now().Sub(begun))
		}
		return answer
	})
}

// answered counts an answer about an owner, for the reference's series too.
func (m *Meter) answered(owner string, k rollout.Kind, a rollout.Answer, took time.Duration) {
	m.Answered(k, a.Verdict, took)
	if k == rollout.AskAnalysis && m.compat != nil {
		m.compat.analysed(owner, a.Checks, took)
	}
}
