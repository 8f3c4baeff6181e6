package rollout

import (
	"testing"
	"time"
)

func TestStepsOfARelease(t *testing.T) {
	run(t, map[string]row{
		"pods on their way are waited for": {
			seen: progressing(0, canary(coming(2, 1))),
			want: "Progressing 0%, canary up, wake 10s", says: "waiting for the canary, then canary weight 10 %: 1 of 2 ready",
		},
		"a ready canary that is scaled to zero is no canary": {
			seen: progressing(0, canary(ready(0))),
			want: "Progressing 0%, canary up, wake 10s",
		},
		"pods that only just became ready are given time to be known": {
			seen: progressing(0, canary(since(300*time.Millisecond, ready(2)))),
			want: "Progressing 0%, canary up, wake 700ms", says: "once every proxy knows it",
		},
		"the first step needs neither interval nor analysis": {
			seen: progressing(0, checked(0)),
			want: "Progressing 10%, canary up, hold, wake 10s, Advanced", says: "canary weight 10 %: next analysis at 10:00:10 UTC",
		},
		"the first step waits until the route is back at the primary": {
			seen: progressing(0, routed(50, time.Hour)),
			want: "Progressing 0%, canary up",
		},
		"the first step waits until there is a route": {
			seen: progressing(0, unrouted),
			want: "Progressing 0%, canary up",
		},
		"the first step waits for a primary that is on its way": {
			seen: progressing(0, primary(coming(2, 0))),
			want: "Progressing 0%, canary up, wake 10s", says: "waiting for the primary",
		},
		"a primary that is stuck holds nothing up: the release may be its cure": {
			seen: progressing(0, primary(stuck(2, 0))),
			want: "Progressing 10%, canary up, hold, wake 10s, Advanced",
		},
		"the interval separates analyses": {
			seen: progressing(10, checked(4*time.Second)),
			want: "Progressing 10%, canary up, hold, wake 6s", says: "canary weight 10 %: next analysis at 10:00:06 UTC",
		},
		"an answer does not shorten the interval": {
			seen: progressing(10, checked(9*time.Second), answered(AskAnalysis, Pass)),
			want: "Progressing 10%, canary up, hold, wake 1s",
		},
		"later steps need an analysis": {
			seen: progressing(10),
			want: "ask analysis",
		},
		"an analysis under way is waited for without a timer": {
			seen: progressing(10, answered(AskAnalysis, Pending)),
			want: "Progressing 10%, canary up, hold", says: "canary weight 10 %: next analysis at 10:00:00 UTC",
		},
		"a pass advances one step": {
			seen: progressing(10, answered(AskAnalysis, Pass)),
			want: "Progressing 30%, canary up, hold, wake 10s, Advanced",
		},
		"a pass keeps the failures that were counted": {
			seen: progressing(10, answered(AskAnalysis, Pass), failedChecks(1), failure("slow")),
			want: "Progressing 30%, 1 failed, canary up, hold, wake 10s, Advanced", says: "canary weight 30 % (1 of 3 failed checks): next analysis at",
		},
		"a weight between steps moves to the next step above it": {
			seen: progressing(20, answered(AskAnalysis, Pass)),
			want: "Progressing 30%, canary up, hold, wake 10s, Advanced",
		},
		"a weight above every step leads to the promotion": {
			seen: progressing(60, answered(AskAnalysis, Pass)),
			want: "Promoting/DrainPrimary 100%, canary full, hold, wake 1ms, Promoting",
		},
		"without metrics and hooks every step passes": {
			seen: progressing(10, policy(func(p *Policy) { p.Asks = Asks{} })),
			want: "Progressing 30%, canary up, hold, wake 10s, Advanced",
		},
		"a route edited by others is put right and moves nothing": {
			seen: progressing(10, checked(4*time.Second), routed(100, time.Second)),
			want: "Progressing 10%, canary up, hold, wake 6s",
		},
		"a canary that loses some pods keeps its weight": {
			seen: progressing(30, canary(coming(2, 1)), answered(AskAnalysis, Pass)),
			want: "Progressing 30%, canary up, hold, wake 10s", says: "waiting for the canary, then canary weight 50 %",
		},
		"a canary that lost its last pod loses its traffic, which counts": {
			seen: progressing(30, canary(coming(2, 0))),
			want: "Progressing/PreRolloutPassed 0%, 1 failed, canary up, wake 10s, Halted", says: "the canary has no ready pod: 0 of 2 ready",
		},
		"a canary that loses its last pod too often is rolled back": {
			seen: progressing(30, canary(coming(2, 0)), failedChecks(2)),
			want: "Failed 0%, 3 failed, wake 1ms, post-rollout, RolledBack",
		},
		"with nobody anywhere the traffic stays": {
			seen: progressing(30, canary(coming(2, 0)), primary(coming(2, 0))),
			want: "Progressing 30%, canary up, hold, wake 10s",
		},
		"a stuck canary ends the release with its pods' own reason": {
			seen: progressing(0, canary(stuck(2, 0))),
			want: "Failed 0%, wake 1ms, post-rollout, RolledBack", says: "rolled back: CrashLoopBackOff",
		},
		"a stuck canary ends the release at any step": {
			seen: progressing(30, canary(stuck(2, 1)), checked(0)),
			want: "Failed 0%, wake 1ms, post-rollout, RolledBack",
		},
		"a rollback keeps the traffic where it is while nobody is on the primary": {
			seen: progressing(30, canary(stuck(2, 1)), primary(coming(2, 0))),
			want: "Failed 30%, canary up, hold, wake 1ms, post-rollout, RolledBack",
		},
		"a status with an impossible weight is put right": {
			seen: progressing(400, checked(0)),
			want: "Progressing 100%, canary up, hold, wake 10s",
		},
	})
}

