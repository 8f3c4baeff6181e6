package rollout

// failPromotion keeps serving from the canary, which is proven, when the
// primary cannot start.
func (t turn) failPromotion() Decision {
	r := t.o.Record
	failure := "the primary cannot start" + because(t.o.Primary.Reason)
	t.o.Record.Phase = PhaseFailed
	t.o.Record.Stage = StageRollPrimary
	t.o.Record.Failure = failure
	if t.leavesPrimary() {
		t.o.Record.Weight = 100
	}
	d := t.stay("promotion failed: %s; canary weight %d %%. Mend the cause, or bring the target to another revision", failure, t.o.Record.Weight)
	d.Stalled = true
	if !t.o.Primary.Full() {
		d = t.wakeSettled(d, t.o.Canary)
		d.Canary = ScaleFull
	}
	if r.Phase != PhaseFailed {
		d.PostRollout = true
		d.Events = []Event{{Reason: "PromotionFailed", Message: "Promotion failed: " + failure, Level: Alarm}}
	}
	return d
}

// leavesPrimary reports whether a stuck primary has too few pods for its share
// and the canary enough for all of it.
func (t turn) leavesPrimary() bool {
	if t.o.Primary.Full() {
		return false
	}
	ok, _ := t.settled(t.o.Canary)
	return t.carriesAll() || ok && t.o.Primary.Serving == 0
}

// failedPromotion is phase Failed with the promoted template on a primary that
// could not start. It looks for the way out: the primary starts after all, or
// the target goes back or on.
func (t turn) failedPromotion() Decision {
	r := t.o.Record
	switch {
	case t.o.Revision != r.LastApplied && (t.o.Revision == r.LastPromoted || t.o.Revision == t.o.PrimaryRevision):
		return t.takeBack()
	case t.o.Revision != r.LastApplied:
		return t.abandonPromotion()
	case t.o.PrimaryRevision != r.LastApplied: // somebody else gave the primary another revision
		d := t.stay("%s", t.resting(r))
		d.Next.Stage = StageNone
		return d
	case t.o.Primary.serves():
		return t.resumePromotion("PromotionResumed", "The primary has become ready: the promotion goes on")
	}
	if d, lost := t.canaryLost(); lost {
		return d
	}
	return t.failPromotion()
}

// takeBack gives the primary the revision that it ran before, which is vetted.
func (t turn) takeBack() Decision {
	t.o.Record.LastApplied = t.o.Revision
	return t.resumePromotion("Returned", "The target is back at the promoted revision: the primary is given it again")
}

func (t turn) resumePromotion(reason, message string) Decision {
	t.o.Record.Phase = PhasePromoting
	t.o.Record.Stage = StageRollPrimary
	t.o.Record.Failure = ""
	d := t.stay("promoting: waiting for the primary before traffic returns to it%s", because(t.o.Primary.Reason))
	d.Events = []Event{{Reason: reason, Message: message}}
	return d
}

// abandonPromotion gives up a failed promotion for a new revision, whose pods
// take the place of the proven ones: traffic leaves them first.
func (t turn) abandonPromotion() Decision {
	switch {
	case t.o.Record.Weight == 0:
		return t.detect()
	case t.home() > 0:
		// Its pods get the traffic already: a gate would protect nobody.
		return t.begin("New revision after a failed promotion")
	}
	d := t.stay("new revision after a failed promotion: traffic leaves the canary")
	d.Next.Weight = 0
	d.Events = []Event{{Reason: "Returning", Message: "New revision after a failed promotion: traffic leaves the canary"}}
	return d
}
