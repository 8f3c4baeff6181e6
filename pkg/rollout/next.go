package rollout

import (
	"fmt"
	"time"
)

// MaxQuestions is how many questions Next asks at most before it decides.
const MaxQuestions = 5

// Next returns what to do now. It asks for at most MaxQuestions pieces of
// evidence one after the other, and never for one that it was given.
func Next(p Policy, o Observation, now time.Time) Decision {
	t := turn{p: p, o: o, now: now}
	d := t.decide()
	if d.Ask.Kind == AskNothing {
		d.HoldPrimary = holdsPrimary(d.Next)
	}
	return d
}

// turn is one call of Next: what every phase needs.
type turn struct {
	p   Policy
	o   Observation
	now time.Time
}

func (t turn) decide() Decision {
	if t.p.Suspended {
		return t.suspended()
	}
	switch t.o.Record.Phase {
	case PhaseInitialized, PhaseSucceeded, PhaseFailed, PhaseWaiting:
		return t.idle()
	case PhaseProgressing, PhaseWaitingPromotion:
		return t.progress()
	case PhasePromoting:
		return t.promote()
	case PhaseFinalising:
		return t.finalise()
	case PhaseNone, PhaseInitializing:
		return t.initialise()
	}
	return t.initialise() // a phase of another controller's: begin from what is there
}

// holdsPrimary reports whether the primary must keep its size: traffic is away
// from it, or has only just come back.
func holdsPrimary(r Record) bool {
	return r.Weight > 0 || r.Phase == PhasePromoting || r.Phase == PhaseFinalising
}

func (t turn) suspended() Decision {
	d := t.stay("suspended: nothing changes until spec.suspend is removed")
	d.Canary = ScaleKeep
	d.Route = t.o.Route.Known && t.o.Record.Phase != PhaseNone && t.o.Record.Phase != PhaseInitializing
	return d
}

// stay keeps weight and phase and says what is waited for.
func (t turn) stay(format string, args ...any) Decision {
	return Decision{Route: true, Next: t.o.Record, Message: fmt.Sprintf(format, args...)}
}

// wakeAt makes the decision be looked at again at the given time, at the latest.
func (t turn) wakeAt(d Decision, at time.Time) Decision {
	wait := max(at.Sub(t.now), time.Millisecond)
	if d.Wake == 0 || wait < d.Wake {
		d.Wake = wait
	}
	return d
}

// ask returns the answer to a question. When there is none yet it returns the
// decision to return instead, and false. What nobody configured is a pass.
func (t turn) ask(k Kind, maxAge time.Duration) (Answer, Decision, bool) {
	if !t.p.Asks.configured(k) {
		return Answer{Verdict: Pass}, Decision{}, true
	}
	a := t.o.Evidence[k]
	switch a.Verdict {
	case Unasked:
		return a, Decision{Ask: Question{Kind: k, Round: t.round(k), MaxAge: maxAge}}, false
	case Pending:
		return a, t.stay(""), false
	case Pass, Fail, NoData, Error:
	}
	return a, Decision{}, true
}

// round names one asking of a question. Questions with an age limit are asked
// again when the answer is too old; all others when something was recorded.
func (t turn) round(k Kind) string {
	r := t.o.Record
	switch k {
	case AskRollback, AskCanarySilent, AskPrimarySilent:
		return t.o.Revision
	case AskNothing, AskConfirmRollout, AskPreRollout, AskAnalysis, AskConfirmTraffic, AskConfirmPromotion:
	}
	return fmt.Sprintf("%s/%s/%d/%d/%d", t.o.Revision, r.Phase, r.Weight, r.FailedChecks, r.CheckedAt.Unix())
}

func (a Asks) configured(k Kind) bool {
	switch k {
	case AskConfirmRollout:
		return a.ConfirmRollout
	case AskPreRollout:
		return a.PreRollout
	case AskAnalysis:
		return a.Analysis
	case AskConfirmTraffic:
		return a.ConfirmTraffic
	case AskConfirmPromotion:
		return a.ConfirmPromotion
	case AskRollback:
		return a.Rollback
	case AskNothing, AskCanarySilent, AskPrimarySilent:
	}
	return true
}

// due returns when the next analysis or gate may be asked.
func (t turn) due() time.Time { return t.o.Record.CheckedAt.Add(t.p.Interval) }

// home returns the weight to fall back to: 0, unless the primary has nobody to
// serve with, in which case traffic stays where it is (S2).
func (t turn) home() int {
	if t.o.Primary.Serving > 0 {
		return 0
	}
	return t.o.Record.Weight
}

// settled reports whether a side has been ready long enough for every proxy to
// know its pods, and when it will have been.
func (t turn) settled(h Health) (bool, time.Time) {
	at := h.Since.Add(t.p.Barriers.Settle)
	return h.State == Ready && !t.now.Before(at), at
}

// clock formats a time for messages. It is absolute, so that a message does not
// change while nothing else does.
func clock(at time.Time) string { return at.UTC().Format("15:04:05") }
