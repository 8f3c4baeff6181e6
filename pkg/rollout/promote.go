package rollout

import "fmt"

// startPromotion chooses how the primary is given the new revision (D14).
func (t turn) startPromotion() Decision {
	d := t.stay("")
	d.Next.Phase = PhasePromoting
	d.Next.Stage = StageNone
	d.Next.CheckedAt = t.now
	d.Events = []Event{{Reason: "Promoting", Message: "Analysis completed: the primary is given the new revision"}}
	switch {
	case t.o.Record.Weight == 100, t.p.PrimaryUpdate != PrimaryUpdateInPlace && t.carriesAll():
		return t.takeAll(d)
	case t.p.PrimaryUpdate == PrimaryUpdateDrained:
		d.Canary = ScaleFull
		d.Message = "promoting: the canary grows to carry all traffic"
		return d
	}
	return t.rollPrimary(d)
}

// carriesAll reports whether the canary has the pods for the whole load.
func (t turn) carriesAll() bool {
	c, p := t.o.Canary, t.o.Primary
	return c.State == Ready && c.Serving >= max(p.Serving, p.Desired)
}

// takeAll moves all traffic to the canary, so that the primary can be rolled with nobody on it.
func (t turn) takeAll(d Decision) Decision {
	d.Next.Stage = StageDrainPrimary
	d.Next.Weight = 100
	d.Message = "promoting: all traffic is on the canary while the primary falls silent"
	return d
}

// rollPrimary copies the target's template to the primary.
func (t turn) rollPrimary(d Decision) Decision {
	d.Promote = t.o.Record.LastApplied
	d.Next.Stage = StageRollPrimary
	d.Message = "promoting: the primary rolls to the new revision"
	return d
}

// promote brings the promoted revision to the primary and the traffic back to it.
func (t turn) promote() Decision {
	if t.o.Revision != t.o.Record.LastApplied {
		return t.movedInPromotion()
	}
	if d, lost := t.canaryLost(); lost {
		return d
	}
	switch t.o.Record.Stage {
	case StageDrainPrimary:
		d := t.stay("promoting: all traffic is on the canary while the primary falls silent")
		wait, done := t.drain(AskPrimarySilent, t.o.Primary, d)
		if !done {
			return wait
		}
		return t.rollPrimary(d)
	case StageRollPrimary:
		return t.awaitPrimary()
	case StageReturn:
		return t.giveBack()
	case StageNone, StageReady:
	}
	if !t.carriesAll() {
		d := t.stay("promoting: the canary grows to carry all traffic: %s", t.o.Canary.Reason)
		d.Canary = ScaleFull
		return t.wakeAt(d, t.now.Add(t.p.Interval))
	}
	return t.takeAll(t.stay(""))
}

// movedInPromotion handles a target that changed during the promotion: its
// pods are rolling to something unvetted, so traffic goes to the primary as
// soon as one of its pods serves.
func (t turn) movedInPromotion() Decision {
	if t.home() > 0 {
		d := t.stay("the target changed during the promotion; traffic leaves the canary as soon as a primary pod serves: %s", t.o.Primary.Reason)
		return t.wakeAt(d, t.now.Add(t.p.Interval))
	}
	d, _ := t.moved()
	return d
}

// canaryLost handles a canary that cannot serve any more while the primary is being updated.
func (t turn) canaryLost() (Decision, bool) {
	bad := t.o.Canary.State == Stuck || t.o.Canary.Serving == 0
	if t.o.Record.Weight == 0 || !bad || t.home() > 0 {
		return Decision{}, false
	}
	if t.o.PrimaryRevision != t.o.Record.LastApplied {
		return t.rollback(t.o.Canary.Reason), true
	}
	d := t.stay("promoting: the canary lost its pods, traffic is back on the primary, which rolls to the new revision")
	d.Next.Weight = 0
	d.Next.Stage = StageRollPrimary
	d.Events = []Event{{Reason: "CanaryLost", Message: "Traffic moves to the primary: " + t.o.Canary.Reason, Level: Warn}}
	return d, true
}

// awaitPrimary waits for the primary's pods of the promoted revision.
func (t turn) awaitPrimary() Decision {
	d := t.stay("promoting: waiting for the primary before traffic returns to it: %s", t.o.Primary.Reason)
	if t.o.PrimaryRevision != t.o.Record.LastApplied {
		return t.rollPrimary(d)
	}
	if t.o.Primary.State == Stuck {
		return t.failPromotion()
	}
	if t.o.Primary.State != Ready {
		return t.wakeAt(d, t.now.Add(t.p.Interval))
	}
	if ok, at := t.settled(t.o.Primary); !ok {
		d.Message = "promoting: the primary is ready; traffic returns once every proxy knows it"
		return t.wakeAt(d, at)
	}
	return t.stepBack()
}

