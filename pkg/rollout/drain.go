package rollout

import "time"

// silenceAge is how old an answer about silence may be.
const silenceAge = 2 * time.Second

// drain waits until a side whose weight was taken away has fallen silent: the
// route is read back, every proxy has had time to follow it, and the metrics
// see no request. It returns base with the wait, or true when the side may go.
// A side that still gets requests after DrainMax keeps one replica.
func (t turn) drain(silent Kind, side Health, base Decision) (Decision, bool) {
	if side.Desired == 0 && side.Serving == 0 {
		return base, true
	}
	if !t.o.Route.Known || t.o.Route.Traffic.Canary != base.Next.Weight {
		base.Message = "waiting for the route to be in place before anything is scaled down"
		return base, false
	}
	b := t.p.Barriers
	elapsed := t.now.Sub(t.o.Route.Since)
	if least := max(b.Convergence, b.DrainMin); elapsed < least {
		base.Message = "waiting for requests in flight to end before anything is scaled down"
		return t.wakeAt(base, t.o.Route.Since.Add(least)), false
	}
	a, d, ok := t.ask(silent, silenceAge)
	if !ok {
		if d.Ask.Kind == AskNothing {
			base.Message = ""
			return base, false
		}
		return d, false
	}
	return t.drained(a, elapsed, base)
}

func (t turn) drained(a Answer, elapsed time.Duration, base Decision) (Decision, bool) {
	b := t.p.Barriers
	switch {
	case a.Verdict == Pass:
		return base, true
	case a.Verdict != Fail && elapsed >= b.DrainBlind:
		return base, true // the metrics cannot tell: time must do
	case a.Verdict != Fail:
		base.Message = "waiting for requests in flight to end; the metrics cannot tell" + because(a.Reason)
		return t.wakeAt(base, t.o.Route.Since.Add(b.DrainBlind)), false
	case elapsed >= b.DrainMax && base.Next.Weight == 0:
		base.Canary = ScaleOne
		base.Message = "one replica stays for those who still call it" + because(a.Reason)
		return t.wakeAt(base, t.now.Add(5*silenceAge)), false
	case elapsed >= b.DrainMax:
		return base, true // the primary: a rolling update serves its stragglers
	}
	base.Message = "waiting for requests to end before anything is scaled down" + because(a.Reason)
	return t.wakeAt(base, t.now.Add(silenceAge)), false
}
