package rollout

import (
	"testing"
	"time"
)

func TestPathsOfAPromotion(t *testing.T) {
	drained := policy(func(p *Policy) { p.PrimaryUpdate = PrimaryUpdateDrained })
	inPlace := policy(func(p *Policy) { p.PrimaryUpdate = PrimaryUpdateInPlace })
	passed := answered(AskAnalysis, Pass)
	run(t, map[string]row{
		"a canary as large as the primary takes all traffic": {
			seen: progressing(50, passed),
			want: "Promoting/DrainPrimary 100%, canary full, hold, wake 1ms, Promoting",
		},
		"a smaller canary leaves the primary its share, and intent is recorded before the primary is touched": {
			seen: progressing(50, passed, primary(ready(3))),
			want: "Promoting/RollPrimary 50%, canary up, hold, wake 1ms, Promoting",
		},
		"in place, the primary keeps its share whatever the canary's size": {
			seen: progressing(50, passed, inPlace),
			want: "Promoting/RollPrimary 50%, canary up, hold, wake 1ms, Promoting",
		},
		"drained, a smaller canary grows first": {
			seen: progressing(50, passed, drained, primary(ready(3))),
			want: "Promoting 50%, canary full, hold, wake 10s, Promoting", says: "the canary grows to carry all traffic",
		},
		"drained, a canary that grows is waited for": {
			seen: promoting(StageNone, 50, drained, primary(ready(3)), canary(coming(3, 2))),
			want: "Promoting 50%, canary full, hold, wake 10s", says: "2 of 3 ready",
		},
		"drained, pods that only just became ready are given time to be known": {
			seen: promoting(StageNone, 50, drained, canary(since(0, ready(2)))),
			want: "Promoting 50%, canary full, hold, wake 1s",
		},
		"drained, a grown canary takes all traffic": {
			seen: promoting(StageNone, 50, drained),
			want: "Promoting/DrainPrimary 100%, canary full, hold, wake 1ms",
		},
		"drained, a canary that cannot grow is rolled back": {
			seen: promoting(StageNone, 50, drained, canary(stuck(3, 2))),
			want: "Failed 0%, wake 1ms, post-rollout, RolledBack",
		},
		"drained, a skipped analysis grows the canary too": {
			seen: progressing(0, drained, primary(ready(3)), policy(func(p *Policy) { p.SkipAnalysis = true })),
			want: "Promoting 0%, canary full, hold, wake 10s, Promoting",
		},
		"traffic that is all on the canary stays there, in place or not": {
			seen: progressing(100, passed, inPlace, primary(ready(3))),
			want: "Promoting/DrainPrimary 100%, canary full, hold, wake 1ms, Promoting",
		},
		"a plan that changes to in place no longer waits for the canary to grow": {
			seen: promoting(StageNone, 50, inPlace, canary(coming(3, 2))),
			want: "Promoting/RollPrimary 50%, canary up, hold, wake 1ms",
		},
	})
}

