package rollout

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// start is the time of every scene.
var start = time.Date(2026, 3, 1, 10, 0, 0, 0, time.UTC)

// scene is what Next is called with.
type scene struct {
	p Policy
	o Observation
}

// edit changes what matters to a row of a table.
type edit func(*scene)

// row is a scene and what is to become of it, in the words of outcome.
type row struct {
	seen scene
	want string
	// says is a part of the message, checked when it is set.
	says string
}

func run(t *testing.T, rows map[string]row) {
	t.Helper()
	for name, r := range rows {
		t.Run(name, func(t *testing.T) {
			d := Next(r.seen.p, r.seen.o, start)
			if diff := cmp.Diff(r.want, outcome(d)); diff != "" {
				t.Errorf("Next() differs (-want +got):\n%s", diff)
			}
			if !strings.Contains(d.Message, r.says) {
				t.Errorf("Next() says %q, want something with %q", d.Message, r.says)
			}
		})
	}
}

func plan(edits ...func(*Policy)) Policy {
	p := Policy{
		Steps: ladder(10, 30, 50), Interval: 10 * time.Second, Threshold: 3, ProgressDeadline: time.Minute,
		PrimaryUpdate: PrimaryUpdateAuto, Asks: Asks{Analysis: true}, Barriers: DefaultBarriers(),
	}
	for _, e := range edits {
		e(&p)
	}
	return p
}

// ladder is the plan of a weighted release.
func ladder(weights ...int) []Step {
	var steps []Step
	for _, w := range weights {
		steps = append(steps, Step{Traffic: Traffic{Canary: w}, Gate: AskConfirmTraffic})
	}
	return steps
}

// mirrored puts a trial on copies of requests before other steps.
func mirrored(steps []Step) []Step {
	return append([]Step{{Traffic: Traffic{Mirror: true}}}, steps...)
}

// blueGreen is the plan that tries the canary n times before it gets all requests at once.
func blueGreen(n int, mirror bool) []Step {
	return []Step{
		{Traffic: Traffic{Mirror: mirror}, Analyses: n},
		{Traffic: Traffic{Canary: 100}, Gate: AskConfirmPromotion},
	}
}

// chosenUsers is the plan that tries the canary n times on the requests that match.
func chosenUsers(n int) []Step {
	return []Step{{Traffic: Traffic{Matched: true}, Analyses: n, Gate: AskConfirmTraffic}}
}

// ready is the health of a side with n pods that have long been serving.
func ready(n int) Health {
	return Health{State: Ready, Desired: n, Serving: n, Since: start.Add(-time.Hour)}
}

// coming is the health of a side of which some pods are on their way.
func coming(desired, serving int) Health {
	return Health{
		State: Waiting, Reason: fmt.Sprintf("%d of %d ready", serving, desired), Desired: desired, Serving: serving,
		Since: start.Add(-time.Hour),
	}
}

// stuck is the health of a side whose new pods will not start.
func stuck(desired, serving int) Health {
	return Health{State: Stuck, Reason: "CrashLoopBackOff", Desired: desired, Serving: serving, Since: start.Add(-time.Hour)}
}

// released is a scene in which v2 is on its way and v1 on the primary, with
// everything ready, every wait over and nothing answered.
func released(phase Phase, stage Stage, weight int, edits []edit) scene {
	s := scene{p: plan(), o: Observation{
		Record: Record{
			Phase: phase, Stage: stage, Weight: weight, LastApplied: "v2", LastPromoted: "v1", CheckedAt: start.Add(-10 * time.Second),
		},
		Revision: "v2", PrimaryRevision: "v1", Canary: ready(2), Primary: ready(2),
		Route:    Route{Known: true, Traffic: Traffic{Canary: weight}, Since: start.Add(-time.Hour)},
		Evidence: Evidence{},
	}}
	for _, e := range edits {
		e(&s)
	}
	return s
}

func progressing(weight int, edits ...edit) scene {
	return released(PhaseProgressing, StageNone, weight, edits)
}

func promoting(stage Stage, weight int, edits ...edit) scene {
	return released(PhasePromoting, stage, weight, edits)
}

// promotionFailed is a scene with v2 on a primary that cannot start and all traffic on the canary.
func promotionFailed(edits ...edit) scene {
	return released(PhaseFailed, StageRollPrimary, 100, append([]edit{
		primaryAt("v2"), primary(stuck(2, 0)), failure("the primary cannot start: CrashLoopBackOff"),
	}, edits...))
}

