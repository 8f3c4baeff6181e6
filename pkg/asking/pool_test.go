package asking_test

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/linnet-delivery/linnet/pkg/asking"
	"github.com/linnet-delivery/linnet/pkg/rollout"
)

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
