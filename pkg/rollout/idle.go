package rollout

// idle waits for a new revision. It also finishes what the last release left:
// a canary to drain, traffic to bring home, a promotion that failed.
func (t turn) idle() Decision {
	r := t.o.Record
	switch {
	case r.Phase == PhaseFailed && r.Stage == StageRollPrimary:
		return t.failedPromotion()
	case r.Weight > 0:
		return t.bringHome()
	case t.isNew():
		return t.detect()
	case r.LastApplied != t.o.Revision || r.Phase == PhaseWaiting:
		return t.returned()
	}
	d := t.stay("%s", t.resting(r))
	d.Stalled = t.o.Primary.State == Stuck
	if t.o.Canary.Desired > 0 {
		d, _ = t.clear(d)
	}
	return d
}

// resting says what a release that has ended came to.
func (t turn) resting(r Record) string {
	ended := "initialised: the primary serves"
	switch {
	case r.Phase == PhaseFailed:
		ended = "rolled back" + because(r.Failure)
	case r.Phase == PhaseSucceeded:
		ended = "promoted"
	}
	if t.o.Primary.State == Stuck {
		ended += "; the primary does not serve as it should" + because(t.o.Primary.Reason)
	}
	return ended + "; waiting for a new revision of the target"
}

// bringHome handles a release that ended while no primary pod served: its
// traffic goes to the primary as soon as one does.
func (t turn) bringHome() Decision {
	if t.home() == 0 {
		d := t.stay("%s", t.resting(t.o.Record))
		d.Next.Weight = 0
		d.Events = []Event{{Reason: "Returning", Message: "A primary pod serves again: traffic returns to the primary"}}
		return d
	}
	if t.isNew() {
		// Its pods get the traffic already: a gate would protect nobody.
		return t.begin("New revision detected")
	}
	d := t.stay("canary weight %d %% stays until a primary pod serves%s", t.o.Record.Weight, because(t.o.Primary.Reason))
	d.Stalled = t.o.Primary.State == Stuck
	return d
}

// isNew reports whether the target is at a revision that was neither tried last
// nor is what the primary runs.
func (t turn) isNew() bool {
	return t.o.Revision != t.o.Record.LastApplied && t.o.Revision != t.runs()
}

// returned records that there is nothing to release: the target is at what the
// primary runs, or, after a gate kept another one out, at what failed before.
func (t turn) returned() Decision {
	r := t.o.Record
	next := Record{Phase: PhaseSucceeded, LastApplied: t.o.Revision, LastPromoted: t.o.Revision, CheckedAt: r.CheckedAt}
	var events []Event
	switch {
	case t.o.Revision == r.LastApplied && t.o.Revision != r.LastPromoted:
		next.Phase, next.Stage, next.LastPromoted = PhaseFailed, r.Stage, r.LastPromoted
	case r.Phase == PhaseInitialized:
		next.Phase = PhaseInitialized
	case r.Phase == PhaseSucceeded: // a status that another controller wrote
	case t.home() > 0, t.o.Primary.State == Stuck:
		return t.rejoin()
	default:
		events = []Event{{Reason: "Returned", Message: "The target is back at the promoted revision: nothing to release"}}
	}
	return Decision{Route: true, Next: next, Message: t.resting(next), Events: events}
}

// rejoin handles a target that is back at the revision of a primary that cannot
// serve: both have it, so this is a promotion that waits for its primary.
func (t turn) rejoin() Decision {
	r := t.o.Record
	t.o.Record = Record{Weight: t.home(), LastApplied: t.o.Revision, LastPromoted: r.LastPromoted, CheckedAt: r.CheckedAt}
	return t.resumePromotion("Returned", "The target is back at the primary's revision: traffic follows when the primary can serve")
}

// detect asks whether a new revision may be released, and begins when it may.
func (t turn) detect() Decision {
	r := t.o.Record
	if r.Phase == PhaseWaiting {
		w := t
		w.o.Record.LastApplied = t.o.Revision // what a rollback gives up is the revision that waits
		if d, vetoed := w.veto(); vetoed {
			return d
		}
		if t.now.Before(t.due()) {
			return t.wakeAt(t.stay("%s", t.standing(r)), t.due())
		}
	}
	if d, open := t.gate(AskConfirmRollout, PhaseWaiting); !open {
		return d
	}
	return t.begin("New revision detected: the canary is scaled up")
}

// begin starts the release of the target's revision, at weight 0 wherever the primary can serve.
func (t turn) begin(why string) Decision {
	next := Record{
		Phase: PhaseProgressing, Weight: t.home(), LastApplied: t.o.Revision, LastPromoted: t.runs(), CheckedAt: t.now,
	}
	if next.Weight > 0 {
		next.Stage = StageStranded
		why += "; no primary pod serves, so it is analysed at the weight it has"
	}
	t.o.Record = next
	d := t.awaitCanary()
	d.Canary = ScaleUp
	d.Events = []Event{{Reason: "NewRevision", Message: why}}
	return d
}
