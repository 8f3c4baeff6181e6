package rollout

import (
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// running returns a shell in a world where v1 is initialised and nothing else happened.
func running(t *testing.T, p Policy) *shell {
	t.Helper()
	s := newShell(newWorld(p))
	rest(t, s)
	if s.record.Phase != PhaseInitialized {
		t.Fatalf("rests in %s, want Initialized: %s", standingOf(s.record), s.message)
	}
	s.log = nil
	return s
}

// rest lets the world go on until nothing happens any more.
func rest(t *testing.T, s *shell) {
	t.Helper()
	if err := s.untilRest(); err != nil {
		t.Fatal(err)
	}
}

// lasts lets the world go on for a while.
func lasts(t *testing.T, s *shell, while time.Duration) {
	t.Helper()
	for until := s.now.Add(while); s.now.Before(until); {
		if err := s.live(nil); err != nil {
			t.Fatal(err)
		}
	}
}

// final is what a world comes to.
type final struct {
	Phase                                Phase
	Weight, Replicas                     int
	Target, Primary, Applied, Promoted   string
	RollsOfV2, RollsOfV3, StatusFailures int
}

func (s *shell) final() final {
	return final{
		Phase: s.record.Phase, Weight: s.route().traffic.Canary, Replicas: s.target.replicas, Target: s.target.template,
		Primary: s.primary.template, Applied: s.record.LastApplied, Promoted: s.record.LastPromoted,
		RollsOfV2: s.done["v2"], RollsOfV3: s.done["v3"], StatusFailures: s.record.FailedChecks,
	}
}

func paths() map[string]func(*Policy) {
	return map[string]func(*Policy){
		"drained":        func(*Policy) {},
		"in place":       func(p *Policy) { p.PrimaryUpdate = PrimaryUpdateInPlace },
		"step by step":   func(p *Policy) { p.ReturnSteps = []int{60, 20, 0} },
		"all the way":    func(p *Policy) { p.Steps = ladder(100) },
		"with all gates": every,
		"not analysed":   func(p *Policy) { p.SkipAnalysis = true },
		"with nothing":   func(p *Policy) { p.Asks = Asks{} },
		"without steps":  func(p *Policy) { p.Steps = nil },
		"mirrored first": func(p *Policy) { p.Steps = mirrored(p.Steps) },
		"blue/green":     func(p *Policy) { p.Steps = blueGreen(3, false) },
		"blue/green with mirror and gates": func(p *Policy) {
			p.Steps = blueGreen(3, true)
			every(p)
		},
		"chosen users": func(p *Policy) { p.Steps = chosenUsers(3) },
	}
}

func TestAGoodRevisionSucceeds(t *testing.T) {
	for name, change := range paths() {
		t.Run(name, func(t *testing.T) {
			s := running(t, plan(change))
			s.push("v2", good)
			rest(t, s)
			want := final{Phase: PhaseSucceeded, Target: "v2", Primary: "v2", Applied: "v2", Promoted: "v2", RollsOfV2: 1}
			if diff := cmp.Diff(want, s.final()); diff != "" {
				t.Errorf("the world came to rest differently (-want +got):\n%s", diff)
			}
		})
	}
}

func TestABadRevisionFails(t *testing.T) {
	for name, k := range map[string]kind{"its analysis fails": bad, "it never starts": crashing} {
		t.Run(name, func(t *testing.T) {
			s := running(t, plan(func(p *Policy) { p.Threshold = 1 }))
			s.push("v2", k)
			rest(t, s)
			got := s.final()
			got.StatusFailures = 0
			want := final{Phase: PhaseFailed, Target: "v2", Primary: "v1", Applied: "v2", Promoted: "v1"}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("the world came to rest differently (-want +got):\n%s", diff)
			}
		})
	}
}

