package rollout

import "time"

// Handover is what to do next with an application whose Canary is being deleted.
type Handover struct {
	// Ask, when its Kind is set, is the only field that counts.
	Ask Question
	// Canary is ScaleFull while the target has to grow to the primary's size.
	Canary Scale
	// HandBack gives the routes back as they were before the Canary.
	HandBack bool
	// Keep leaves the primary where it is, with everything that leads to it: it serves,
	// and nobody can take over from it.
	Keep bool
	// Done says that the Canary may go.
	Done    bool
	Wake    time.Duration
	Message string
}

// Release returns the next thing to do to hand an application back without
// losing a request: the target up, the routes back, the primary silent. A
// primary that is not there has nothing to hand back. One that cannot be
// replaced, because the target does not start or callers do not leave, is kept
// when HandoverMax has passed since the deletion.
func Release(b Barriers, o Observation, deleted, now time.Time) Handover {
	t := turn{p: Policy{Barriers: b}, o: o, now: now}
	if o.Primary.Desired == 0 && o.Primary.Serving == 0 {
		return Handover{HandBack: true, Done: true}
	}
	h, done := t.handOver()
	if done {
		return h
	}
	end := deleted.Add(b.HandoverMax)
	hopeless := o.Canary.State == Stuck && o.Route.Known
	switch late := hopeless || !now.Before(end); {
	case h.Ask.Kind != AskNothing:
		return h
	case late && o.Primary.Serving == 0:
		return Handover{HandBack: true, Done: true}
	case late:
		return Handover{Keep: true, Done: true, Message: "the primary keeps serving, and belongs to nobody from now on: " + h.Message}
	}
	if left := end.Sub(now); left > 0 && (h.Wake == 0 || left < h.Wake) {
		h.Wake = left
	}
	return h
}

// handOver returns the next thing to do, and true when it must not be given up for time.
func (t turn) handOver() (Handover, bool) {
	o := t.o
	up := Handover{Canary: ScaleFull, Message: "handing back: waiting for the target's pods" + because(o.Canary.Reason)}
	if o.Route.Known {
		if o.Canary.State != Ready || o.Canary.Serving < o.Primary.Serving {
			return up, false
		}
		if ok, at := t.settled(o.Canary); !ok {
			up.Wake = max(at.Sub(t.now), time.Millisecond)
			up.Message = "handing back: the target is ready; the routes follow once every proxy knows it"
			return up, true
		}
		return Handover{Canary: ScaleFull, HandBack: true, Message: "handing back: the routes are given back"}, true
	}
	base := Decision{Next: Record{Weight: o.Route.Traffic.Canary}, Message: "handing back: the primary goes once it is silent"}
	t.o.Route.Known = true // gone is what the route was to become
	d, q := t.drain(AskPrimarySilent, o.Primary, base)
	return Handover{
		Ask: d.Ask, Canary: ScaleFull, HandBack: q != busy, Done: q != busy, Wake: d.Wake,
		Message: d.Message,
	}, q != busy
}
