package rollout

import "time"

// silenceAge is how old an answer about silence may be, and how soon it is asked for again.
const silenceAge = 2 * time.Second

// quiet is how far a side whose weight was taken away has fallen silent.
type quiet int

const (
	// busy means that requests may still be under way.
	busy quiet = iota
	// silent means that none are.
	silent
	// haunted means that somebody still calls after DrainMax.
	haunted
)

// clear takes the canary away once it is silent, but for one replica when
// somebody keeps calling it. It returns false while that has to wait.
func (t turn) clear(base Decision) (Decision, bool) {
	d, q := t.drain(AskCanarySilent, t.o.Canary, base)
	switch q {
	case silent:
		d.Canary = ScaleZero
	case haunted:
		d.Canary = ScaleOne
		d.Message += "; one replica stays for those who still call it" + because(t.o.Evidence[AskCanarySilent].Reason)
		d = t.wakeAt(d, t.now.Add(5*silenceAge))
	case busy:
	}
	return d, q != busy
}

// drain waits until a side whose weight was taken away has fallen silent: the
// route is read back, every proxy has had time to follow it, and the metrics
// see no request. It returns base, with the wait while the side is busy.
func (t turn) drain(ask Kind, side Health, base Decision) (Decision, quiet) {
	if side.Desired == 0 && side.Serving == 0 {
		return base, silent
	}
	if !t.o.Route.Known || t.o.Route.Traffic != t.p.traffic(base.Next) {
		return base, busy
	}
	elapsed := t.now.Sub(t.o.Route.Since)
	least := max(t.p.Barriers.Convergence, t.p.Barriers.DrainMin)
	if elapsed < least {
		return t.wakeAt(base, t.o.Route.Since.Add(least)), busy
	}
	a, d, ok := t.ask(ask, silenceAge)
	switch {
	case ok:
		return t.judgeSilence(a, elapsed, base)
	case d.Ask.Kind != AskNothing:
		return d, busy
	}
	base.Message = "" // the answer is on its way: what was said last still holds
	return base, busy
}

func (t turn) judgeSilence(a Answer, elapsed time.Duration, base Decision) (Decision, quiet) {
	b := t.p.Barriers
	switch {
	case a.Verdict == Pass:
		return base, silent
	case a.Verdict != Fail && elapsed >= b.DrainBlind:
		return base, silent // the metrics cannot tell: time must do
	case a.Verdict != Fail:
		base.Message += "; the metrics cannot tell" + because(a.Reason)
		return t.wakeAt(base, t.o.Route.Since.Add(b.DrainBlind)), busy
	case elapsed >= b.DrainMax:
		return base, haunted
	}
	base.Message += "; it is still called" + because(a.Reason)
	base = t.wakeAt(base, t.now.Add(silenceAge))
	return t.wakeAt(base, t.o.Route.Since.Add(b.DrainMax)), busy
}