func TestWaysOutOfAFailedPromotion(t *testing.T) {
	type way struct {
		recreate bool
		take     func(*shell)
		want     final
	}
	mended := func(s *shell) {
		s.kinds["v2"] = good
		for i := range s.primary.pods {
			s.primary.pods[i].ready = s.now.Add(time.Second)
		}
		s.primary.progress = s.now
	}
	back := func(s *shell) { s.push("v1", good) }
	on := func(s *shell) { s.push("v3", good) }
	backAndOn := func(s *shell) {
		s.push("v3", crashing)
		lasts(t, s, 30*time.Second)
		s.push("v2", good)
		s.kinds["v2"] = good
	}
	for name, w := range map[string]way{
		"the cause is mended": {
			take: mended, want: final{Phase: PhaseSucceeded, Target: "v2", Primary: "v2", Applied: "v2", Promoted: "v2", RollsOfV2: 1},
		},
		"the cause is mended with nobody on the primary": {
			recreate: true, take: mended,
			want: final{Phase: PhaseSucceeded, Target: "v2", Primary: "v2", Applied: "v2", Promoted: "v2", RollsOfV2: 1},
		},
		"back at the promoted revision": {
			take: back, want: final{Phase: PhaseSucceeded, Target: "v1", Primary: "v1", Applied: "v1", Promoted: "v1", RollsOfV2: 1},
		},
		"back at the promoted revision with nobody on the primary": {
			recreate: true, take: back,
			want: final{Phase: PhaseSucceeded, Target: "v1", Primary: "v1", Applied: "v1", Promoted: "v1", RollsOfV2: 1},
		},
		"a new revision": {
			take: on, want: final{Phase: PhaseSucceeded, Target: "v3", Primary: "v3", Applied: "v3", Promoted: "v3", RollsOfV2: 1, RollsOfV3: 1},
		},
		"a new revision with nobody on the primary": {
			recreate: true, take: on,
			want: final{Phase: PhaseSucceeded, Target: "v3", Primary: "v3", Applied: "v3", Promoted: "v3", RollsOfV2: 1, RollsOfV3: 1},
		},
		"a new revision that is worse, and back": {
			recreate: true, take: backAndOn,
			want: final{Phase: PhaseSucceeded, Target: "v2", Primary: "v2", Applied: "v2", Promoted: "v2", RollsOfV2: 1},
		},
	} {
		t.Run(name, func(t *testing.T) {
			s := running(t, plan())
			s.primary.recreate = w.recreate
			s.push("v2", homesick)
			rest(t, s)
			if s.record.Phase != PhaseFailed || s.route().traffic.Canary != 100 || !s.earlier.decided.Stalled {
				t.Fatalf("rests in %s, want a failed promotion with all traffic on the canary: %s", standingOf(s.record), s.message)
			}
			w.take(s)
			if name == "a new revision that is worse, and back" {
				lasts(t, s, time.Second)
				mended(s)
			}
			rest(t, s)
			if diff := cmp.Diff(w.want, s.final()); diff != "" {
				t.Errorf("the world came to rest differently (-want +got):\n%s\n%s", diff, s.message)
			}
		})
	}
}

// TestDyingAtEveryEffect kills the controller before and after each effect of a
// release and expects the world of the release that nothing happened to.
func TestDyingAtEveryEffect(t *testing.T) {
	for name, change := range paths() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			want, points := dyingAt(t, plan(change), -1)
			for point := range points {
				got, _ := dyingAt(t, plan(change), point)
				if diff := cmp.Diff(want, got); diff != "" {
					t.Fatalf("dying at effect %d of %d changes the end (-want +got):\n%s", point, points, diff)
				}
			}
		})
	}
}

// dyingAt lives through initialisation, a bad release and a good one, and returns
// how they ended and how many effects there were to die at.
func dyingAt(t *testing.T, p Policy, point int) ([]final, int) {
	t.Helper()
	s := newShell(newWorld(p))
	points := 0
	s.interrupt = func(string) error {
		points++
		if points-1 == point {
			return errDied
		}
		return nil
	}
	var ends []final
	for _, next := range []struct {
		revision string
		kind     kind
	}{{"v1", good}, {"v2", crashing}, {"v3", good}} {
		s.push(next.revision, next.kind)
		rest(t, s)
		ends = append(ends, s.final())
	}
	return ends, points
}

// TestAReleaseIsCheap holds a release against what it may cost the API server.
func TestAReleaseIsCheap(t *testing.T) {
	s := running(t, plan())
	s.push("v2", good)
	writes := map[string]int{}
	for s.record.Phase != PhaseSucceeded {
		before := s.writes
		lasts(t, s, tick)
		writes[fmt.Sprintf("%s %d", s.record.Phase, s.record.Weight)] += s.writes - before
	}
	for _, step := range []string{"Progressing 10", "Progressing 30", "Progressing 50"} {
		if writes[step] > 1 {
			t.Errorf("%d writes of the status at %s, want at most 1", writes[step], step)
		}
	}
	if shifts := s.shifts; shifts != 6 { // to the primary once, three steps, all, and back
		t.Errorf("%d writes of the route, want 6", shifts)
	}
	passes, questions, writesBefore := s.passes, s.questions, s.writes
	rest(t, s)
	passes = s.passes - passes
	lasts(t, s, time.Hour)
	if s.questions != questions || s.writes-writesBefore > 1 || passes > 5 {
		t.Errorf("an idle Canary made %d passes, %d questions and %d writes", passes, s.questions-questions, s.writes-writesBefore)
	}
}
