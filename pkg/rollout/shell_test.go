package rollout

import (
	"cmp"
	"errors"
	"fmt"
	"maps"
	"reflect"
	"strings"
	"time"
)

var (
	errDied   = errors.New("the controller died")
	errFailed = errors.New("the write failed")
)

// shell does in the world what the controller does in a cluster: it observes,
// answers questions, applies decisions effect by effect, and records.
type shell struct {
	*world
	*nevers
	// interrupt is called before and after every effect and may return an error.
	interrupt func(effect string) error
	// seenAs and since are the memory of how long things have been as they are.
	seenAs map[string]any
	since  map[string]time.Time
	asked  map[Kind]*asking
	// wake is when to look again; zero for only on an event.
	wake time.Time
	// last is what was seen in the pass before.
	last         Observation
	suspended    bool
	routeVersion int
	// earlier is the last pass that was applied as a whole.
	earlier pass
	// passes, writes, shifts and questions are counted.
	passes, writes, shifts, questions int
	// down is until when the controller is dead.
	down time.Time
}

// pass is what one reconcile saw and decided.
type pass struct {
	seen    Observation
	decided Decision
}

// asking is a question that was put, and its answer once it is there.
type asking struct {
	question Question
	until    time.Time
	found    *Answer
}

func newShell(w *world) *shell {
	s := &shell{world: w, nevers: &nevers{}, interrupt: func(string) error { return nil }}
	s.restart()
	return s
}

// restart forgets everything that is not in the world.
func (s *shell) restart() {
	s.seenAs, s.since, s.asked = map[string]any{}, map[string]time.Time{}, map[Kind]*asking{}
	s.wake = s.now
	s.last = Observation{}
}

// look lets the shell look at the world if something wakes it.
func (s *shell) look() error {
	if s.now.Before(s.down) {
		return nil
	}
	answered := s.answers()
	o := s.observe()
	edited := s.policy.Suspended != s.suspended || len(s.routes) != s.routeVersion
	s.suspended, s.routeVersion = s.policy.Suspended, len(s.routes)
	if !answered && !edited && reflect.DeepEqual(o, s.last) && (s.wake.IsZero() || s.now.Before(s.wake)) {
		return nil
	}
	s.last = o
	err := s.reconcile(o)
	switch {
	case errors.Is(err, errDied):
		s.logf("── the controller dies")
		s.restart()
		s.down = s.now.Add(s.takes(0, 5*time.Second))
		return nil
	case errors.Is(err, errFailed):
		s.wake = s.now.Add(time.Second)
		return nil
	}
	return err
}

// observe is one look at the world, with nothing in it that only time changes.
func (s *shell) observe() Observation {
	o := Observation{
		Record: s.record, Revision: s.target.template, Canary: s.health(&s.target, true),
		Route: Route{Known: s.known, Traffic: s.route().traffic},
	}
	if s.exists {
		o.PrimaryRevision = s.primary.template
		o.Primary = s.health(&s.primary, false)
	}
	o.Record = Record{} // our own writes wake nobody
	o.Canary.Since = s.date("canary", []any{o.Canary.State, o.Revision})
	o.Primary.Since = s.date("primary", []any{o.Primary.State, o.PrimaryRevision})
	o.Route.Since = s.date("route", o.Route)
	return o
}

func (s *shell) date(what string, value any) time.Time {
	if !reflect.DeepEqual(s.seenAs[what], value) {
		s.seenAs[what], s.since[what] = value, s.now
	}
	return s.since[what]
}

// answers fills in what was found out meanwhile, and reports whether anything was.
func (s *shell) answers() bool {
	some := false
	for k, q := range s.asked {
		if q.found == nil && !s.now.Before(q.until) {
			a := s.answer(k)
			q.found, some = &a, true
		}
	}
	return some
}

// ask returns the answer at hand or has it looked for.
func (s *shell) ask(q Question) Answer {
	if k, ok := s.asked[q.Kind]; ok && k.question.Round == q.Round {
		if k.found == nil {
			return Answer{Verdict: Pending}
		}
		if q.MaxAge == 0 || s.now.Sub(k.found.At) <= q.MaxAge {
			return *k.found
		}
	}
	s.questions++
	takes := s.takes(0, 800*time.Millisecond)
	if s.now.Before(s.hung) {
		takes = s.takes(20*time.Second, 50*time.Second)
	}
	s.asked[q.Kind] = &asking{question: q, until: s.now.Add(takes)}
	return Answer{Verdict: Pending}
}

