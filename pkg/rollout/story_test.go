package rollout

import (
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

var update = flag.Bool("update", false, "write the stories anew")

// story is a release told from the first change to rest, kept in testdata/stories for people to read.
type story struct {
	title string
	plan  func(*Policy)
	setup func(*shell)
	// tells lists what happens, in order.
	tells []chapter
}

// chapter is something that happens a while after the one before or, with no while, when all has come to rest.
type chapter struct {
	after time.Duration
	do    func(*shell)
}

func push(revision string, k kind) func(*shell) { return func(s *shell) { s.push(revision, k) } }

// happens notes what somebody does and does it.
func happens(what string, do func(*shell)) func(*shell) {
	return func(s *shell) {
		s.logf("── %s", what)
		do(s)
	}
}

func stories() map[string]story {
	return map[string]story{
		"good-release": {
			title: "A good release takes its steps, is promoted while the primary is silent, and leaves nothing behind.",
			tells: []chapter{{0, push("v2", good)}},
		},
		"bad-release": {
			title: "A bad release is rolled back with the third failed analysis; its pods stay until they are silent.",
			tells: []chapter{{0, push("v2", bad)}},
		},
		"crashing-release": {
			title: "A release that cannot start gets no request and fails with its pods' own reason.",
			tells: []chapter{{0, push("v2", crashing)}},
		},
		"drained-promotion": {
			title: "A canary that is smaller than the primary grows before it takes all traffic for the promotion.",
			plan:  func(p *Policy) { p.PrimaryUpdate = PrimaryUpdateDrained },
			setup: func(s *shell) { s.primary.replicas = 4 },
			tells: []chapter{{0, push("v2", good)}},
		},
		"in-place-promotion": {
			title: "A primary that is larger than the canary is rolled under its share of traffic.",
			setup: func(s *shell) { s.primary.replicas = 4 },
			tells: []chapter{{0, push("v2", good)}},
		},
		"step-weight-promotion": {
			title: "Traffic returns to the promoted primary step by step.",
			plan:  func(p *Policy) { p.ReturnSteps = []int{80, 60, 40, 20, 0} },
			tells: []chapter{{0, push("v2", good)}},
		},
		"failed-promotion": {
			title: "The primary cannot start with the new revision: traffic stays on the canary, until somebody goes back.",
			tells: []chapter{{0, push("v2", homesick)}, {0, push("v1", good)}},
		},
		"failed-promotion-mended": {
			title: "The primary cannot start with the new revision: traffic stays on the canary, until the cause is mended.",
			tells: []chapter{{0, push("v2", homesick)}, {0, happens("the cause is mended", func(s *shell) {
				s.kinds["v2"] = good
				s.primary.pods = s.primary.pods[:s.primary.replicas]
			})}},
		},
		"new-revision-in-mid-run": {
			title: "A new revision in mid-run loses the traffic of the old one at once and takes its own first step.",
			tells: []chapter{{0, push("v2", good)}, {20 * time.Second, push("v3", good)}},
		},
		"prometheus-outage": {
			title: "While Prometheus is away the weight is held; nothing is counted and nothing is rolled back.",
			tells: []chapter{{0, push("v2", good)}, {20 * time.Second, happens("Prometheus stops for 35 s", func(s *shell) {
				s.metricsDown = s.now.Add(35 * time.Second)
			})}},
		},
		"prometheus-gone": {
			title: "When Prometheus is away for as long as the progress deadline, the release is rolled back and drained by the clock.",
			tells: []chapter{{0, push("v2", good)}, {20 * time.Second, happens("Prometheus stops for 5 m", func(s *shell) {
				s.metricsDown = s.now.Add(5 * time.Minute)
			})}},
		},
		"gate-refused-then-opened": {
			title: "Closed gates hold the release before the first step, and open for it later; the pre-rollout hooks run once.",
			plan:  func(p *Policy) { p.Asks.PreRollout, p.Asks.ConfirmTraffic = true, true },
			tells: []chapter{{0, push("v2", good)}, {4750 * time.Millisecond, happens("the gates close for 20 s", func(s *shell) {
				s.gatesClosed = s.now.Add(20 * time.Second)
			})}},
		},
		"promotion-refused-then-opened": {
			title: "A closed gate holds the promotion; the canary goes on being analysed meanwhile.",
			plan:  func(p *Policy) { p.Asks.ConfirmPromotion = true },
			tells: []chapter{{0, push("v2", good)}, {32 * time.Second, happens("the gates close for 15 s", func(s *shell) {
				s.gatesClosed = s.now.Add(15 * time.Second)
			})}},
		},
		"return-to-promoted": {
			title: "A target that goes back in mid-run aborts the release; the primary is never touched.",
			tells: []chapter{{0, push("v2", good)}, {20 * time.Second, push("v1", good)}},
		},
		"skip-analysis": {
			title: "Without analysis the release is promoted as soon as the canary is ready, with the same barriers.",
			plan:  func(p *Policy) { p.SkipAnalysis = true },
			tells: []chapter{{0, push("v2", good)}},
		},
		"blue-green": {
			title: "Blue/green: the canary passes its analyses before it gets any request, grows, and then takes all at once.",
			plan:  func(p *Policy) { p.Steps = blueGreen(3, false) },
			setup: func(s *shell) { s.primary.replicas = 4 },
			tells: []chapter{{0, push("v2", good)}},
		},
		"blue-green-bad": {
			title: "Blue/green with mirrored requests: a bad revision is found on copies, and no user meets it.",
			plan:  func(p *Policy) { p.Steps, p.Threshold = blueGreen(5, true), 2 },
			tells: []chapter{{0, push("v2", bad)}},
		},
		"mirrored-release": {
			title: "A mirrored release is tried on copies of requests before its first step.",
			plan:  func(p *Policy) { p.Steps = mirrored(ladder(20, 40)) },
			tells: []chapter{{0, push("v2", good)}},
		},
		"chosen-users": {
			title: "A/B testing: the users who match meet the canary until it has passed its analyses; then everybody does.",
			plan:  func(p *Policy) { p.Steps = chosenUsers(3) },
			tells: []chapter{{0, push("v2", good)}},
		},
		"chosen-users-new-revision": {
			title: "A/B testing: a new revision in mid-run takes the users who match away from the old one before anything else.",
			plan:  func(p *Policy) { p.Steps = chosenUsers(3) },
			tells: []chapter{{0, push("v2", good)}, {20 * time.Second, push("v3", good)}},
		},
		"suspend": {
			title: "A suspended release is left alone, routes and all, and goes on where it was.",
			tells: []chapter{
				{0, push("v2", good)},
				{20 * time.Second, happens("spec.suspend is set", func(s *shell) { s.policy.Suspended = true })},
				{20 * time.Second, happens("somebody sets the route to 7 %", func(s *shell) { s.setRoute(Traffic{Canary: 7}) })},
				{20 * time.Second, happens("spec.suspend is removed", func(s *shell) { s.policy.Suspended = false })},
			},
		},
		"route-edited": {
			title: "A route that somebody edits in mid-run is put right and never moves the plan.",
			tells: []chapter{{0, push("v2", good)}, {20 * time.Second, happens("somebody sets the route to 100 %", func(s *shell) {
				s.setRoute(Traffic{Canary: 100})
			})}},
		},
		"controller-dies": {
			title: "A controller that dies between the route and the record takes the step again, and only that step.",
			tells: []chapter{{0, push("v2", good)}, {5 * time.Second, happens("the controller will die after its next write of the route", func(s *shell) {
				died := false
				s.interrupt = func(effect string) error {
					if died || effect != "route done" || s.route().traffic.Canary != 30 {
						return nil
					}
					died = true
					return errDied
				}
			})}},
		},
	}
}

func TestStories(t *testing.T) {
	for name, st := range stories() {
		t.Run(name, func(t *testing.T) {
			got := st.tell(t)
			path := filepath.Join("testdata", "stories", name+".golden")
			if *update {
				if err := os.WriteFile(path, []byte(got), 0o644); err != nil {
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(string(want), got); diff != "" {
				t.Errorf("the story is told differently; if it should be, run go test -update (-want +got):\n%s", diff)
			}
		})
	}
}

func (st story) tell(t *testing.T) string {
	if st.plan == nil {
		st.plan = func(*Policy) {}
	}
	s := running(t, plan(st.plan))
	if st.setup != nil {
		st.setup(s)
		rest(t, s)
	}
	s.log = nil
	s.epoch = s.now
	for i, c := range st.tells {
		switch {
		case c.after > 0:
			lasts(t, s, c.after)
		case i > 0:
			rest(t, s)
		}
		c.do(s)
	}
	rest(t, s)
	return st.title + "\n\n" + strings.Join(s.log, "\n") + "\n"
}
