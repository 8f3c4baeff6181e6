package asking_test

import (
	"context"
	"fmt"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"go.uber.org/goleak"

	"github.com/linnet-delivery/linnet/pkg/asking"
	"github.com/linnet-delivery/linnet/pkg/rollout"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

var epoch = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

// clock is a time that only the test moves.
type clock struct {
	mu sync.Mutex
	t  time.Time
}

func (c *clock) now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.t
}

func (c *clock) advance(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.t = c.t.Add(d)
}

// bench is an Asker with one slot per class and the wakes it sent.
type bench struct {
	*asking.Asker
	clock *clock
	woken chan string
	stop  func()
}

func newBench(t *testing.T, limits asking.Limits) *bench {
	t.Helper()
	b := &bench{clock: &clock{t: epoch}, woken: make(chan string, 1000)}
	b.Asker = asking.New(limits, b.clock.now, func(owner string) { b.woken <- owner })
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- b.Start(ctx) }()
	b.stop = sync.OnceFunc(func() {
		cancel()
		if err := <-ended; err != nil {
			t.Errorf("Start() = %v, want nil", err)
		}
	})
	t.Cleanup(b.stop)
	return b
}

// noMoreWakes stops the Asker, which waits for all work, and reports wakes nobody expected.
func (b *bench) noMoreWakes(t *testing.T) {
	t.Helper()
	b.stop()
	select {
	case owner := <-b.woken:
		t.Errorf("%s was woken, want nobody", owner)
	default:
	}
}

func question(k rollout.Kind, round string) rollout.Question {
	return rollout.Question{Kind: k, Round: round}
}

func says(reason string) func(context.Context) rollout.Answer {
	return func(context.Context) rollout.Answer {
		return rollout.Answer{Verdict: rollout.Pass, Reason: reason}
	}
}

// hangs works until its context ends and counts as started when it sent to started.
func hangs(started chan<- string, name string) func(context.Context) rollout.Answer {
	return func(ctx context.Context) rollout.Answer {
		started <- name
		<-ctx.Done()
		return rollout.Answer{Verdict: rollout.Error, Reason: ctx.Err().Error()}
	}
}

func never(t *testing.T) func(context.Context) rollout.Answer {
	return func(context.Context) rollout.Answer {
		t.Error("work ran, want it not to")
		return rollout.Answer{Verdict: rollout.Fail}
	}
}

var pending = rollout.Answer{Verdict: rollout.Pending}

func want(t *testing.T, got, want rollout.Answer) {
	t.Helper()
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("Ask() (-want +got):\n%s", diff)
	}
}

func TestAnAnswerIsPendingAndThenAtHand(t *testing.T) {
	b := newBench(t, asking.Limits{})
	q := question(rollout.AskConfirmRollout, "1")
	want(t, b.Ask("test/podinfo", q, says("open")), pending)
	if got := <-b.woken; got != "test/podinfo" {
		t.Errorf("woke %s, want test/podinfo", got)
	}
	answer := rollout.Answer{Verdict: rollout.Pass, Reason: "open", At: epoch}
	want(t, b.Ask("test/podinfo", q, never(t)), answer)
	b.clock.advance(1000 * time.Hour)
	want(t, b.Ask("test/podinfo", q, never(t)), answer)
	b.noMoreWakes(t)
}

func TestTheTimeOfTheWorkIsKept(t *testing.T) {
	b := newBench(t, asking.Limits{})
	q := question(rollout.AskAnalysis, "1")
	answer := rollout.Answer{Verdict: rollout.Fail, Reason: "low", At: epoch.Add(-time.Second)}
	b.Ask("a", q, func(context.Context) rollout.Answer { return answer })
	<-b.woken
	want(t, b.Ask("a", q, never(t)), answer)
}

func TestAnAnswerAgesOut(t *testing.T) {
	b := newBench(t, asking.Limits{})
	q := rollout.Question{Kind: rollout.AskRollback, Round: "1", MaxAge: time.Minute}
	b.Ask("a", q, says("first"))
	<-b.woken
	b.clock.advance(time.Minute)
	want(t, b.Ask("a", q, never(t)), rollout.Answer{Verdict: rollout.Pass, Reason: "first", At: epoch})
	b.clock.advance(1)
	want(t, b.Ask("a", q, says("second")), pending)
	<-b.woken
	want(t, b.Ask("a", q, never(t)), rollout.Answer{Verdict: rollout.Pass, Reason: "second", At: epoch.Add(time.Minute + 1)})
}

