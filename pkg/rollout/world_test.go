package rollout

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"time"
)

// tick is how finely the simulated world is cut.
const tick = 250 * time.Millisecond

// kind is what a revision is worth.
type kind int

const (
	good kind = iota
	// bad answers with errors: its analysis fails.
	bad
	// crashing never becomes ready anywhere.
	crashing
	// homesick becomes ready as the canary and not as the primary.
	homesick
)

// far is when pods become ready that never do.
var far = start.Add(1000 * time.Hour)

// pod is one replica; it serves from ready on.
type pod struct {
	revision string
	ready    time.Time
}

// side is a Deployment: a template, a number of replicas and the pods that follow them.
type side struct {
	template string
	replicas int
	// recreate stops all old pods before the first new one starts; otherwise one
	// new pod starts at a time and an old one stops when it serves.
	recreate bool
	pods     []pod
	// progress is when pods last came nearer to the template.
	progress time.Time
	// readySince is the truth about Health.Since.
	readySince time.Time
}

// routing is the weight that the mesh was configured for from some moment on.
type routing struct {
	at      time.Time
	traffic Traffic
}

// world is what a release happens in: two sides, a route, and whatever answers questions.
type world struct {
	now time.Time
	// lags is how long proxies take to follow the route.
	lags    time.Duration
	kinds   map[string]kind
	target  side
	primary side
	// exists is false until the primary was made.
	exists bool
	known  bool
	// routes is the history of the route; the last one is configured.
	routes []routing
	record Record
	// message is the last one that was recorded.
	message string
	policy  Policy

	// metricsDown, noData, gatesClosed, hung and haunted are faults, until the given time.
	metricsDown, noData, gatesClosed, hung, haunted time.Time
	// unlucky makes an analysis of a good revision fail now and then.
	unlucky float64
	// rollback makes the rollback hooks say yes.
	rollback bool
	// rnd decides how long things take; without it they always take the same time.
	rnd *rand.Rand
	// log tells what happened, in seconds since epoch.
	log   []string
	epoch time.Time
}

// takes returns a random time between two, or the one in the middle.
func (w *world) takes(least, most time.Duration) time.Duration {
	if w.rnd == nil {
		return (least + most) / 2
	}
	return least + time.Duration(w.rnd.Int64N(int64(most-least)))
}

// newWorld returns a world with two pods of v1 and no Canary yet.
func newWorld(p Policy) *world {
	w := &world{
		now: start, epoch: start, lags: 1500 * time.Millisecond, kinds: map[string]kind{"v1": good}, policy: p,
		target: side{template: "v1", replicas: 2, progress: start},
	}
	w.target.pods = []pod{{"v1", start}, {"v1", start}}
	w.target.readySince = start
	return w
}

func (w *world) logf(format string, args ...any) {
	w.log = append(w.log, fmt.Sprintf("%7.2fs  ", w.now.Sub(w.epoch).Seconds())+fmt.Sprintf(format, args...))
}

// route returns what the mesh is configured for.
func (w *world) route() routing {
	if !w.known {
		return routing{}
	}
	return w.routes[len(w.routes)-1]
}

func (w *world) setRoute(t Traffic) {
	if w.known && w.route().traffic == t {
		return
	}
	w.known = true
	w.routes = append(w.routes, routing{at: w.now, traffic: t})
}

// carried reports whether requests may have reached a side within the last while.
func (w *world) carried(canary bool, while time.Duration) bool {
	if !w.known {
		return canary
	}
	for _, v := range slices.Backward(w.routes) {
		if canary && (v.traffic.reachesUsers() || v.traffic.Mirror) || !canary && v.traffic.Primary() > 0 {
			return true
		}
		if w.now.Sub(v.at) >= while+w.lags {
			return false
		}
	}
	return canary // before the first route all traffic was on the target
}

// push gives the target a revision of some worth.
func (w *world) push(revision string, k kind) {
	if _, known := w.kinds[revision]; !known {
		w.kinds[revision] = k
	}
	if w.target.template != revision {
		w.logf("target → %s", revision)
		w.target.template, w.target.progress = revision, w.now
	}
}