// resting is a scene in which nothing is going on.
func resting(phase Phase, edits ...edit) scene {
	s := released(phase, StageNone, 0, nil)
	s.o.Canary = Health{State: Ready, Since: start.Add(-time.Hour)}
	switch phase {
	case PhaseSucceeded:
		s.o.Record.LastPromoted, s.o.PrimaryRevision = "v2", "v2"
	case PhaseInitialized:
		s.o.Record.LastApplied, s.o.Revision = "v1", "v1"
	case PhaseWaiting:
		s.o.Record.LastApplied, s.o.Record.Failure = "v1", "the confirm-rollout gate said no"
	default:
		s.o.Record.Failure = "success rate is 90 %"
	}
	for _, e := range edits {
		e(&s)
	}
	return s
}

// initializing is a scene with a target of two pods and no primary yet.
func initializing(phase Phase, edits ...edit) scene {
	s := released(phase, StageNone, 0, nil)
	s.o.Record = Record{Phase: phase}
	s.o.Revision, s.o.PrimaryRevision = "v1", ""
	s.o.Primary = Health{}
	s.o.Route = Route{}
	for _, e := range edits {
		e(&s)
	}
	return s
}

func policy(change func(*Policy)) edit { return func(s *scene) { change(&s.p) } }
func canary(h Health) edit             { return func(s *scene) { s.o.Canary = h } }
func primary(h Health) edit            { return func(s *scene) { s.o.Primary = h } }
func target(revision string) edit      { return func(s *scene) { s.o.Revision = revision } }
func primaryAt(revision string) edit   { return func(s *scene) { s.o.PrimaryRevision = revision } }
func failedChecks(n int) edit          { return func(s *scene) { s.o.Record.FailedChecks = n } }
func failure(why string) edit          { return func(s *scene) { s.o.Record.Failure = why } }
func stage(st Stage) edit              { return func(s *scene) { s.o.Record.Stage = st } }
func record(change func(*Record)) edit { return func(s *scene) { change(&s.o.Record) } }

// checked says how long ago the last analysis was.
func checked(ago time.Duration) edit {
	return func(s *scene) { s.o.Record.CheckedAt = start.Add(-ago) }
}

// routed is a route that has been seen for a while.
func routed(weight int, since time.Duration) edit {
	return func(s *scene) {
		s.o.Route = Route{Known: true, Traffic: Traffic{Canary: weight}, Since: start.Add(-since)}
	}
}

func unrouted(s *scene) { s.o.Route = Route{} }

func answered(k Kind, v Verdict, reason ...string) edit {
	return func(s *scene) { s.o.Evidence[k] = Answer{Verdict: v, Reason: strings.Join(reason, "")} }
}

// every makes each question one that somebody configured an answer for.
func every(p *Policy) {
	p.Asks = Asks{ConfirmRollout: true, PreRollout: true, Analysis: true, ConfirmTraffic: true, ConfirmPromotion: true, Rollback: true}
}

// since makes a health as young as that.
func since(ago time.Duration, h Health) Health {
	h.Since = start.Add(-ago)
	return h
}

// outcome puts a decision into words: phase and weight first, then what is unusual.
func outcome(d Decision) string {
	if d.Ask.Kind != AskNothing {
		return "ask " + d.Ask.Kind.String()
	}
	words := []string{standingOf(d.Next)}
	add := func(when bool, format string, args ...any) {
		if when {
			words = append(words, fmt.Sprintf(format, args...))
		}
	}
	add(d.Next.FailedChecks > 0, "%d failed", d.Next.FailedChecks)
	add(!d.Next.ErrorsSince.IsZero(), "outage")
	add(d.EnsurePrimary, "ensure primary")
	add(d.Promote != "", "promote %s", d.Promote)
	add(d.Canary != ScaleKeep, "canary %s", [...]string{"", "up", "full", "one", "zero"}[d.Canary])
	add(d.Traffic.Matched, "matched")
	add(d.Traffic.Mirror, "mirrored")
	add(!d.Route, "no route")
	add(d.HoldPrimary, "hold")
	add(d.Wake > 0, "wake %s", d.Wake)
	add(d.Stalled, "stalled")
	add(d.PostRollout, "post-rollout")
	for _, e := range d.Events {
		add(true, "%s", e.Reason)
	}
	return strings.Join(words, ", ")
}

func standingOf(r Record) string {
	s := string(r.Phase)
	if r.Stage != StageNone {
		s += "/" + string(r.Stage)
	}
	return fmt.Sprintf("%s %d%%", s, r.Weight)
}
