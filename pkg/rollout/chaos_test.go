package rollout

import (
	"flag"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"time"
)

var (
	worlds    = flag.Int("worlds", 2000, "how many random worlds to live through")
	firstSeed = flag.Uint64("first-seed", 1, "the seed of the first random world")
)

// chaos is a hostile neighbour: what it may do to a world, each with a probability per tick.
type chaos struct {
	rnd                                                 *rand.Rand
	flicker, routes, replicas, revisions, answers, dies float64
	pushed                                              int
}

func newChaos(seed uint64) *chaos {
	rnd := rand.New(rand.NewPCG(seed, 7))
	p := func(most float64) float64 { return most * rnd.Float64() * float64(rnd.IntN(2)) } // half of the worlds are spared
	return &chaos{
		rnd: rnd, flicker: p(0.03), routes: p(0.02), replicas: p(0.01), revisions: p(0.01), answers: p(0.01), dies: p(0.08),
	}
}

// randomPolicy is any policy that a user may write.
func randomPolicy(rnd *rand.Rand) Policy {
	some := func() bool { return rnd.IntN(3) == 0 }
	p := plan()
	p.Steps = [][]Step{
		ladder(10, 30, 50), ladder(50), ladder(20, 100), ladder(5, 10, 20, 40), mirrored(ladder(40)),
		blueGreen(3, false), blueGreen(2, true), chosenUsers(3), chosenUsers(1),
	}[rnd.IntN(9)]
	p.ReturnSteps = [][]int{nil, nil, {60, 20, 0}}[rnd.IntN(3)]
	p.Threshold = 1 + rnd.IntN(3)
	p.PrimaryUpdate = []PrimaryUpdate{PrimaryUpdateAuto, PrimaryUpdateDrained, PrimaryUpdateInPlace}[rnd.IntN(3)]
	p.OnNoData = []NoDataRule{NoDataCounts, NoDataHolds, NoDataPasses}[rnd.IntN(3)]
	p.SkipAnalysis = rnd.IntN(10) == 0
	p.Asks = Asks{
		ConfirmRollout: some(), PreRollout: some(), Analysis: rnd.IntN(10) > 0, ConfirmTraffic: some(), ConfirmPromotion: some(), Rollback: some(),
	}
	p.Barriers.DrainMax, p.Barriers.DrainBlind = 40*time.Second, 15*time.Second
	return p
}

// strike does to the world what may happen to one in a tick.
func (c *chaos) strike(w *world) {
	if c.happens(c.flicker) {
		side := []*side{&w.target, &w.primary}[c.rnd.IntN(2)]
		for i := range side.pods {
			if c.rnd.IntN(2) == 0 && side.pods[i].ready.Before(w.now) {
				side.pods[i].ready = w.now.Add(time.Duration(500+c.rnd.IntN(4000)) * time.Millisecond)
			}
		}
	}
	if c.happens(c.routes) && w.known {
		w.setRoute(Traffic{Canary: []int{0, 7, 50, 100}[c.rnd.IntN(4)], Mirror: c.rnd.IntN(5) == 0, Matched: c.rnd.IntN(5) == 0})
		w.logf("someone sets the route to %v", w.route().traffic)
	}
	if c.happens(c.replicas) {
		w.target.replicas, w.target.progress = c.rnd.IntN(4), w.now
		w.logf("someone scales the target to %d", w.target.replicas)
	}
	if c.happens(c.replicas/3) && w.exists {
		w.primary.replicas, w.primary.progress = c.rnd.IntN(5), w.now
		w.logf("someone scales the primary to %d", w.primary.replicas)
	}
	if c.happens(c.revisions) {
		c.revise(w)
	}
	if c.happens(c.answers) {
		c.disturb(w)
	}
}

func (c *chaos) happens(p float64) bool { return c.rnd.Float64() < p }

// revise pushes a new revision or one of before.
func (c *chaos) revise(w *world) {
	if c.rnd.IntN(3) == 0 {
		back := w.record.LastPromoted
		if c.rnd.IntN(2) == 0 {
			back = fmt.Sprintf("v%d", 1+c.rnd.IntN(1+c.pushed))
		}
		if back != "" {
			w.push(back, good)
		}
		return
	}
	c.pushed++
	k := []kind{good, good, bad, crashing, homesick}[c.rnd.IntN(5)]
	if w.record.LastPromoted == "" {
		k = good // what it starts with, nobody vets
	}
	w.push(fmt.Sprintf("v%d", 1+c.pushed), k)
}

// disturb makes somebody who is asked fail for a while.
func (c *chaos) disturb(w *world) {
	until := w.now.Add(time.Duration(c.rnd.IntN(90)) * time.Second)
	switch c.rnd.IntN(8) {
	case 0:
		w.metricsDown = until
	case 1:
		w.noData = until
	case 2:
		w.gatesClosed = until
	case 3:
		w.hung = until
	case 4:
		w.haunted = until
	case 5:
		w.unlucky = 0.3 * c.rnd.Float64()
	case 6:
		w.rollback = !w.rollback
	case 7:
		w.policy.Suspended = !w.policy.Suspended
	}
	w.logf("faults until: metrics %s, data %s, gates %s, hung %s, haunted %s, rollback %t, suspended %t", short(w.metricsDown), short(w.noData),
		short(w.gatesClosed), short(w.hung), short(w.haunted), w.rollback, w.policy.Suspended)
}

func short(t time.Time) string {
	if t.IsZero() {
		return "-"
	}
	return t.Sub(start).String()
}

// interrupt makes the controller die, or a write fail, at any effect.
func (c *chaos) interrupt(string) error {
	switch {
	case c.happens(c.dies):
		return errDied
	case c.happens(c.dies / 4):
		return errFailed
	}
	return nil
}