// step moves pods one tick on.
func (w *world) step() {
	w.now = w.now.Add(tick)
	w.move(&w.target, true)
	if w.exists {
		w.move(&w.primary, false)
	}
}

func (s *side) serving(now time.Time) (all, updated int) {
	for _, p := range s.pods {
		if p.ready.After(now) {
			continue
		}
		all++
		if p.revision == s.template {
			updated++
		}
	}
	return all, updated
}

// move is the Deployment controller and the kubelet of one side.
func (w *world) move(s *side, canary bool) {
	before, _ := s.serving(w.now.Add(-tick))
	s.stopOld(w.now)
	updated := 0
	for _, p := range s.pods {
		if p.revision == s.template {
			updated++
		}
	}
	for updated < s.replicas && len(s.pods) < s.replicas+1 {
		s.pods = append(s.pods, pod{revision: s.template, ready: w.readyAt(s.template, canary)})
		updated++
	}
	if all, _ := s.serving(w.now); all != before {
		s.progress = w.now
	}
	switch {
	case w.health(s, canary).State != Ready:
		s.readySince = time.Time{}
	case s.readySince.IsZero():
		s.readySince = w.now
	}
}

func (w *world) readyAt(revision string, canary bool) time.Time {
	if k := w.kinds[revision]; k == crashing || k == homesick && !canary {
		return far
	}
	return w.now.Add(w.takes(time.Second, 4*time.Second))
}

// stopOld stops pods that are not wanted any more: of another template, or too many.
func (s *side) stopOld(now time.Time) {
	var kept []pod
	all, _ := s.serving(now)
	updated := 0
	for _, p := range s.pods {
		old, serves := p.revision != s.template, !p.ready.After(now)
		switch {
		case old && (s.recreate || !serves || s.replicas == 0):
			continue
		case old && all > s.replicas:
			all--
			continue
		case !old && updated >= s.replicas:
			continue
		case !old:
			updated++
		}
		kept = append(kept, p)
	}
	s.pods = kept
}

// health is what a workload adapter says of a side; Since is the shell's.
func (w *world) health(s *side, canary bool) Health {
	all, updated := s.serving(w.now)
	h := Health{State: Waiting, Reason: fmt.Sprintf("%d of %d ready", updated, s.replicas), Desired: s.replicas, Serving: all}
	broken := w.kinds[s.template] == crashing || w.kinds[s.template] == homesick && !canary
	switch {
	case updated == s.replicas && len(s.pods) == s.replicas:
		h.State, h.Reason = Ready, ""
	case broken && s.replicas > 0 && w.now.Sub(s.progress) > 3*time.Second:
		h.State, h.Reason = Stuck, "CrashLoopBackOff"
	case w.now.Sub(s.progress) > time.Minute:
		h.State, h.Reason = Stuck, "deadline exceeded"
	}
	return h
}

// answer is what somebody who is asked would find out now.
func (w *world) answer(k Kind) Answer {
	a := Answer{Verdict: Pass, At: w.now}
	down := w.now.Before(w.metricsDown)
	switch k {
	case AskAnalysis:
		return w.analysis(a, down)
	case AskCanarySilent, AskPrimarySilent:
		switch {
		case down:
			a.Verdict, a.Reason = Error, "connection refused"
		case w.now.Before(w.haunted) || w.carried(k == AskCanarySilent, 2*time.Second):
			a.Verdict, a.Reason = Fail, "gateway"
		}
	case AskRollback:
		if !w.rollback {
			a.Verdict = Fail
		}
	default:
		if w.now.Before(w.gatesClosed) {
			a.Verdict, a.Reason = Fail, "closed"
		}
	}
	return a
}

func (w *world) analysis(a Answer, down bool) Answer {
	switch {
	case down:
		a.Verdict, a.Reason = Error, "connection refused"
	case w.now.Before(w.noData):
		a.Verdict, a.Reason = NoData, "no values"
	case w.kinds[w.target.template] == bad, w.unlucky > 0 && w.rnd.Float64() < w.unlucky:
		a.Verdict, a.Reason = Fail, "success rate is 80 %"
	}
	return a
}