// giveBack moves traffic back to the primary, a step each interval.
func (t turn) giveBack() Decision {
	switch {
	case t.o.Primary.State == Stuck:
		return t.failPromotion()
	case t.o.Primary.State != Ready:
		return t.wakeAt(t.stay("promoting: waiting for the primary before more traffic returns to it: %s", t.o.Primary.Reason), t.now.Add(t.p.Interval))
	case t.now.Before(t.due()):
		return t.wakeAt(t.stay("promoting: canary weight %d %%, the next share returns to the primary at %s", t.o.Record.Weight, clock(t.due())), t.due())
	}
	return t.stepBack()
}

func (t turn) stepBack() Decision {
	w := t.p.nextReturn(t.o.Record.Weight)
	d := t.stay("promoting: canary weight %d %%, the next share returns to the primary at %s", w, clock(t.now.Add(t.p.Interval)))
	d.Next.Stage = StageReturn
	d.Next.Weight = w
	d.Next.CheckedAt = t.now
	d.Events = []Event{{Reason: "Returning", Message: fmt.Sprintf("Traffic returns to the primary: canary weight %d", w)}}
	if w > 0 {
		return t.wakeAt(d, t.now.Add(t.p.Interval))
	}
	d.Next.Phase = PhaseFinalising
	d.Next.Stage = StageNone
	d.Next.LastPromoted = t.o.Record.LastApplied
	d.Message = "finalising: all traffic is on the primary; the canary is taken away once it is silent"
	return d
}

// failPromotion keeps serving from the canary, which is proven, when the primary cannot start.
func (t turn) failPromotion() Decision {
	d := t.stay("promotion failed: the primary cannot start: %s; traffic stays on the canary. Mend the cause, or bring the target to another revision", t.o.Primary.Reason)
	d.Next.Phase = PhaseFailed
	d.Next.Stage = StageRollPrimary
	d.Next.Failure = "the primary cannot start: " + t.o.Primary.Reason
	if !t.o.Primary.Full() && t.o.Canary.State == Ready {
		d.Next.Weight = 100
	}
	d.Stalled = true
	if t.o.Record.Phase != PhaseFailed {
		d.PostRollout = true
		d.Events = []Event{{Reason: "PromotionFailed", Message: "Promotion failed, traffic stays on the canary: " + t.o.Primary.Reason, Level: Alarm}}
	}
	return d
}

// failedPromotion is phase Failed with traffic still on the canary: it looks for the way out.
func (t turn) failedPromotion() Decision {
	r := t.o.Record
	switch {
	case t.o.Revision != r.LastApplied && t.o.Revision == r.LastPromoted && t.o.PrimaryRevision != r.LastPromoted:
		d := t.stay("")
		d.Next.Phase = PhasePromoting
		d.Next.LastApplied = t.o.Revision
		d.Next.CheckedAt = t.now
		d.Events = []Event{{Reason: "Returned", Message: "The target is back at the promoted revision: the primary is given it again"}}
		d = t.rollPrimary(d)
		d.Promote = t.o.Revision
		return d
	case t.o.Revision != r.LastApplied:
		return t.begin("New revision after a failed promotion")
	case t.o.PrimaryRevision != r.LastApplied && t.home() == 0:
		d := t.stay("%s", restMessage(r))
		d.Next.Weight = 0
		return d
	case t.o.PrimaryRevision == r.LastApplied && t.o.Primary.State == Ready:
		d := t.stay("promoting: the primary has started after all; traffic returns to it")
		d.Next.Phase = PhasePromoting
		d.Next.Stage = StageRollPrimary
		d.Next.Failure = ""
		d.Events = []Event{{Reason: "PromotionResumed", Message: "The primary has become ready: the promotion goes on"}}
		return d
	}
	if d, lost := t.canaryLost(); lost {
		return d
	}
	return t.failPromotion()
}

// finalise drains the canary and ends the release.
func (t turn) finalise() Decision {
	if t.o.Revision != t.o.Record.LastApplied && t.isNew() {
		return t.begin("New revision while finalising: the analysis starts")
	}
	d := t.stay("finalising: all traffic is on the primary; the canary is taken away once it is silent")
	wait, done := t.drain(AskCanarySilent, t.o.Canary, d)
	if !done && wait.Canary != ScaleOne {
		return wait
	}
	if done {
		d.Canary = ScaleZero
	} else {
		d.Canary = ScaleOne
	}
	d.Next.Phase = PhaseSucceeded
	d.Next.FailedChecks = 0
	d.Message = restMessage(d.Next)
	d.PostRollout = true
	d.Events = []Event{{Reason: "Succeeded", Message: "Promotion completed: the canary is scaled down"}}
	return d
}
