package rollout

// initialise makes the primary, then moves traffic to it, then takes the target
// away. Until the primary can carry it, traffic stays where it is.
func (t turn) initialise() Decision {
	d := t.stay("initialising: the primary takes all traffic; the target's pods go once they are silent")
	d.EnsurePrimary = true
	d.Next.Phase = PhaseInitializing
	d.Next.Weight = 0
	if t.o.Record.Phase == PhaseNone {
		d.Events = []Event{{Reason: "Initializing", Message: "New Canary: the primary is created"}}
	}
	if wait, unfit := t.primaryStarts(d); unfit {
		return wait
	}
	d, gone := t.clear(d)
	if !gone {
		return d
	}
	d.Next = Record{
		Phase: PhaseInitialized, LastApplied: t.o.PrimaryRevision, LastPromoted: t.o.PrimaryRevision, CheckedAt: t.o.Record.CheckedAt,
	}
	d.Message = t.resting(d.Next)
	d.Events = append(d.Events, Event{Reason: "Initialized", Message: "Initialization done: the primary takes all traffic"})
	return d
}

// primaryStarts returns the wait for a primary that cannot take traffic yet, and false when it can.
func (t turn) primaryStarts(d Decision) (Decision, bool) {
	d.Route = false
	if !t.o.Route.Known && t.o.PrimaryRevision != "" && t.o.PrimaryRevision != t.o.Revision {
		d.Promote = t.o.Revision // nobody is on the primary yet: follow the target
	}
	if !t.o.Primary.serves() || d.Promote != "" {
		d.Message = "waiting for the primary before any traffic moves" + because(t.o.Primary.Reason)
		if t.o.Primary.State == Stuck && d.Promote == "" {
			d.Stalled = true
			return d, true
		}
		return t.wakeSoon(d), true
	}
	if ok, at := t.settled(t.o.Primary); !ok {
		d.Message = "the primary is ready; traffic moves to it once every proxy knows it"
		return t.wakeAt(d, at), true
	}
	return d, false
}