func TestPromotion(t *testing.T) {
	rolled := primaryAt("v2")
	back := policy(func(p *Policy) { p.ReturnSteps = []int{60, 20, 0} })
	run(t, map[string]row{
		"the primary is left alone until its route is in place": {
			seen: promoting(StageDrainPrimary, 100, routed(50, time.Hour)),
			want: "Promoting/DrainPrimary 100%, canary full, hold",
		},
		"the primary is given time to fall silent": {
			seen: promoting(StageDrainPrimary, 100, routed(100, time.Second)),
			want: "Promoting/DrainPrimary 100%, canary full, hold, wake 4s", says: "while the primary falls silent",
		},
		"the primary is asked for silence": {
			seen: promoting(StageDrainPrimary, 100),
			want: "ask primary silence",
		},
		"a silent primary is given the new revision": {
			seen: promoting(StageDrainPrimary, 100, answered(AskPrimarySilent, Pass)),
			want: "Promoting/RollPrimary 100%, promote v2, canary full, hold, wake 10s",
		},
		"a primary that is called for ever is rolled under its stragglers": {
			seen: promoting(StageDrainPrimary, 100, routed(100, 5*time.Minute), answered(AskPrimarySilent, Fail)),
			want: "Promoting/RollPrimary 100%, promote v2, canary full, hold, wake 10s",
		},
		"a silent primary waits for a canary that can do without it": {
			seen: promoting(StageDrainPrimary, 100, canary(coming(2, 1)), answered(AskPrimarySilent, Pass)),
			want: "Promoting/DrainPrimary 100%, canary full, hold, wake 10s",
		},
		"the primary is given the revision until it has it": {
			seen: promoting(StageRollPrimary, 100),
			want: "Promoting/RollPrimary 100%, promote v2, canary full, hold, wake 10s",
		},
		"the primary is given the revision once": {
			seen: promoting(StageRollPrimary, 100, rolled, primary(coming(2, 1))),
			want: "Promoting/RollPrimary 100%, canary full, hold, wake 10s", says: "waiting for the primary before traffic returns to it: 1 of 2 ready",
		},
		"a primary that only just became ready is given time to be known": {
			seen: promoting(StageRollPrimary, 100, rolled, primary(since(0, ready(2)))),
			want: "Promoting/RollPrimary 100%, canary full, hold, wake 1s",
		},
		"traffic returns in one go": {
			seen: promoting(StageRollPrimary, 100, rolled),
			want: "Finalising 0%, hold, wake 1ms, Returning",
		},
		"traffic returns step by step where that is wanted": {
			seen: promoting(StageRollPrimary, 100, rolled, back),
			want: "Promoting/Return 60%, canary up, hold, wake 10s, Returning", says: "canary weight 60 %, the next share returns to the primary at 10:00:10 UTC",
		},
		"a share returns each interval": {
			seen: promoting(StageReturn, 60, rolled, back, checked(4*time.Second)),
			want: "Promoting/Return 60%, canary up, hold, wake 6s", says: "the next share returns to the primary at 10:00:06 UTC",
		},
		"the next share returns when the interval has passed": {
			seen: promoting(StageReturn, 60, rolled, back),
			want: "Promoting/Return 20%, canary up, hold, wake 10s, Returning",
		},
		"the last share ends the promotion": {
			seen: promoting(StageReturn, 20, rolled, back),
			want: "Finalising 0%, hold, wake 1ms, Returning",
		},
		"in place, traffic returns from where it was": {
			seen: promoting(StageRollPrimary, 50, rolled, back),
			want: "Promoting/Return 20%, canary up, hold, wake 10s, Returning",
		},
		"no more traffic returns to a primary that is not ready": {
			seen: promoting(StageReturn, 60, rolled, back, primary(coming(2, 1))),
			want: "Promoting/Return 60%, canary up, hold, wake 10s",
		},
		"traffic leaves a primary that lost its last pod": {
			seen: promoting(StageReturn, 60, rolled, back, primary(coming(2, 0))),
			want: "Promoting/RollPrimary 100%, canary full, hold, wake 1ms, PrimaryLost",
		},
		"in place, traffic leaves a primary that stops all its pods to roll": {
			seen: promoting(StageRollPrimary, 50, rolled, primary(coming(2, 0))),
			want: "Promoting/RollPrimary 100%, canary full, hold, wake 1ms, PrimaryLost",
		},
		"but not for a canary that is not ready either": {
			seen: promoting(StageRollPrimary, 50, rolled, primary(coming(2, 0)), canary(coming(2, 1))),
			want: "Promoting/RollPrimary 50%, canary up, hold, wake 10s",
		},
		"a canary that is lost before the primary was touched ends the release": {
			seen: promoting(StageDrainPrimary, 100, canary(stuck(2, 1))),
			want: "Failed 0%, wake 1ms, post-rollout, RolledBack",
		},
		"a canary that loses its last pod before the primary was touched starts over": {
			seen: promoting(StageDrainPrimary, 100, canary(coming(1, 0))),
			want: "Progressing/PreRolloutPassed 0%, 1 failed, canary up, wake 10s, Halted",
		},
		"a canary that is lost later leaves its traffic to the primary": {
			seen: promoting(StageRollPrimary, 100, rolled, canary(coming(2, 0)), primary(coming(2, 1))),
			want: "Promoting/RollPrimary 0%, hold, wake 1ms, CanaryLost",
		},
		"a canary that only limps carries on until the primary is whole": {
			seen: promoting(StageRollPrimary, 100, rolled, canary(stuck(2, 1)), primary(coming(2, 1))),
			want: "Promoting/RollPrimary 100%, canary full, hold, wake 10s",
		},
		"with nobody anywhere the traffic stays": {
			seen: promoting(StageRollPrimary, 100, rolled, canary(coming(2, 0)), primary(coming(2, 0))),
			want: "Promoting/RollPrimary 100%, canary full, hold, wake 10s",
		},
		"a promotion with no traffic on the canary goes on without it": {
			seen: promoting(StageRollPrimary, 0, rolled, canary(coming(2, 0))),
			want: "Finalising 0%, hold, wake 1ms",
		},
		"a target that changes loses its traffic": {
			seen: promoting(StageRollPrimary, 100, rolled, target("v3"), primary(coming(2, 1))),
			want: "Progressing 0%, canary up, wake 10s, NewRevision",
		},
		"a target that changes with nobody on the primary is released where the traffic is": {
			seen: promoting(StageRollPrimary, 100, rolled, target("v3"), primary(coming(2, 0))),
			want: "Progressing/Stranded 100%, canary up, hold, wake 10s, NewRevision",
		},
		"a target that goes back before the primary was touched has nothing to release": {
			seen: promoting(StageDrainPrimary, 100, target("v1")),
			want: "Succeeded 0%, wake 1ms, Returned",
		},
	})
}