func TestGatesOfARelease(t *testing.T) {
	all := policy(every)
	no := answered(AskRollback, Fail)
	hooked := func(weight int, edits ...edit) scene {
		return progressing(weight, append([]edit{all, no}, edits...)...)
	}
	run(t, map[string]row{
		"a rollback hook is asked whatever the canary does": {
			seen: progressing(10, all, canary(coming(2, 1))),
			want: "ask rollback",
		},
		"a rollback hook that says yes ends the release": {
			seen: progressing(10, all, checked(0), answered(AskRollback, Pass)),
			want: "Failed 0%, wake 1ms, post-rollout, RolledBack", says: "a rollback hook asked for it",
		},
		"a rollback hook that hangs holds nothing up": {
			seen: progressing(10, all, answered(AskRollback, Pending)),
			want: "ask analysis",
		},
		"a rollback hook that cannot be reached holds nothing up": {
			seen: progressing(10, all, answered(AskRollback, Error)),
			want: "ask analysis",
		},
		"pre-rollout hooks come before the first step": {
			seen: hooked(0),
			want: "ask pre-rollout",
		},
		"a pre-rollout hook that says no counts": {
			seen: hooked(0, answered(AskPreRollout, Fail, "503")),
			want: "Progressing 0%, 1 failed, canary up, wake 10s, Halted", says: "the first step (1 of 3 failed checks) is held: a pre-rollout hook said no: 503; asked again at 10:00:10 UTC",
		},
		"a pre-rollout hook that said no is asked again after the interval": {
			seen: hooked(0, failedChecks(1), failure("no"), checked(4*time.Second)),
			want: "Progressing 0%, 1 failed, canary up, wake 6s",
		},
		"the gate of traffic comes after the pre-rollout hooks": {
			seen: hooked(0, answered(AskPreRollout, Pass)),
			want: "ask confirm-traffic-increase",
		},
		"it is on record that the pre-rollout hooks have passed while the gate hangs": {
			seen: hooked(0, answered(AskPreRollout, Pass), answered(AskConfirmTraffic, Pending)),
			want: "Progressing/PreRolloutPassed 0%, canary up, wake 1ms", says: "the first step waits for its hooks and gates",
		},
		"a hung gate needs no timer": {
			seen: hooked(0, stage(StageReady), checked(0), answered(AskConfirmTraffic, Pending)),
			want: "Progressing/PreRolloutPassed 0%, canary up",
		},
		"a closed gate holds the first step and counts nothing": {
			seen: hooked(0, answered(AskPreRollout, Pass), answered(AskConfirmTraffic, Fail)),
			want: "Progressing/PreRolloutPassed 0%, canary up, wake 10s, WaitingForApproval",
		},
		"a closed gate keeps the failures that were counted": {
			seen: hooked(0, failedChecks(2), answered(AskPreRollout, Pass), answered(AskConfirmTraffic, Fail)),
			want: "Progressing/PreRolloutPassed 0%, 2 failed, canary up, wake 10s, WaitingForApproval",
		},
		"a closed gate is asked again after the interval": {
			seen: hooked(0, stage(StageReady), failure("the confirm-traffic-increase gate said no"), checked(4*time.Second)),
			want: "Progressing/PreRolloutPassed 0%, canary up, wake 6s",
			says: "the first step is held: the confirm-traffic-increase gate said no; asked again at 10:00:06 UTC",
		},
		"pre-rollout hooks that passed are not called again": {
			seen: hooked(0, stage(StageReady), failure("the confirm-traffic-increase gate said no")),
			want: "ask confirm-traffic-increase",
		},
		"an open gate lets the first step be taken": {
			seen: hooked(0, stage(StageReady), failure("no"), answered(AskConfirmTraffic, Pass)),
			want: "Progressing 10%, canary up, hold, wake 10s, Advanced",
		},
		"a later step asks its gate once the analysis has passed": {
			seen: hooked(10, answered(AskAnalysis, Pass)),
			want: "ask confirm-traffic-increase",
		},
		"a closed gate holds a later step": {
			seen: hooked(10, answered(AskAnalysis, Pass), answered(AskConfirmTraffic, Fail, "not on Fridays")),
			want: "Progressing 10%, canary up, hold, wake 10s, WaitingForApproval", says: "the confirm-traffic-increase gate said no: not on Fridays",
		},
		"what was said about a closed gate is not said again": {
			seen: hooked(10, answered(AskAnalysis, Pass), answered(AskConfirmTraffic, Fail), failure("the confirm-traffic-increase gate said no")),
			want: "Progressing 10%, canary up, hold, wake 10s",
		},
		"an unreachable gate is a closed one": {
			seen: hooked(10, answered(AskAnalysis, Pass), answered(AskConfirmTraffic, Error)),
			want: "Progressing 10%, canary up, hold, wake 10s, WaitingForApproval",
		},
		"the gate of traffic has its say before the promotion too": {
			seen: hooked(50, answered(AskAnalysis, Pass)),
			want: "ask confirm-traffic-increase",
		},
		"the gate of the promotion comes last": {
			seen: hooked(50, answered(AskAnalysis, Pass), answered(AskConfirmTraffic, Pass)),
			want: "ask confirm-promotion",
		},
		"a closed gate holds the promotion": {
			seen: hooked(50, answered(AskAnalysis, Pass), answered(AskConfirmTraffic, Pass), answered(AskConfirmPromotion, Fail)),
			want: "WaitingPromotion 50%, canary up, hold, wake 10s, WaitingForApproval",
		},
		"the promotion that waits goes on being analysed": {
			seen: released(PhaseWaitingPromotion, StageNone, 50, []edit{all, no}),
			want: "ask analysis",
		},
		"the promotion that waits can still fail": {
			seen: released(PhaseWaitingPromotion, StageNone, 50, []edit{all, no, failedChecks(2), answered(AskAnalysis, Fail, "slow")}),
			want: "Failed 0%, 3 failed, wake 1ms, post-rollout, RolledBack",
		},
		"the promotion that waits has no more to do with the gate of traffic": {
			seen: released(PhaseWaitingPromotion, StageNone, 50, []edit{all, no, answered(AskAnalysis, Pass)}),
			want: "ask confirm-promotion",
		},
		"the promotion that waits starts when its gate opens": {
			seen: released(PhaseWaitingPromotion, StageNone, 50, []edit{all, no, answered(AskAnalysis, Pass), answered(AskConfirmPromotion, Pass)}),
			want: "Promoting/DrainPrimary 100%, canary full, hold, wake 1ms, Promoting",
		},
		"the promotion that waits takes a step when the plan has grown": {
			seen: released(PhaseWaitingPromotion, StageNone, 50, []edit{
				all, no, answered(AskAnalysis, Pass), answered(AskConfirmTraffic, Pass), policy(func(p *Policy) { p.Steps = append(p.Steps, ladder(80)...) }),
			}),
			want: "Progressing 80%, canary up, hold, wake 10s, Advanced",
		},
		"the promotion that waits goes back to the steps with a canary that lost its pods": {
			seen: released(PhaseWaitingPromotion, StageNone, 50, []edit{canary(coming(2, 0))}),
			want: "Progressing/PreRolloutPassed 0%, 1 failed, canary up, wake 10s, Halted",
		},
		"without steps the hooks and gates still have their say": {
			seen: hooked(0, policy(func(p *Policy) { p.Steps = nil })),
			want: "ask pre-rollout",
		},
		"without steps a closed gate does not call the hooks again": {
			seen: hooked(0, policy(func(p *Policy) { p.Steps = nil }), answered(AskPreRollout, Pass), answered(AskConfirmTraffic, Pass), answered(AskConfirmPromotion, Fail)),
			want: "WaitingPromotion/PreRolloutPassed 0%, canary up, wake 10s, WaitingForApproval",
		},
	})
}