// reconcile is one pass.
func (s *shell) reconcile(o Observation) error {
	s.passes++
	o.Record = s.record
	o.Evidence = Evidence{}
	d, err := s.decide(&o)
	if err != nil {
		return err
	}
	this := pass{seen: o, decided: d}
	if err := s.judge(s.world, this); err != nil {
		return err
	}
	s.earlier = pass{}
	if err := s.apply(o, d); err != nil {
		return err
	}
	s.earlier = this
	s.wake = time.Time{}
	if d.Wake > 0 {
		s.wake = s.now.Add(d.Wake)
	}
	return nil
}

// decide asks the heart and answers its questions.
func (s *shell) decide(o *Observation) (Decision, error) {
	for range MaxQuestions + 1 {
		d := Next(s.policy, *o, s.now)
		again := *o
		again.Evidence = maps.Clone(o.Evidence)
		if !reflect.DeepEqual(d, Next(s.policy, again, s.now)) {
			return d, errors.New("the same observation gave two decisions")
		}
		k := d.Ask.Kind
		if k == AskNothing {
			return d, nil
		}
		if _, given := o.Evidence[k]; given {
			return d, errors.New("asked for what was given: " + k.String())
		}
		o.Evidence[k] = s.ask(d.Ask)
	}
	return Decision{}, errors.New("too many questions")
}

// apply brings a decision about, effect by effect.
func (s *shell) apply(o Observation, d Decision) error {
	effects := []struct {
		name string
		when bool
		do   func()
	}{
		{"ensure primary", d.EnsurePrimary && !s.exists, s.ensurePrimary},
		{"hold primary", d.HoldPrimary, func() {}},
		{"scale up", d.Canary == ScaleUp || d.Canary == ScaleFull, func() { s.scale(d.Canary) }},
		{"promote " + d.Promote, d.Promote != "" && d.Promote == s.target.template, func() { s.promote(d.Promote) }},
		{"route", d.Route, func() { s.shift(d.Traffic) }},
		{"scale down", d.Canary == ScaleOne || d.Canary == ScaleZero, func() { s.scale(d.Canary) }},
		{"record", d.Next != s.record || d.Message != "" && d.Message != s.message, func() { s.write(d) }},
	}
	for _, e := range effects {
		if !e.when {
			continue
		}
		if err := s.interrupt(e.name); err != nil {
			return err
		}
		if err := s.before(s.world, e.name, o, d); err != nil {
			return err
		}
		e.do()
		if err := s.interrupt(e.name + " done"); err != nil {
			return err
		}
	}
	return nil
}

func (s *shell) ensurePrimary() {
	s.logf("primary made from %s", s.target.template)
	s.exists = true
	s.primary.template, s.primary.replicas, s.primary.progress = s.target.template, max(1, s.target.replicas), s.now
}

func (s *shell) scale(to Scale) {
	was := s.target.replicas
	switch to {
	case ScaleUp:
		if was == 0 {
			s.target.replicas = 2
		}
	case ScaleFull:
		s.target.replicas = max(was, s.primary.replicas, 1)
	case ScaleOne:
		s.target.replicas = min(was, 1)
	case ScaleZero:
		s.target.replicas = 0
	case ScaleKeep:
	}
	if s.target.replicas != was {
		s.target.progress = s.now
		s.logf("target scaled to %d", s.target.replicas)
	}
}

func (s *shell) promote(revision string) {
	if s.primary.template != revision {
		s.logf("primary → %s", revision)
		s.primary.template, s.primary.progress = revision, s.now
	}
}

func (s *shell) shift(t Traffic) {
	if !s.known || s.route().traffic != t {
		s.shifts++
		s.logf("route → %s", inWords(t))
		s.setRoute(t)
	}
}

func inWords(t Traffic) string {
	words := fmt.Sprintf("%d %% canary", t.Canary)
	if t.Matched {
		words += ", and all that matches"
	}
	if t.Mirror {
		words += ", mirrored"
	}
	return words
}

func (s *shell) write(d Decision) {
	s.writes++
	if d.Message != "" {
		s.message = d.Message
	}
	standing, rest, _ := strings.Cut(outcome(d), ", ")
	s.logf("%s: %s\n            (%s)", standing, cmp.Or(d.Message, "…"), rest)
	s.recorded(s.world, s.record, d.Next)
	s.record = d.Next
}