// calm ends every fault.
func (w *world) calm() {
	w.metricsDown, w.noData, w.gatesClosed, w.hung, w.haunted = time.Time{}, time.Time{}, time.Time{}, time.Time{}, time.Time{}
	w.unlucky, w.rollback, w.policy.Suspended = 0, false, false
	if w.exists {
		w.primary.replicas, w.primary.progress = max(w.primary.replicas, 1), w.now
	}
	w.logf("── all faults end")
}

// live moves the world a tick on and lets the controller look at it.
func (s *shell) live(c *chaos) error {
	s.step()
	if c != nil {
		c.strike(s.world)
	}
	return s.look()
}

// TestRandomWorlds lets releases run in worlds in which anything may happen and
// checks after each effect what must never be, and at the end that it ends well.
func TestRandomWorlds(t *testing.T) {
	const parts = 8
	for part := range parts {
		t.Run(fmt.Sprintf("part %d of %d", part+1, parts), func(t *testing.T) {
			t.Parallel()
			for i := part; i < *worlds; i += parts {
				seed := *firstSeed + uint64(i)
				if s, err := liveThrough(seed); err != nil {
					tail := s.log[max(0, len(s.log)-40):]
					t.Fatalf("world %d, at %s: %v\n%+v\n%s", seed, s.now.Sub(start), err, s.policy, strings.Join(tail, "\n"))
				}
			}
		})
	}
}

func liveThrough(seed uint64) (*shell, error) {
	c := newChaos(seed)
	s := newShell(newWorld(randomPolicy(c.rnd)))
	s.rnd = rand.New(rand.NewPCG(seed, seed))
	s.primary.recreate = c.rnd.IntN(4) == 0
	s.target.replicas = 1 + c.rnd.IntN(3)
	s.interrupt = c.interrupt
	for s.now.Before(start.Add(4 * time.Minute)) {
		if err := s.live(c); err != nil {
			return s, err
		}
	}
	s.calm()
	for _, q := range s.asked {
		q.until = s.now
	}
	s.interrupt = func(string) error { return nil }
	if c.rnd.IntN(2) == 0 && s.record.LastPromoted != "" {
		s.push("last", []kind{good, good, bad, crashing, homesick}[c.rnd.IntN(5)])
	}
	failedBefore := s.record.Phase == PhaseFailed && s.record.Stage == StageNone && s.record.LastApplied == s.target.template
	counted := s.record.FailedChecks > 0 || !s.record.ErrorsSince.IsZero()
	if err := s.untilRest(); err != nil {
		return s, err
	}
	return s, s.ended(failedBefore, counted)
}

// untilRest lets the world go on until nothing happens any more.
func (s *shell) untilRest() error {
	last, passes := s.now, s.passes
	for s.now.Sub(last) < 2*s.policy.Interval || !s.wake.IsZero() {
		if err := s.live(nil); err != nil {
			return err
		}
		if s.passes != passes {
			last, passes = s.now, s.passes
		}
		if s.now.Sub(start) > 20*time.Minute {
			return fmt.Errorf("does not come to rest: %s: %s", standingOf(s.record), s.message)
		}
	}
	return nil
}

// ended checks how a world came to rest.
func (s *shell) ended(failedBefore, counted bool) error {
	r, k := s.record, s.kinds[s.target.template]
	tried := !s.policy.SkipAnalysis && s.policy.Asks.Analysis
	promotes := k == good || k == bad && !tried
	served, _ := s.primary.serving(s.now)
	switch {
	case r.Stage == StageRollPrimary && r.Phase == PhaseFailed:
		return s.stuckWell(k)
	case served == 0 && s.kinds[s.primary.template] != good && s.earlier.decided.Stalled:
		return nil // neither revision can start: traffic stays where it was, and a person knows
	case r.Weight != 0 || s.route().traffic != Traffic{}:
		return fmt.Errorf("traffic is left on the canary: %s", standingOf(r))
	case s.target.replicas != 0:
		return fmt.Errorf("the canary is left at %d replicas: %s", s.target.replicas, standingOf(r))
	case served == 0:
		return fmt.Errorf("the primary serves nobody: %s", standingOf(r))
	case r.Phase == PhaseFailed && promotes && (failedBefore || counted):
		return nil // it had failed, or nearly, in worse times
	case r.Phase == PhaseFailed && promotes:
		return fmt.Errorf("a good revision failed when all was well: %s", s.message)
	case r.Phase == PhaseFailed:
		return nil
	case r.Phase != PhaseSucceeded && r.Phase != PhaseInitialized:
		return fmt.Errorf("rests in %s: %s", standingOf(r), s.message)
	case s.primary.template != s.target.template:
		return fmt.Errorf("%s, with %s on the target and %s on the primary", standingOf(r), s.target.template, s.primary.template)
	case k == bad && tried && s.policy.OnNoData != NoDataPasses && s.cleared["last"] && s.target.template == "last":
		return fmt.Errorf("a bad revision was promoted")
	}
	return nil
}

// stuckWell checks a promotion that failed: somebody serves, and it is said why.
func (s *shell) stuckWell(k kind) error {
	canary, _ := s.target.serving(s.now)
	primary, _ := s.primary.serving(s.now)
	w := s.record.Weight
	switch {
	case k != homesick:
		return fmt.Errorf("rests in a failed promotion that nothing holds up: %s", s.message)
	case w > 0 && canary == 0, w < 100 && primary == 0:
		return fmt.Errorf("weight %d with %d canary and %d primary pods", w, canary, primary)
	case !s.earlier.decided.Stalled:
		return fmt.Errorf("nobody is told that the promotion is stuck")
	}
	return nil
}