func TestVerdictsOfAnAnalysis(t *testing.T) {
	outage := record(func(r *Record) { r.ErrorsSince = start.Add(-20 * time.Second); r.Failure = "connection refused" })
	run(t, map[string]row{
		"a failure counts and holds the weight": {
			seen: progressing(30, answered(AskAnalysis, Fail, "success rate is 90 %")),
			want: "Progressing 30%, 1 failed, canary up, hold, wake 10s, Halted",
			says: "canary weight 30 % (1 of 3 failed checks) is held: success rate is 90 %; next analysis at 10:00:10 UTC",
		},
		"a failure that was counted is still named on the next pass": {
			seen: progressing(30, checked(0), failedChecks(1), failure("success rate is 90 %")),
			want: "Progressing 30%, 1 failed, canary up, hold, wake 10s",
			says: "canary weight 30 % (1 of 3 failed checks) is held: success rate is 90 %; next analysis at 10:00:10 UTC",
		},
		"one failure below the threshold does not roll back": {
			seen: progressing(30, failedChecks(1), answered(AskAnalysis, Fail, "slow")),
			want: "Progressing 30%, 2 failed, canary up, hold, wake 10s, Halted",
		},
		"the failure that reaches the threshold rolls back at once": {
			seen: progressing(30, failedChecks(2), answered(AskAnalysis, Fail, "slow")),
			want: "Failed 0%, 3 failed, wake 1ms, post-rollout, RolledBack", says: "rolled back: slow; waiting for a new revision",
		},
		"a threshold of one rolls back with the first failure": {
			seen: progressing(10, policy(func(p *Policy) { p.Threshold = 1 }), answered(AskAnalysis, Fail, "slow")),
			want: "Failed 0%, 1 failed, wake 1ms, post-rollout, RolledBack",
		},
		"missing data counts": {
			seen: progressing(10, answered(AskAnalysis, NoData, "no values")),
			want: "Progressing 10%, 1 failed, canary up, hold, wake 10s, Halted", says: "no data: no values",
		},
		"missing data holds where that is wanted": {
			seen: progressing(10, policy(func(p *Policy) { p.OnNoData = NoDataHolds }), answered(AskAnalysis, NoData, "no values")),
			want: "Progressing 10%, canary up, hold, wake 10s, NoData", says: "canary weight 10 % is held: no data: no values",
		},
		"missing data passes where that is wanted": {
			seen: progressing(10, policy(func(p *Policy) { p.OnNoData = NoDataPasses }), answered(AskAnalysis, NoData)),
			want: "Progressing 30%, canary up, hold, wake 10s, Advanced",
		},
		"an error holds the weight and does not count": {
			seen: progressing(10, answered(AskAnalysis, Error, "connection refused")),
			want: "Progressing 10%, outage, canary up, hold, wake 10s, MetricsUnavailable",
			says: "canary weight 10 % is held: no trustworthy metrics since 10:00:00 UTC, rolled back at 10:01:00 UTC unless they return: connection refused",
		},
		"an outage is told once": {
			seen: progressing(10, outage, answered(AskAnalysis, Error, "connection refused")),
			want: "Progressing 10%, outage, canary up, hold, wake 10s", says: "no trustworthy metrics since 09:59:40 UTC, rolled back at 10:00:40 UTC",
		},
		"an outage is looked at when it is to end the release": {
			seen: progressing(10, checked(0), record(func(r *Record) { r.ErrorsSince = start.Add(-55 * time.Second) })),
			want: "Progressing 10%, outage, canary up, hold, wake 5s",
		},
		"an outage as long as the progress deadline rolls back": {
			seen: progressing(10, record(func(r *Record) { r.ErrorsSince = start.Add(-time.Minute) }), answered(AskAnalysis, Error)),
			want: "Failed 0%, wake 1ms, post-rollout, RolledBack", says: "MetricsUnavailable since 09:59:00",
		},
		"a pass ends an outage": {
			seen: progressing(10, outage, answered(AskAnalysis, Pass)),
			want: "Progressing 30%, canary up, hold, wake 10s, Advanced",
		},
		"a failure ends an outage": {
			seen: progressing(10, outage, answered(AskAnalysis, Fail, "slow")),
			want: "Progressing 10%, 1 failed, canary up, hold, wake 10s, Halted",
		},
		"a closed gate ends an outage": {
			seen: progressing(10, outage, policy(func(p *Policy) { p.Asks.ConfirmTraffic = true }), answered(AskAnalysis, Pass), answered(AskConfirmTraffic, Fail)),
			want: "Progressing 10%, canary up, hold, wake 10s, WaitingForApproval",
		},
		"missing data right after an outage is the outage's": {
			seen: progressing(10, outage, answered(AskAnalysis, NoData)),
			want: "Progressing 10%, outage, canary up, hold, wake 10s",
		},
		"missing data that is to pass ends an outage": {
			seen: progressing(10, outage, policy(func(p *Policy) { p.OnNoData = NoDataPasses }), answered(AskAnalysis, NoData)),
			want: "Progressing 30%, canary up, hold, wake 10s, Advanced",
		},
		"missing data that is to hold ends an outage": {
			seen: progressing(10, outage, policy(func(p *Policy) { p.OnNoData = NoDataHolds }), answered(AskAnalysis, NoData)),
			want: "Progressing 10%, canary up, hold, wake 10s, NoData",
		},
	})
}

