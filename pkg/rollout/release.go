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
	// Done says that the primary may go.
	Done    bool
	Wake    time.Duration
	Message string
}

// Release returns the next thing to do to hand an application back without
// losing a request: the target up, the routes back, the primary silent. A
// primary that is not there has nothing to hand back.
func Release(b Barriers, o Observation, now time.Time) Handover {
	t := turn{p: Policy{Barriers: b}, o: o, now: now}
	if o.Primary.Desired == 0 && o.Primary.Serving == 0 {
		return Handover{HandBack: true, Done: true}
	}
	up := Handover{Canary: ScaleFull, Message: "handing back: waiting for the target's pods" + because(o.Canary.Reason)}
	if o.Route.Known {
		if o.Canary.State != Ready || o.Canary.Serving < o.Primary.Serving {
			return up
		}
		if ok, at := t.settled(o.Canary); !ok {
			up.Wake = max(at.Sub(now), time.Millisecond)
			up.Message = "handing back: the target is ready; the routes follow once every proxy knows it"
			return up
		}
		return Handover{Canary: ScaleFull, HandBack: true, Message: "handing back: the routes are given back"}
	}
	base := Decision{Next: Record{Weight: o.Route.Traffic.Canary}, Message: "handing back: the primary goes once it is silent"}
	t.o.Route.Known = true // gone is what the route was to become
	d, q := t.drain(AskPrimarySilent, o.Primary, base)
	return Handover{
		Ask: d.Ask, Canary: ScaleFull, HandBack: q != busy, Done: q != busy, Wake: d.Wake,
		Message: d.Message,
	}
}
