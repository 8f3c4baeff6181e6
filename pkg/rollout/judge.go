package rollout

import "fmt"

// analyse judges the current step when the interval has passed.
func (t turn) analyse() Decision {
	if t.now.Before(t.due()) {
		return t.wakeAt(t.stay("%s", t.standing(t.o.Record)), t.due())
	}
	a, d, ok := t.ask(AskAnalysis, 0)
	if !ok {
		return d
	}
	d = t.judge(a)
	if d.Next.CheckedAt.Equal(t.now) {
		d.Checks = a.Checks // with what came of them, not while a gate is still pending
	}
	return d
}

func (t turn) judge(a Answer) Decision {
	switch a.Verdict {
	case Pass:
		return t.passed()
	case Error:
		return t.outage(a)
	case NoData:
		return t.withoutData(a)
	case Unasked, Pending, Fail:
	}
	return t.counted(a.Reason)
}

// passed goes on after a good analysis: to the next step, or to the promotion.
func (t turn) passed() Decision {
	if n := t.o.Record.Iterations + 1; n < t.p.step(t.o.Record).Analyses {
		return t.again(n)
	}
	if s, ok := t.p.nextStep(t.o.Record); ok {
		return t.confirmStep(s)
	}
	return t.confirmPromotion()
}

// again stays at a step that asks for more analyses than have passed.
func (t turn) again(passed int) Decision {
	d := t.stay("")
	d.Next = d.Next.answered(t.now)
	d.Next.Iterations = passed
	d.Message = t.standing(d.Next)
	d.Events = []Event{{Reason: "AnalysisPassed", Message: fmt.Sprintf("Analysis %d of %d passed", passed, t.p.step(d.Next).Analyses)}}
	return t.wakeSoon(d)
}

func (t turn) withoutData(a Answer) Decision {
	switch {
	case t.p.OnNoData == NoDataPasses:
		return t.passed()
	case t.p.OnNoData == NoDataHolds:
		return t.hold("NoData", t.o.Record.Phase, "no data"+because(a.Reason))
	case !t.o.Record.ErrorsSince.IsZero():
		return t.outage(a) // right after an outage the windows are still empty: that is not the canary's fault
	}
	return t.counted("no data" + because(a.Reason))
}

// outage holds the weight while the metrics cannot be asked, for as long as the progress deadline.
func (t turn) outage(a Answer) Decision {
	r := t.o.Record
	since := r.ErrorsSince
	if since.IsZero() {
		since = t.now
	}
	if t.now.Sub(since) >= t.p.ProgressDeadline {
		return t.rollback("MetricsUnavailable since " + clock(since) + because(a.Reason))
	}
	d := t.stay("")
	d.Next.CheckedAt = t.now
	d.Next.ErrorsSince = since
	d.Next.Failure = a.Reason
	d.Message = t.standing(d.Next)
	if r.ErrorsSince.IsZero() {
		d.Events = []Event{{Reason: "MetricsUnavailable", Message: "Canary weight is held" + because(a.Reason), Level: Warn}}
	}
	t.o.Record = d.Next
	return t.wakeAt(d, t.due())
}

// counted counts a failed analysis, and rolls back with the one that reaches the threshold.
func (t turn) counted(reason string) Decision {
	if reason == "" {
		reason = "the analysis failed"
	}
	t.o.Record.FailedChecks++
	if t.o.Record.FailedChecks >= t.p.Threshold {
		return t.rollback(reason)
	}
	d := t.hold("Halted", t.o.Record.Phase, reason)
	d.Events = []Event{{Reason: "Halted", Message: "Halt canary advancement" + t.failures(d.Next) + ": " + reason, Level: Warn}}
	return d
}

// hold keeps the weight because somebody or something said no, and looks again
// after the interval. It says so once for each reason.
func (t turn) hold(event string, phase Phase, why string) Decision {
	d := t.stay("")
	d.Next = d.Next.answered(t.now)
	d.Next.Phase = phase
	d.Next.Failure = why
	d.Message = t.standing(d.Next)
	if why != t.o.Record.Failure {
		d.Events = []Event{{Reason: event, Message: "Held: " + why, Level: Warn}}
	}
	return t.wakeSoon(d)
}

// standing says where a release stands and what is asked next, and when. It is
// made from what is recorded alone, and so stays the same as long as that does.
func (t turn) standing(r Record) string {
	where, again := "the new revision", "asked again"
	switch {
	case t.p.onTrial(r):
		where, again = t.trial(r), "next analysis"
	case r.Weight > 0:
		where, again = fmt.Sprintf("canary weight %d %%", r.Weight), "next analysis"
	case r.Phase == PhaseProgressing, r.Phase == PhaseWaitingPromotion:
		where = "the first step"
	case r.Phase == PhaseWaiting:
		r.FailedChecks = 0 // they were the release's before
	default:
		return where + " waits for the confirm-rollout gate"
	}
	where += t.failures(r)
	next := clock(r.CheckedAt.Add(t.p.Interval))
	switch {
	case !r.ErrorsSince.IsZero():
		return fmt.Sprintf("%s is held: no trustworthy metrics since %s, rolled back at %s unless they return%s",
			where, clock(r.ErrorsSince), clock(r.ErrorsSince.Add(t.p.ProgressDeadline)), because(r.Failure))
	case r.Failure != "":
		return fmt.Sprintf("%s is held: %s; %s at %s", where, r.Failure, again, next)
	case r.Weight == 0 && !t.p.onTrial(r):
		return where + " waits for its hooks and gates"
	}
	return fmt.Sprintf("%s: %s at %s", where, again, next)
}

// trial says on what the canary is tried, and how far that is.
func (t turn) trial(r Record) string {
	s := t.p.step(r)
	on := "without requests of users"
	switch {
	case s.Traffic.Matched:
		on = "on the requests that match"
	case s.Traffic.Mirror:
		on = "on mirrored requests"
	}
	if s.Analyses <= 1 {
		return "the canary is tried " + on
	}
	return fmt.Sprintf("the canary is tried %s, %d of %d analyses passed", on, r.Iterations, s.Analyses)
}

func (t turn) failures(r Record) string {
	if r.FailedChecks == 0 {
		return ""
	}
	return fmt.Sprintf(" (%d of %d failed checks)", r.FailedChecks, t.p.Threshold)
}
