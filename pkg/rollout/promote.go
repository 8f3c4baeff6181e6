package rollout

import "fmt"

// startPromotion ends the analysis. The primary's template is written only after
// this is on record: a crash in between must not leave an unvetted primary.
func (t turn) startPromotion(how string) Decision {
	t.o.Record = t.o.Record.answered(t.now)
	t.o.Record.Phase = PhasePromoting
	t.o.Record.Stage = StageNone
	t.o.Record.Iterations = 0
	d := t.choosePath()
	d.Events = []Event{{Reason: "Promoting", Message: how + ": the primary is given the new revision"}}
	return d
}

// choosePath decides how the primary is given the new revision (D14).
func (t turn) choosePath() Decision {
	switch {
	case t.o.Record.Weight == 100, t.p.PrimaryUpdate != PrimaryUpdateInPlace && t.carriesAll():
		t.o.Record.Stage = StageDrainPrimary
		t.o.Record.Weight = 100
		return t.stay("promoting: all traffic is on the canary while the primary falls silent")
	case t.p.PrimaryUpdate == PrimaryUpdateDrained:
		return t.growFull("promoting: the canary grows to carry all traffic")
	}
	t.o.Record.Stage = StageRollPrimary
	return t.stay("promoting: the primary rolls to the new revision under its share of traffic")
}

// carriesAll reports whether the canary has the pods for the whole load, and every proxy knows them.
func (t turn) carriesAll() bool {
	ok, _ := t.settled(t.o.Canary)
	load := max(t.o.Primary.Serving, t.o.Primary.Desired)
	if most := t.o.Canary.Most; most > 0 {
		load = min(load, most)
	}
	return ok && t.o.Canary.Serving >= load
}

// promote brings the promoted revision to the primary and the traffic back to it.
func (t turn) promote() Decision {
	if t.o.Revision != t.o.Record.LastApplied {
		return t.moved()
	}
	if d, lost := t.canaryLost(); lost {
		return d
	}
	switch t.o.Record.Stage {
	case StageDrainPrimary:
		return t.drainPrimary()
	case StageRollPrimary:
		return t.rollPrimary()
	case StageReturn:
		return t.giveBack()
	case StageNone, StageReady, StageTrial, StageStranded:
	}
	return t.choosePath()
}

// canaryLost handles a canary that cannot serve any more. Before the primary was
// touched that ends the release, or sets it back to its first step if the pods may
// come back; afterwards the primary takes over as it is.
func (t turn) canaryLost() (Decision, bool) {
	c, r := t.o.Canary, t.o.Record
	vetted := t.o.PrimaryRevision == r.LastApplied || r.LastPromoted == r.LastApplied
	switch {
	case t.home() > 0, c.State != Stuck && (c.Serving > 0 || r.Weight == 0):
		return Decision{}, false
	case !vetted && c.State == Stuck:
		return t.rollback(c.Reason), true
	case !vetted:
		return t.retreat(), true
	case r.Weight == 0, c.Serving > 0 && !t.o.Primary.Full():
		return Decision{}, false
	}
	t.o.Record.Weight = 0
	t.o.Record.Stage = StageRollPrimary
	d := t.stay("promoting: the canary lost its pods, traffic is back on the primary, which rolls to the new revision")
	d.Events = []Event{{Reason: "CanaryLost", Message: "Traffic moves to the primary" + because(c.Reason), Level: Warn}}
	return d, true
}

// drainPrimary waits for the primary to fall silent, and for a canary that can do without it.
func (t turn) drainPrimary() Decision {
	d, q := t.drain(AskPrimarySilent, t.o.Primary, t.stay("promoting: all traffic is on the canary while the primary falls silent"))
	switch {
	case q == busy:
		return d
	case !t.o.Canary.serves():
		return t.wakeSoon(t.stay("promoting: waiting for the canary before the primary is rolled%s", because(t.o.Canary.Reason)))
	}
	t.o.Record.Stage = StageRollPrimary
	return t.rollPrimary()
}

// rollPrimary copies the target's template to the primary and waits for its pods.
func (t turn) rollPrimary() Decision {
	if t.o.PrimaryRevision != t.o.Record.LastApplied {
		d := t.stay("promoting: the primary rolls to the new revision")
		d.Promote = t.o.Record.LastApplied
		return t.wakeSoon(d)
	}
	if d, unfit := t.primaryUnfit(); unfit {
		return d
	}
	return t.stepBack()
}

// giveBack moves traffic back to the primary, a step each interval.
func (t turn) giveBack() Decision {
	if d, unfit := t.primaryUnfit(); unfit {
		return d
	}
	if t.now.Before(t.due()) {
		return t.wakeAt(t.stay("%s", t.returning(t.o.Record)), t.due())
	}
	return t.stepBack()
}

// primaryUnfit returns what to do while the primary cannot take more traffic, and false when it can.
func (t turn) primaryUnfit() (Decision, bool) {
	p := t.o.Primary
	canaryReady, _ := t.settled(t.o.Canary)
	switch {
	case p.State == Stuck:
		return t.failPromotion(), true
	case p.Serving == 0 && t.o.Record.Weight < 100 && canaryReady:
		t.o.Record.Weight = 100
		t.o.Record.Stage = StageRollPrimary
		d := t.stay("promoting: no primary pod serves, all traffic is on the canary%s", because(p.Reason))
		d.Events = []Event{{Reason: "PrimaryLost", Message: "Traffic moves to the canary: no primary pod serves", Level: Warn}}
		return d, true
	case !p.serves():
		d := t.wakeSoon(t.stay("promoting: waiting for the primary before traffic returns to it%s", because(p.Reason)))
		return t.wakeSettled(d, t.o.Canary), true
	}
	if ok, at := t.settled(p); !ok {
		return t.wakeAt(t.stay("promoting: the primary is ready; traffic returns once every proxy knows it"), at), true
	}
	return Decision{}, false
}

// stepBack gives the primary its next share of traffic, and ends the promotion with the last one.
func (t turn) stepBack() Decision {
	w := t.p.nextReturn(t.o.Record.Weight)
	d := t.stay("")
	if w != t.o.Record.Weight {
		d.Events = []Event{{Reason: "Returning", Message: fmt.Sprintf("Traffic returns to the primary: canary weight %d", w)}}
	}
	d.Next.Stage = StageReturn
	d.Next.Weight = w
	d.Next.CheckedAt = t.now
	if w > 0 {
		d.Message = t.returning(d.Next)
		return t.wakeSoon(d)
	}
	d.Next.Phase = PhaseFinalising
	d.Next.Stage = StageNone
	d.Next.LastPromoted = d.Next.LastApplied
	d.Message = finalisingMessage
	return d
}

func (t turn) returning(r Record) string {
	return fmt.Sprintf("promoting: canary weight %d %%, the next share returns to the primary at %s", r.Weight, clock(r.CheckedAt.Add(t.p.Interval)))
}

const finalisingMessage = "finalising: all traffic is on the primary; the canary is taken away once it is silent"

// finalise drains the canary and ends the release. When the target has moved on
// there is no need to: the next release wants the canary's pods.
func (t turn) finalise() Decision {
	d := t.stay(finalisingMessage)
	if t.o.Revision == t.o.Record.LastApplied {
		var gone bool
		if d, gone = t.clear(d); !gone {
			return d
		}
	}
	d.Next.Phase = PhaseSucceeded
	d.Next.FailedChecks = 0
	d.Message = t.resting(d.Next)
	d.PostRollout = true
	d.Events = []Event{{Reason: "Succeeded", Message: "Promotion completed: the primary runs the new revision"}}
	return d
}
