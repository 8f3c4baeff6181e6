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
	o.Record.Weight = min(max(o.Record.Weight, 0), 100) // anybody can write a status
	t := turn{p: p, o: o, now: now}
	d := t.decide()
	if d.Ask.Kind != AskNothing {
		return d
	}
	return t.complete(d)
}

// turn is one call of Next: what every phase needs. It is passed by value, so a
// phase may change its copy of the record to speak for what it is about to record.
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

// suspended leaves everything to people, routes included. An outage of the
// metrics is not counted on: nobody asks them meanwhile.
func (t turn) suspended() Decision {
	d := t.stay("suspended: nothing changes until spec.suspend is removed")
	d.Route = false
	d.Next.ErrorsSince = time.Time{}
	return d
}

// complete adds what holds for every decision.
func (t turn) complete(d Decision) Decision {
	d.Traffic = t.p.traffic(d.Next)
	d.HoldPrimary = holdsPrimary(d)
	if t.p.Suspended {
		return d
	}
	d.EnsurePrimary = d.EnsurePrimary || t.primaryGone()
	d.Route = d.Route && !t.toNobody(d.Traffic)
	if d.Canary == ScaleKeep && d.Next.Weight > 0 {
		d.Canary = workingSize(d.Next) // whoever gets requests keeps its pods
	}
	if d.Wake == 0 && d.Next != t.o.Record {
		d = t.wakeAt(d, t.now) // what follows may need no event
	}
	return d
}

// holdsPrimary reports whether the primary must keep its size: traffic is away
// from it, or has only just come back.
func holdsPrimary(d Decision) bool {
	return d.Traffic.reachesUsers() || d.Next.Phase == PhasePromoting || d.Next.Phase == PhaseFinalising
}

// primaryGone reports whether somebody deleted the primary while the target is
// at the promoted revision. At any other revision a new primary would be an
// unvetted one, and a person must choose.
func (t turn) primaryGone() bool {
	return t.o.PrimaryRevision == "" && t.o.Primary.Desired == 0 && t.o.Primary.Serving == 0 &&
		t.o.Revision == t.o.Record.LastPromoted
}

// toNobody reports whether a write of the route would give requests to a side
// with nobody on it while the other serves. Such an edit by others is not put
// right before somebody is back.
func (t turn) toNobody(to Traffic) bool {
	is, canary, primary := t.o.Route.Traffic, t.o.Canary.Serving, t.o.Primary.Serving
	if !t.o.Route.Known {
		return false
	}
	return to.lessThan(is) && primary == 0 && canary > 0 || is.lessThan(to) && canary == 0 && primary > 0
}

// workingSize returns the scale of a canary that gets requests.
func workingSize(r Record) Scale {
	if r.Weight == 100 && (r.Phase == PhasePromoting || r.Phase == PhaseFailed) {
		return ScaleFull
	}
	return ScaleUp
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

// wakeSoon makes the decision be looked at again after the interval: deadlines pass without an event.
func (t turn) wakeSoon(d Decision) Decision { return t.wakeAt(d, t.now.Add(t.p.Interval)) }

// wakeSettled makes the decision be looked at again when a side that has become ready is settled.
func (t turn) wakeSettled(d Decision, h Health) Decision {
	if ok, at := t.settled(h); !ok && h.serves() {
		return t.wakeAt(d, at)
	}
	return d
}

// due returns when the next analysis or gate may be asked: after the interval,
// but no later than an outage of the metrics is to end the release.
func (t turn) due() time.Time {
	due := t.o.Record.CheckedAt.Add(t.p.Interval)
	end := t.o.Record.ErrorsSince.Add(t.p.ProgressDeadline)
	if !t.o.Record.ErrorsSince.IsZero() && end.Before(due) {
		return end
	}
	return due
}

// runs returns the revision that the primary carries.
func (t turn) runs() string {
	if t.o.PrimaryRevision != "" {
		return t.o.PrimaryRevision
	}
	return t.o.Record.LastPromoted
}

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
	return h.serves() && !t.now.Before(at), at
}

// clock formats a time for messages. It is absolute, so that a message does not
// change while nothing else does.
func clock(at time.Time) string { return at.UTC().Format("15:04:05 UTC") }

func because(reason string) string {
	if reason == "" {
		return ""
	}
	return ": " + reason
}