func TestAskingAgainDoesNotRepeatTheWork(t *testing.T) {
	b := newBench(t, asking.Limits{})
	q := question(rollout.AskPreRollout, "1")
	started := make(chan string)
	b.Ask("a", q, hangs(started, "once"))
	<-started
	want(t, b.Ask("a", q, never(t)), pending)
	b.noMoreWakes(t)
}

func TestAnotherRoundCancelsTheFormerOne(t *testing.T) {
	b := newBench(t, asking.Limits{})
	started := make(chan string)
	b.Ask("a", question(rollout.AskAnalysis, "old"), hangs(started, "old"))
	<-started
	want(t, b.Ask("a", question(rollout.AskAnalysis, "new"), says("new")), pending)
	<-b.woken
	want(t, b.Ask("a", question(rollout.AskAnalysis, "new"), never(t)), rollout.Answer{Verdict: rollout.Pass, Reason: "new", At: epoch})
	b.noMoreWakes(t)
}

func TestAnotherRoundReplacesAQueuedOne(t *testing.T) {
	b := newBench(t, asking.Limits{Hooks: 1})
	started := make(chan string)
	b.Ask("blocker", question(rollout.AskRollback, "1"), hangs(started, "blocker"))
	<-started
	b.Ask("a", question(rollout.AskPreRollout, "old"), never(t))
	b.Ask("a", question(rollout.AskPreRollout, "new"), says("new"))
	b.Forget("blocker")
	if got := <-b.woken; got != "a" {
		t.Errorf("woke %s, want a", got)
	}
	b.noMoreWakes(t)
}

func TestARoundIsAskedAnewAfterAnother(t *testing.T) {
	b := newBench(t, asking.Limits{})
	for _, round := range []string{"1", "2", "1"} {
		want(t, b.Ask("a", question(rollout.AskAnalysis, round), says(round)), pending)
		<-b.woken
	}
}

func TestHungQuestionsHoldUpOnlyTheirClass(t *testing.T) {
	classes := map[string][]rollout.Kind{
		"hooks": {
			rollout.AskConfirmRollout, rollout.AskPreRollout, rollout.AskConfirmTraffic,
			rollout.AskConfirmPromotion, rollout.AskRollback,
		},
		"analyses": {rollout.AskAnalysis},
		"silences": {rollout.AskCanarySilent, rollout.AskPrimarySilent},
	}
	for hung, kinds := range classes {
		for _, kind := range kinds {
			t.Run(fmt.Sprintf("a hung %s question holds up only the %s", kind, hung), func(t *testing.T) {
				b := newBench(t, asking.Limits{Hooks: 1, Analyses: 1, Silences: 1})
				started := make(chan string)
				b.Ask("hung", question(kind, "1"), hangs(started, "hung"))
				<-started
				for free, others := range classes {
					for _, other := range others {
						if free == hung {
							b.Ask("held", question(other, "1"), never(t))
							continue
						}
						b.Ask("free", question(other, "1"), says("yes"))
						if got := <-b.woken; got != "free" {
							t.Errorf("woke %s, want free", got)
						}
					}
				}
				b.Forget("held")
				b.noMoreWakes(t)
			})
		}
	}
}

func TestAPoolIsBounded(t *testing.T) {
	b := newBench(t, asking.Limits{Analyses: 2})
	started := make(chan string)
	b.Ask("a", question(rollout.AskAnalysis, "1"), hangs(started, "a"))
	b.Ask("b", question(rollout.AskAnalysis, "1"), hangs(started, "b"))
	b.Ask("c", question(rollout.AskAnalysis, "1"), hangs(started, "c"))
	b.Ask("d", question(rollout.AskAnalysis, "1"), never(t))
	free, _ := <-started, <-started
	b.Forget(free)
	if got := <-started; got != "c" {
		t.Errorf("%s runs next, want c", got)
	}
	b.noMoreWakes(t)
}

