package rollout

import (
	"fmt"
	"time"
)

// progress moves a release through its steps.
func (t turn) progress() Decision {
	if d, moved := t.moved(); moved {
		return d
	}
	r := t.o.Record
	if d, stopped := t.stopped(); stopped {
		return d
	}
	if t.o.Canary.State != Ready {
		d := t.up(t.stay("waiting for the canary, then %s: %s", t.upcoming(), t.o.Canary.Reason))
		return t.wakeAt(d, t.now.Add(t.p.Interval)) // deadlines pass without an event
	}
	if r.Weight == 0 {
		return t.up(t.firstStep())
	}
	return t.up(t.analyse())
}

// up keeps the canary at its working size while a release runs.
func (t turn) up(d Decision) Decision {
	if d.Canary == ScaleKeep && d.Next.Phase != PhaseFailed {
		d.Canary = ScaleUp
	}
	return d
}

// moved handles a target that changed in mid-run: traffic leaves the canary at
// once, before anything else is asked.
func (t turn) moved() (Decision, bool) {
	rev, r := t.o.Revision, t.o.Record
	switch {
	case rev == r.LastApplied:
		return Decision{}, false
	case rev == r.LastPromoted && t.o.PrimaryRevision != r.LastApplied && t.home() == 0:
		d := t.returned()
		d.Events[0].Message = "Release aborted: the target is back at the promoted revision"
		return d, true
	}
	return t.begin("New revision during the release: traffic leaves the canary and the analysis starts again"), true
}

// stopped handles what ends or interrupts a release whatever step it is at.
func (t turn) stopped() (Decision, bool) {
	if t.o.Canary.State == Stuck {
		return t.rollback(t.o.Canary.Reason), true
	}
	if t.o.Record.Weight > 0 && t.o.Canary.Serving == 0 && t.home() == 0 {
		return t.retreat(), true
	}
	a, d, ok := t.ask(AskRollback, t.p.Interval)
	switch {
	case !ok && d.Ask.Kind != AskNothing:
		return d, true
	case ok && t.p.Asks.Rollback && a.Verdict == Pass:
		return t.rollback("a rollback hook asked for it"), true
	}
	return Decision{}, false // no, or not answered yet: a hung hook holds nothing up
}

// retreat takes traffic from a canary that lost its last pod. It counts as a
// failed analysis, and the steps begin again.
func (t turn) retreat() Decision {
	d := t.counted("the canary has no ready pod: " + t.o.Canary.Reason)
	if d.Next.Phase == PhaseFailed {
		return d
	}
	d.Next.Weight = 0
	d.Next.Stage = StageReady
	d.Message = "traffic left the canary, which has no ready pod; the steps begin again when it is back"
	return t.up(d)
}

// firstStep asks what must be asked before the first request reaches the canary.
func (t turn) firstStep() Decision {
	r := t.o.Record
	if t.o.Primary.Serving == 0 {
		return t.stay("waiting for the primary before traffic moves: %s", t.o.Primary.Reason)
	}
	if ok, at := t.settled(t.o.Canary); !ok {
		return t.wakeAt(t.stay("the canary is ready; %s once every proxy knows it", t.upcoming()), at)
	}
	if !t.o.Route.Known || t.o.Route.Traffic.Canary != 0 {
		return t.stay("waiting for the route to be at the primary before the first step")
	}
	if t.p.SkipAnalysis {
		return t.startPromotion()
	}
	if (r.FailedChecks > 0 || r.Stage == StageReady) && t.now.Before(t.due()) {
		return t.wakeAt(t.stay("the first step is held, asked again at %s", clock(t.due())), t.due())
	}
	if r.Stage != StageReady {
		a, d, ok := t.ask(AskPreRollout, 0)
		if !ok {
			return d
		}
		if a.Verdict != Pass {
			return t.counted("a pre-rollout hook refused" + because(a.Reason))
		}
	}
	first, ok := t.p.nextStep(0)
	if !ok {
		return t.confirmPromotion()
	}
	d := t.confirmStep(first)
	if d.Ask.Kind == AskNothing && d.Next.Weight == 0 && d.Message != "" {
		d.Next.Stage = StageReady
	}
	return d
}

// confirmStep asks the gates in front of a step and takes it.
func (t turn) confirmStep(w int) Decision {
	a, d, ok := t.ask(AskConfirmTraffic, 0)
	if !ok {
		return d
	}
	if a.Verdict != Pass {
		return t.refuse(t.o.Record.Phase, "the confirm-traffic-increase gate", a)
	}
	return t.advance(w)
}

// advance takes a step.
func (t turn) advance(w int) Decision {
	due := t.now.Add(t.p.Interval)
	d := t.stay("canary weight %d %%%s: next analysis at %s", w, t.failures(t.o.Record.FailedChecks), clock(due))
	d.Next.Phase = PhaseProgressing
	d.Next.Stage = StageNone
	d.Next.Weight = w
	d.Next.CheckedAt = t.now
	d.Next.ErrorsSince = time.Time{}
	d.Events = []Event{{Reason: "Advanced", Message: fmt.Sprintf("Advance canary weight %d", w)}}
	return t.wakeAt(d, due)
}

