package rollout

// initialise makes the primary, then moves traffic to it, then takes the target away.
func (t turn) initialise() Decision {
	d := t.stay("")
	d.EnsurePrimary = true
	d.Next.Phase = PhaseInitializing
	d.Next.Weight = 0
	d.Route = t.o.Route.Known
	if !t.o.Route.Known && t.o.PrimaryRevision != "" && t.o.PrimaryRevision != t.o.Revision {
		d.Promote = t.o.Revision // nobody is on the primary yet: follow the target
	}
	if t.o.Record.Phase == PhaseNone {
		d.Events = []Event{{Reason: "Initializing", Message: "New Canary: the primary is created"}}
	}
	if t.o.Primary.State != Ready || d.Promote != "" {
		d.Message = "waiting for the primary before any traffic moves: " + t.o.Primary.Reason
		d.Stalled = t.o.Primary.State == Stuck
		return d
	}
	if ok, at := t.settled(t.o.Primary); !ok && !d.Route {
		d.Message = "the primary is ready; traffic moves to it once every proxy knows it"
		return t.wakeAt(d, at)
	}
	d.Route = true
	wait, done := t.drain(AskCanarySilent, t.o.Canary, d)
	if !done {
		return wait
	}
	d.Canary = ScaleZero
	d.Next.Phase = PhaseInitialized
	d.Next.LastApplied, d.Next.LastPromoted = t.o.PrimaryRevision, t.o.PrimaryRevision
	d.Message = "initialised: the primary serves; waiting for a new revision of the target"
	d.Events = []Event{{Reason: "Initialized", Message: "Initialization done: the primary takes all traffic"}}
	return d
}

// idle waits for a new revision. It also finishes what the last release left:
// a canary to drain, a promotion that failed.
func (t turn) idle() Decision {
	r := t.o.Record
	if r.Weight > 0 {
		return t.failedPromotion()
	}
	if t.isNew() {
		return t.detect()
	}
	d := t.stay("%s", restMessage(r))
	if r.LastApplied != t.o.Revision || r.Phase == PhaseWaiting {
		return t.returned()
	}
	if t.o.Canary.Desired == 0 {
		return d
	}
	wait, done := t.drain(AskCanarySilent, t.o.Canary, d)
	if !done {
		return wait
	}
	d.Canary = ScaleZero
	return d
}

func restMessage(r Record) string {
	switch {
	case r.Phase == PhaseFailed && r.Failure != "":
		return "rolled back: " + r.Failure + "; waiting for a new revision of the target"
	case r.Phase == PhaseFailed:
		return "rolled back; waiting for a new revision of the target"
	case r.Phase == PhaseSucceeded:
		return "promoted; waiting for a new revision of the target"
	}
	return "initialised: the primary serves; waiting for a new revision of the target"
}

// isNew reports whether the target is at a revision that was neither tried
// last, nor promoted last, nor is already what the primary runs.
func (t turn) isNew() bool {
	rev, r := t.o.Revision, t.o.Record
	return rev != r.LastApplied && rev != r.LastPromoted && rev != t.o.PrimaryRevision
}

// returned records that the target is back at what the primary runs, so there is nothing to release.
func (t turn) returned() Decision {
	d := t.stay("the target is at the promoted revision; waiting for a new one")
	d.Next = Record{
		Phase: PhaseSucceeded, Weight: t.home(), LastApplied: t.o.Revision, LastPromoted: t.o.Revision,
		CheckedAt: t.o.Record.CheckedAt,
	}
	if t.o.Record.Phase == PhaseInitialized {
		d.Next.Phase = PhaseInitialized
	}
	d.Events = []Event{{Reason: "Returned", Message: "The target is back at the promoted revision: nothing to release"}}
	return d
}

// detect asks whether a new revision may be released, and begins when it may.
func (t turn) detect() Decision {
	r := t.o.Record
	waiting := t.stay("waiting for the confirm-rollout gate, asked again at %s", clock(t.due()))
	if r.Phase == PhaseWaiting && t.now.Before(t.due()) {
		return t.wakeAt(waiting, t.due())
	}
	a, d, ok := t.ask(AskConfirmRollout, 0)
	if !ok {
		return d
	}
	if a.Verdict == Pass {
		return t.begin("New revision detected: the canary is scaled up")
	}
	refused := t.refuse(PhaseWaiting, "the confirm-rollout gate", a)
	if r.Phase == PhaseWaiting {
		refused.Events = nil
	}
	return refused
}

// refuse records that a gate said no and asks again after the interval.
func (t turn) refuse(phase Phase, gate string, a Answer) Decision {
	next := t.now.Add(t.p.Interval)
	d := t.stay("waiting for %s, asked again at %s%s", gate, clock(next), because(a.Reason))
	d.Next.Phase = phase
	d.Next.CheckedAt = t.now
	d.Events = []Event{{Reason: "WaitingForApproval", Message: "Waiting for " + gate + because(a.Reason), Level: Warn}}
	return t.wakeAt(d, next)
}

func because(reason string) string {
	if reason == "" {
		return ""
	}
	return ": " + reason
}

// begin starts the release of the target's revision, at weight 0 wherever the primary can serve.
func (t turn) begin(why string) Decision {
	d := t.stay("new revision: waiting for the canary's pods, then traffic moves step by step")
	promoted := t.o.Record.LastPromoted
	if t.o.PrimaryRevision != "" && t.o.PrimaryRevision == t.o.Record.LastApplied {
		promoted = t.o.PrimaryRevision
	}
	d.Next = Record{
		Phase: PhaseProgressing, Weight: t.home(), LastApplied: t.o.Revision, LastPromoted: promoted, CheckedAt: t.now,
	}
	d.Canary = ScaleUp
	d.Events = []Event{{Reason: "NewRevision", Message: why}}
	return d
}