func TestFinalising(t *testing.T) {
	finishing := func(edits ...edit) scene {
		return released(PhaseFinalising, StageNone, 0, append([]edit{primaryAt("v2"), record(func(r *Record) { r.LastPromoted = "v2" })}, edits...))
	}
	run(t, map[string]row{
		"the canary is left alone until its route is in place": {
			seen: finishing(routed(100, time.Hour)),
			want: "Finalising 0%, hold",
		},
		"the canary is given time to fall silent": {
			seen: finishing(routed(0, time.Second)),
			want: "Finalising 0%, hold, wake 4s", says: "finalising: all traffic is on the primary",
		},
		"the canary is asked for silence": {
			seen: finishing(),
			want: "ask canary silence",
		},
		"an answer under way is waited for without a timer": {
			seen: finishing(answered(AskCanarySilent, Pending)),
			want: "Finalising 0%, hold",
		},
		"a canary that is still called is asked again soon": {
			seen: finishing(answered(AskCanarySilent, Fail, "gateway"), routed(0, time.Minute)),
			want: "Finalising 0%, hold, wake 2s", says: "it is still called: gateway",
		},
		"pods that are not wanted any more but still serve are drained as well": {
			seen: finishing(canary(Health{State: Waiting, Serving: 1}), routed(0, time.Second)),
			want: "Finalising 0%, hold, wake 4s",
		},
		"patience ends on time": {
			seen: finishing(answered(AskCanarySilent, Fail), routed(0, 5*time.Minute-time.Second)),
			want: "Finalising 0%, hold, wake 1s",
		},
		"a silent canary is taken away": {
			seen: finishing(answered(AskCanarySilent, Pass), failedChecks(1)),
			want: "Succeeded 0%, canary zero, wake 1ms, post-rollout, Succeeded", says: "promoted; waiting for a new revision",
		},
		"metrics that cannot tell are replaced by time": {
			seen: finishing(answered(AskCanarySilent, Error, "down"), routed(0, 20*time.Second)),
			want: "Finalising 0%, hold, wake 10s", says: "the metrics cannot tell: down",
		},
		"metrics that cannot tell do not hold up for ever": {
			seen: finishing(answered(AskCanarySilent, NoData), routed(0, 30*time.Second)),
			want: "Succeeded 0%, canary zero, wake 1ms, post-rollout, Succeeded",
		},
		"one replica stays for those who never stop": {
			seen: finishing(answered(AskCanarySilent, Fail, "gateway"), routed(0, 5*time.Minute)),
			want: "Succeeded 0%, canary one, wake 10s, post-rollout, Succeeded",
		},
		"and is taken away when they do": {
			seen: resting(PhaseSucceeded, canary(ready(1)), answered(AskCanarySilent, Pass)),
			want: "Succeeded 0%, canary zero",
		},
		"and is named while they do not": {
			seen: resting(PhaseSucceeded, canary(ready(1)), answered(AskCanarySilent, Fail, "gateway")),
			want: "Succeeded 0%, canary one, wake 10s", says: "one replica stays for those who still call it: gateway",
		},
		"a new revision ends the release without taking its pods away": {
			seen: finishing(target("v3")),
			want: "Succeeded 0%, wake 1ms, post-rollout, Succeeded",
		},
	})
}

