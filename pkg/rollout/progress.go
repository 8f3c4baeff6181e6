package rollout

import "fmt"

// progress moves a release through its steps, and keeps the canary at its working size meanwhile.
func (t turn) progress() Decision {
	d := t.release()
	if d.Canary == ScaleKeep && (d.Next.Phase == PhaseProgressing || d.Next.Phase == PhaseWaitingPromotion) {
		d.Canary = ScaleUp
	}
	return d
}

func (t turn) release() Decision {
	r := t.o.Record
	if t.o.Revision != r.LastApplied {
		return t.moved()
	}
	if r.Stage == StageStranded && t.home() == 0 {
		return t.startOver()
	}
	if d, stopped := t.stopped(); stopped {
		return d
	}
	if !t.o.Canary.serves() {
		return t.awaitCanary()
	}
	if ok, at := t.settled(t.o.Canary); !ok {
		return t.wakeAt(t.stay("the canary is ready; %s once every proxy knows it", t.upcoming()), at)
	}
	switch {
	case t.p.SkipAnalysis:
		return t.startPromotion("Analysis skipped")
	case r.Weight == 0 && !t.p.onTrial(r):
		return t.firstStep()
	}
	return t.analyse()
}

// moved handles a target that changed in mid-run: traffic leaves the canary at
// once, before anything is asked. With nobody on the primary it stays.
func (t turn) moved() Decision {
	if t.o.Revision == t.runs() {
		return t.returned()
	}
	return t.begin("New revision during the release: the analysis starts again")
}

// startOver begins the steps of a release that began with nobody on the primary.
func (t turn) startOver() Decision {
	t.o.Record.Stage = StageNone
	t.o.Record.Weight = 0
	d := t.awaitCanary()
	d.Events = []Event{{Reason: "Restarted", Message: "The primary serves again: traffic leaves the canary and the steps begin"}}
	return d
}

// stopped handles what ends or interrupts a release whatever step it is at.
func (t turn) stopped() (Decision, bool) {
	if t.o.Canary.State == Stuck {
		return t.rollback(t.o.Canary.Reason), true
	}
	if t.p.traffic(t.o.Record).reachesUsers() && t.o.Canary.Serving == 0 && t.home() == 0 {
		return t.retreat(), true
	}
	return t.veto()
}

// retreat takes traffic from a canary that lost its last pod. It counts as a
// failed analysis, and the steps begin again when the canary is back.
func (t turn) retreat() Decision {
	t.o.Record.Phase = PhaseProgressing
	t.o.Record.Stage = StageReady
	t.o.Record.Weight = 0
	t.o.Record.Iterations = 0
	d := t.counted("the canary has no ready pod" + because(t.o.Canary.Reason))
	if d.Next.Phase == PhaseProgressing {
		d.Canary = ScaleUp
	}
	return d
}

// awaitCanary waits for the canary's pods.
func (t turn) awaitCanary() Decision {
	return t.wakeSoon(t.stay("waiting for the canary, then %s%s", t.upcoming(), because(t.o.Canary.Reason)))
}

// upcoming says what follows when nothing stands in the way.
func (t turn) upcoming() string {
	s, ok := t.p.nextStep(t.o.Record)
	switch {
	case !ok, t.p.SkipAnalysis:
		return "the promotion"
	case s.trial():
		return "its trial"
	}
	return fmt.Sprintf("canary weight %d %%", s.Traffic.Canary)
}

// firstStep asks what must be asked before the first request reaches the canary.
// A primary that is stuck is not waited for: this release may be its cure.
func (t turn) firstStep() Decision {
	r := t.o.Record
	switch {
	case t.o.Primary.Serving == 0 && t.o.Primary.State != Stuck:
		return t.wakeSoon(t.stay("waiting for the primary before traffic moves%s", because(t.o.Primary.Reason)))
	case t.o.Primary.Serving > 0 && (!t.o.Route.Known || t.o.Route.Traffic != Traffic{}):
		return t.stay("waiting for the route to be at the primary before the first step")
	case r.Failure != "" && t.now.Before(t.due()):
		return t.wakeAt(t.stay("%s", t.standing(r)), t.due())
	}
	if r.Stage != StageReady && r.Stage != StageTrial {
		a, d, ok := t.ask(AskPreRollout, 0)
		if !ok {
			return d
		}
		if a.Verdict != Pass {
			return t.counted("a pre-rollout hook said no" + because(a.Reason))
		}
		t.o.Record.Stage = StageReady // whatever is decided below, the hooks have passed
	}
	if first, ok := t.p.nextStep(t.o.Record); ok {
		return t.confirmStep(first)
	}
	return t.confirmPromotion()
}

// confirmStep asks the gate in front of a step and takes it. Nobody is given all
// requests who cannot carry them.
func (t turn) confirmStep(s Step) Decision {
	refused := t.o.Record.Phase
	if s.Gate == AskConfirmPromotion {
		refused = PhaseWaitingPromotion
	}
	if s.Gate != AskNothing {
		if d, open := t.gate(s.Gate, refused); !open {
			return d
		}
	}
	if s.Traffic.Canary == 100 && !t.carriesAll() {
		return t.growFull("the canary grows to carry all traffic")
	}
	return t.advance(s)
}

// growFull brings the canary to the primary's size.
func (t turn) growFull(why string) Decision {
	d := t.wakeSoon(t.stay("%s%s", why, because(t.o.Canary.Reason)))
	d.Canary = ScaleFull
	return t.wakeSettled(d, t.o.Canary)
}

// advance takes a step.
func (t turn) advance(s Step) Decision {
	d := t.stay("")
	d.Next = d.Next.answered(t.now)
	d.Next.Phase = PhaseProgressing
	d.Next.Weight = s.Traffic.Canary
	d.Next.Iterations = 0
	if d.Next.Stage == StageReady || d.Next.Stage == StageTrial {
		d.Next.Stage = StageNone
	}
	d.Events = []Event{{Reason: "Advanced", Message: fmt.Sprintf("Advance canary weight %d", d.Next.Weight)}}
	if s.trial() {
		d.Next.Stage = StageTrial
		d.Events = []Event{{Reason: "Advanced", Message: "Begin the canary's trial: " + t.trial(d.Next)}}
	}
	d.Message = t.standing(d.Next)
	return t.wakeSoon(d)
}

// confirmPromotion asks the gates in front of the promotion and starts it. The
// gates of traffic have their say before the first time only.
func (t turn) confirmPromotion() Decision {
	if t.o.Record.Phase != PhaseWaitingPromotion {
		if d, open := t.gate(AskConfirmTraffic, t.o.Record.Phase); !open {
			return d
		}
	}
	if d, open := t.gate(AskConfirmPromotion, PhaseWaitingPromotion); !open {
		return d
	}
	return t.startPromotion("Analysis completed")
}

// rollback ends the release. Its only effect is the route; the canary is
// drained and taken away by the idle phases.
func (t turn) rollback(reason string) Decision {
	r := t.o.Record
	d := t.stay("")
	d.Next = Record{
		Phase: PhaseFailed, Weight: t.home(), FailedChecks: r.FailedChecks, LastApplied: r.LastApplied, LastPromoted: r.LastPromoted,
		CheckedAt: t.now, Failure: reason,
	}
	d.Message = t.resting(d.Next)
	d.PostRollout = true
	d.Events = []Event{{Reason: "RolledBack", Message: "Rolling back" + because(reason), Level: Alarm}}
	return d
}
