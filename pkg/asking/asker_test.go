package asking_test

import (
	"context"
	"runtime"
	"testing"
	"time"

	"github.com/linnet-delivery/linnet/pkg/asking"
	"github.com/linnet-delivery/linnet/pkg/rollout"
)

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

func TestARoundIsAskedAnewAfterAnother(t *testing.T) {
	b := newBench(t, asking.Limits{})
	for _, round := range []string{"1", "2", "1"} {
		want(t, b.Ask("a", question(rollout.AskAnalysis, round), says(round)), pending)
		<-b.woken
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