func TestFailedPromotion(t *testing.T) {
	run(t, map[string]row{
		"a primary that cannot start gets no traffic": {
			seen: promoting(StageRollPrimary, 100, primaryAt("v2"), primary(stuck(2, 1))),
			want: "Failed/RollPrimary 100%, canary full, hold, wake 1ms, stalled, post-rollout, PromotionFailed",
			says: "promotion failed: the primary cannot start: CrashLoopBackOff; canary weight 100 %",
		},
		"a primary that breaks while traffic returns loses it": {
			seen: promoting(StageReturn, 60, primaryAt("v2"), primary(stuck(2, 1))),
			want: "Failed/RollPrimary 100%, canary full, hold, wake 1ms, stalled, post-rollout, PromotionFailed",
		},
		"in place, a primary whose old pods all serve keeps its share": {
			seen: promoting(StageRollPrimary, 50, primaryAt("v2"), primary(stuck(2, 2))),
			want: "Failed/RollPrimary 50%, canary up, hold, wake 1ms, stalled, post-rollout, PromotionFailed",
		},
		"in place, a canary that is too small for all of it grows first": {
			seen: promoting(StageRollPrimary, 50, primaryAt("v2"), primary(stuck(4, 3))),
			want: "Failed/RollPrimary 50%, canary full, hold, wake 1ms, stalled, post-rollout, PromotionFailed",
		},
		"in place, a canary that has grown takes all of it": {
			seen: released(PhaseFailed, StageRollPrimary, 50, []edit{primaryAt("v2"), primary(stuck(4, 3)), canary(ready(4))}),
			want: "Failed/RollPrimary 100%, canary full, hold, wake 1ms, stalled",
		},
		"in place, a primary with nobody leaves all of it to any canary": {
			seen: released(PhaseFailed, StageRollPrimary, 50, []edit{primaryAt("v2"), primary(stuck(4, 0))}),
			want: "Failed/RollPrimary 100%, canary full, hold, wake 1ms, stalled",
		},
		"no traffic moves to a canary that only just became ready": {
			seen: released(PhaseFailed, StageRollPrimary, 0, []edit{primaryAt("v2"), primary(stuck(4, 0)), canary(since(0, ready(4)))}),
			want: "Failed/RollPrimary 0%, canary full, wake 1s, stalled",
		},
		"it is told once": {
			seen: promotionFailed(),
			want: "Failed/RollPrimary 100%, canary full, hold, stalled",
		},
		"a cause that is mended lets the promotion go on": {
			seen: promotionFailed(primary(ready(2))),
			want: "Promoting/RollPrimary 100%, canary full, hold, wake 1ms, PromotionResumed",
		},
		"back at the promoted revision the primary is given it again, once that is on record": {
			seen: promotionFailed(target("v1")),
			want: "Promoting/RollPrimary 100%, canary full, hold, wake 1ms, Returned",
		},
		"a target that goes to what somebody else gave the primary follows it": {
			seen: promotionFailed(target("v0"), primaryAt("v0"), primary(coming(2, 1))),
			want: "Promoting/RollPrimary 100%, canary full, hold, wake 1ms, Returned",
		},
		"and then it is": {
			seen: promoting(StageRollPrimary, 100, target("v1"), primaryAt("v2"), primary(stuck(2, 0)), record(func(r *Record) { r.LastApplied = "v1" })),
			want: "Promoting/RollPrimary 100%, promote v1, canary full, hold, wake 10s",
		},
		"on the way back a lost canary does not end anything": {
			seen: promoting(StageRollPrimary, 100, target("v1"), primaryAt("v2"), primary(stuck(2, 1)), canary(coming(2, 0)), record(func(r *Record) { r.LastApplied = "v1" })),
			want: "Promoting/RollPrimary 0%, hold, wake 1ms, CanaryLost",
		},
		"a new revision loses the traffic where a primary pod serves": {
			seen: promotionFailed(target("v3"), primary(stuck(2, 1))),
			want: "Failed/RollPrimary 0%, wake 1ms, Returning",
		},
		"and is released like any other, gates and all": {
			seen: released(PhaseFailed, StageRollPrimary, 0, []edit{target("v3"), primaryAt("v2"), primary(stuck(2, 1)), policy(every)}),
			want: "ask confirm-rollout",
		},
		"a new revision with nobody on the primary is released where the traffic is": {
			seen: promotionFailed(target("v3"), policy(every)),
			want: "Progressing/Stranded 100%, canary up, hold, wake 10s, NewRevision",
		},
		"a primary that somebody else gave another revision ends it": {
			seen: promotionFailed(primaryAt("v1"), primary(ready(2))),
			want: "Failed 100%, canary full, hold, wake 1ms",
		},
		"a canary that is lost leaves its traffic to what serves of the primary": {
			seen: promotionFailed(primary(stuck(2, 1)), canary(coming(2, 0))),
			want: "Failed/RollPrimary 0%, wake 1ms, CanaryLost",
		},
	})
}