func (t turn) failures(n int) string {
	if n == 0 {
		return ""
	}
	return fmt.Sprintf(" (%d of %d failed checks)", n, t.p.Threshold)
}

// upcoming says what follows when nothing stands in the way.
func (t turn) upcoming() string {
	if w, ok := t.p.nextStep(t.o.Record.Weight); ok && !t.p.SkipAnalysis {
		return fmt.Sprintf("canary weight %d %%", w)
	}
	return "the promotion"
}

// analyse judges the current step when the interval has passed.
func (t turn) analyse() Decision {
	r := t.o.Record
	if t.now.Before(t.due()) {
		d := t.stay("canary weight %d %%%s: next analysis at %s", r.Weight, t.failures(r.FailedChecks), clock(t.due()))
		return t.wakeAt(d, t.due())
	}
	a, d, ok := t.ask(AskAnalysis, 0)
	if !ok {
		return d
	}
	d = t.judged(a)
	if d.Ask.Kind == AskNothing && d.Message != "" {
		d.Checks = a.Checks
	}
	return d
}

func (t turn) judged(a Answer) Decision {
	// Right after an outage the windows are empty still: that is the outage, not the canary.
	outage := a.Verdict == Error || a.Verdict == NoData && !t.o.Record.ErrorsSince.IsZero()
	switch {
	case outage:
		return t.outage(a)
	case a.Verdict == Pass, a.Verdict == NoData && t.p.OnNoData == NoDataPasses:
		return t.passed()
	case a.Verdict == NoData && t.p.OnNoData == NoDataHolds:
		d := t.refuse(t.o.Record.Phase, "data", a)
		d.Events = []Event{{Reason: "NoData", Message: "Canary weight is held" + because(a.Reason), Level: Warn}}
		return d
	}
	return t.counted(a.Reason)
}

// outage holds the weight while the metrics cannot be asked, for as long as the progress deadline.
func (t turn) outage(a Answer) Decision {
	since := t.o.Record.ErrorsSince
	if since.IsZero() {
		since = t.now
	}
	if t.now.Sub(since) >= t.p.ProgressDeadline {
		return t.rollback("MetricsUnavailable since " + clock(since) + because(a.Reason))
	}
	next := t.now.Add(t.p.Interval)
	d := t.stay("canary weight %d %% is held: no trustworthy metrics since %s, rolled back at %s unless they return%s",
		t.o.Record.Weight, clock(since), clock(since.Add(t.p.ProgressDeadline)), because(a.Reason))
	d.Next.CheckedAt = t.now
	d.Next.ErrorsSince = since
	if t.o.Record.ErrorsSince.IsZero() {
		d.Events = []Event{{Reason: "MetricsUnavailable", Message: "Canary weight is held" + because(a.Reason), Level: Warn}}
	}
	return t.wakeAt(d, next)
}

// counted counts a failed analysis, and rolls back with the one that reaches the threshold.
func (t turn) counted(reason string) Decision {
	n := t.o.Record.FailedChecks + 1
	if n >= t.p.Threshold {
		d := t.rollback(reason)
		d.Next.FailedChecks = n
		return d
	}
	next := t.now.Add(t.p.Interval)
	d := t.stay("canary weight %d %% is held%s: %s; next analysis at %s", t.o.Record.Weight, t.failures(n), reason, clock(next))
	d.Next.FailedChecks = n
	d.Next.CheckedAt = t.now
	d.Next.ErrorsSince = time.Time{}
	d.Events = []Event{{Reason: "Halted", Message: fmt.Sprintf("Halt canary advancement%s: %s", t.failures(n), reason), Level: Warn}}
	return t.wakeAt(d, next)
}

// passed goes on after a good analysis: to the next step, or to the promotion.
func (t turn) passed() Decision {
	if w, ok := t.p.nextStep(t.o.Record.Weight); ok {
		return t.confirmStep(w)
	}
	a, d, ok := t.ask(AskConfirmTraffic, 0)
	if !ok {
		return d
	}
	if a.Verdict != Pass {
		return t.refuse(t.o.Record.Phase, "the confirm-traffic-increase gate", a)
	}
	return t.confirmPromotion()
}

func (t turn) confirmPromotion() Decision {
	a, d, ok := t.ask(AskConfirmPromotion, 0)
	if !ok {
		return d
	}
	if a.Verdict == Pass {
		return t.startPromotion()
	}
	d = t.refuse(PhaseWaitingPromotion, "the confirm-promotion gate", a)
	if t.o.Record.Phase == PhaseWaitingPromotion {
		d.Events = nil
	}
	return d
}

// rollback ends the release. Its only effect is the route; the canary is
// drained and taken away by the idle phases.
func (t turn) rollback(reason string) Decision {
	r := t.o.Record
	d := t.stay("rolled back: %s; waiting for a new revision of the target", reason)
	d.Next = Record{
		Phase: PhaseFailed, Weight: t.home(), FailedChecks: r.FailedChecks, LastApplied: r.LastApplied, LastPromoted: r.LastPromoted,
		CheckedAt: t.now, Failure: reason,
	}
	d.PostRollout = true
	d.Events = []Event{{Reason: "RolledBack", Message: "Rolling back: " + reason, Level: Alarm}}
	return d
}