func TestATargetThatChangesInMidRun(t *testing.T) {
	run(t, map[string]row{
		"traffic leaves the canary before anything is asked": {
			seen: progressing(30, policy(every), target("v3"), canary(coming(2, 1)), failedChecks(2)),
			want: "Progressing 0%, canary up, wake 10s, NewRevision", says: "waiting for the canary, then canary weight 10 %",
		},
		"a promotion that waits starts again as well": {
			seen: released(PhaseWaitingPromotion, StageNone, 50, []edit{target("v3")}),
			want: "Progressing 0%, canary up, wake 10s, NewRevision",
		},
		"traffic stays where it is while nobody is on the primary": {
			seen: progressing(30, target("v3"), primary(coming(2, 0))),
			want: "Progressing/Stranded 30%, canary up, hold, wake 10s, NewRevision",
		},
		"stranded traffic goes home as soon as a primary pod serves": {
			seen: progressing(30, stage(StageStranded), primary(coming(2, 1))),
			want: "Progressing 0%, canary up, wake 10s, Restarted",
		},
		"a stranded release is analysed where it is": {
			seen: progressing(30, stage(StageStranded), primary(stuck(2, 0)), answered(AskAnalysis, Pass)),
			want: "Progressing/Stranded 50%, canary up, hold, wake 10s, Advanced",
		},
		"back at the promoted revision there is nothing to release": {
			seen: progressing(30, target("v1"), failedChecks(1)),
			want: "Succeeded 0%, wake 1ms, Returned", says: "promoted; waiting for a new revision",
		},
		"back at the promoted revision with nobody on the primary the traffic stays": {
			seen: progressing(30, target("v1"), primary(coming(2, 0))),
			want: "Promoting/RollPrimary 30%, canary up, hold, wake 1ms, Returned",
		},
		"back at the revision of a primary that cannot start there is a promotion to end": {
			seen: progressing(30, target("v1"), primary(stuck(2, 1)), record(func(r *Record) { r.LastPromoted = "v0" })),
			want: "Promoting/RollPrimary 0%, hold, wake 1ms, Returned",
		},
	})
}

func TestSkippedAnalysis(t *testing.T) {
	skip := policy(func(p *Policy) { p.SkipAnalysis = true; every(p) })
	no := answered(AskRollback, Fail)
	run(t, map[string]row{
		"the canary is still waited for": {
			seen: progressing(0, skip, no, canary(coming(2, 1))),
			want: "Progressing 0%, canary up, wake 10s", says: "waiting for the canary, then the promotion",
		},
		"and time is still given to the proxies": {
			seen: progressing(0, skip, no, canary(since(0, ready(2)))),
			want: "Progressing 0%, canary up, wake 1s", says: "the canary is ready; the promotion once every proxy knows it",
		},
		"a canary that never starts still fails": {
			seen: progressing(0, skip, no, canary(stuck(2, 0))),
			want: "Failed 0%, wake 1ms, post-rollout, RolledBack",
		},
		"then the promotion starts, with no hook, gate or step": {
			seen: progressing(0, skip, no),
			want: "Promoting/DrainPrimary 100%, canary full, hold, wake 1ms, Promoting",
		},
		"a release under way stops being analysed": {
			seen: progressing(10, skip, no, checked(0)),
			want: "Promoting/DrainPrimary 100%, canary full, hold, wake 1ms, Promoting",
		},
	})
}