func TestOwnersTakeTurns(t *testing.T) {
	b := newBench(t, asking.Limits{Hooks: 1})
	started := make(chan string)
	b.Ask("blocker", question(rollout.AskRollback, "1"), hangs(started, "blocker"))
	<-started
	worked := make(chan string, 4)
	works := func(owner string) func(context.Context) rollout.Answer {
		return func(context.Context) rollout.Answer {
			worked <- owner
			return rollout.Answer{Verdict: rollout.Pass}
		}
	}
	for _, kind := range []rollout.Kind{rollout.AskConfirmRollout, rollout.AskPreRollout, rollout.AskConfirmTraffic} {
		b.Ask("many", question(kind, "1"), works("many"))
	}
	b.Ask("one", question(rollout.AskPreRollout, "1"), works("one"))
	b.Forget("blocker")
	var got []string
	for range cap(worked) {
		got = append(got, <-worked)
	}
	if diff := cmp.Diff([]string{"many", "one", "many", "many"}, got); diff != "" {
		t.Errorf("order of work (-want +got):\n%s", diff)
	}
}

func TestForgettingCancelsAndDrops(t *testing.T) {
	b := newBench(t, asking.Limits{Hooks: 1})
	b.Ask("a", question(rollout.AskConfirmRollout, "1"), says("first"))
	<-b.woken
	started := make(chan string)
	b.Ask("a", question(rollout.AskPreRollout, "1"), hangs(started, "a"))
	<-started
	b.Ask("a", question(rollout.AskRollback, "1"), never(t))
	b.Forget("a")
	want(t, b.Ask("a", question(rollout.AskConfirmRollout, "1"), says("second")), pending)
	<-b.woken
	b.noMoreWakes(t)
}

func TestBrokenWorkIsAnError(t *testing.T) {
	tests := map[string]struct {
		work   func(context.Context) rollout.Answer
		reason string
	}{
		"a panic": {
			work:   func(context.Context) rollout.Answer { panic("boom") },
			reason: "the analysis question crashed, which is a bug in Linnet: boom",
		},
		"no verdict": {
			work:   func(context.Context) rollout.Answer { return rollout.Answer{} },
			reason: "the analysis question was left unanswered, which is a bug in Linnet",
		},
		"a pending verdict": {
			work:   func(context.Context) rollout.Answer { return pending },
			reason: "the analysis question was left unanswered, which is a bug in Linnet",
		},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			b := newBench(t, asking.Limits{Analyses: 1})
			for _, round := range []string{"1", "2"} { // the slot is free again afterwards
				q := question(rollout.AskAnalysis, round)
				b.Ask("a", q, tt.work)
				<-b.woken
				want(t, b.Ask("a", q, never(t)), rollout.Answer{Verdict: rollout.Error, Reason: tt.reason, At: epoch})
			}
		})
	}
}

func TestWorkWaitsForTheStartAndEndsWithTheStop(t *testing.T) {
	woken := make(chan string, 1)
	a := asking.New(asking.Limits{}, (&clock{t: epoch}).now, func(owner string) { woken <- owner })
	if !a.NeedLeaderElection() {
		t.Error("NeedLeaderElection() = false, want only the leader to ask")
	}
	started := make(chan string)
	worked := false
	want(t, a.Ask("a", question(rollout.AskAnalysis, "1"), func(ctx context.Context) rollout.Answer {
		answer := hangs(started, "a")(ctx)
		for range 1000 {
			runtime.Gosched()
		}
		worked = true
		return answer
	}), pending)

	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- a.Start(ctx) }()
	<-started
	cancel()
	if err := <-ended; err != nil {
		t.Errorf("Start() = %v, want nil", err)
	}
	if !worked {
		t.Error("Start() returned while work was under way")
	}
	want(t, a.Ask("a", question(rollout.AskRollback, "1"), never(t)), pending)
	if len(woken) > 0 {
		t.Error("the stop woke an owner, want nobody")
	}
}

func TestManyOwnersAtOnce(t *testing.T) {
	b := newBench(t, asking.Limits{Hooks: 3, Analyses: 3, Silences: 3})
	const owners, rounds = 20, 30
	var asked sync.WaitGroup
	for i := range owners {
		asked.Go(func() {
			owner := strings.Repeat("x", i+1)
			for r := range rounds {
				b.Ask(owner, question(rollout.Kind(1+r%8), fmt.Sprint(r)), says(owner))
				if r%10 == 9 {
					b.Forget(owner)
				}
			}
			b.Ask(owner, question(rollout.AskAnalysis, "last"), says(owner))
		})
	}
	answered := map[string]bool{}
	for len(answered) < owners {
		owner := <-b.woken
		got := b.Ask(owner, question(rollout.AskAnalysis, "last"), says(owner))
		if got.Verdict == rollout.Pass {
			answered[owner] = true
		}
	}
	asked.Wait()
}
