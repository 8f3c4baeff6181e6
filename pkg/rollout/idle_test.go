package rollout

import (
	"testing"
	"time"
)

func TestInitialisation(t *testing.T) {
	cloned := primaryAt("v1")
	run(t, map[string]row{
		"a new Canary gets a primary": {
			seen: initializing(PhaseNone),
			want: "Initializing 0%, ensure primary, no route, wake 10s, Initializing",
		},
		"no traffic moves before the primary is ready": {
			seen: initializing(PhaseInitializing, cloned, primary(coming(2, 1))),
			want: "Initializing 0%, ensure primary, no route, wake 10s", says: "waiting for the primary before any traffic moves: 1 of 2 ready",
		},
		"a primary that is ready and empty is no primary": {
			seen: initializing(PhaseInitializing, cloned, primary(ready(0))),
			want: "Initializing 0%, ensure primary, no route, wake 10s",
		},
		"a primary that cannot start needs a person": {
			seen: initializing(PhaseInitializing, cloned, primary(stuck(2, 0))),
			want: "Initializing 0%, ensure primary, no route, stalled", says: "CrashLoopBackOff",
		},
		"a primary that only just became ready is given time to be known": {
			seen: initializing(PhaseInitializing, cloned, primary(since(0, ready(2)))),
			want: "Initializing 0%, ensure primary, no route, wake 1s",
		},
		"while nobody is on the primary it follows the target": {
			seen: initializing(PhaseInitializing, primaryAt("v0"), primary(ready(2))),
			want: "Initializing 0%, ensure primary, promote v1, no route, wake 10s",
		},
		"traffic moves to a settled primary, and the target stays": {
			seen: initializing(PhaseInitializing, cloned, primary(ready(2))),
			want: "Initializing 0%, ensure primary",
		},
		"the target stays until it has had time to fall silent": {
			seen: initializing(PhaseInitializing, cloned, primary(ready(2)), routed(0, 2*time.Second)),
			want: "Initializing 0%, ensure primary, wake 3s",
		},
		"the target stays until the metrics say that it is silent": {
			seen: initializing(PhaseInitializing, cloned, primary(ready(2)), routed(0, 5*time.Second)),
			want: "ask canary silence",
		},
		"a silent target is taken away": {
			seen: initializing(PhaseInitializing, cloned, primary(ready(2)), routed(0, 5*time.Second), answered(AskCanarySilent, Pass)),
			want: "Initialized 0%, ensure primary, canary zero, wake 1ms, Initialized",
		},
		"a target that is called for ever does not hold initialisation up": {
			seen: initializing(PhaseInitializing, cloned, primary(ready(2)), routed(0, 5*time.Minute), answered(AskCanarySilent, Fail)),
			want: "Initialized 0%, ensure primary, canary one, wake 10s, Initialized",
		},
		"a target without pods needs no drain": {
			seen: initializing(PhaseInitializing, cloned, primary(ready(2)), canary(Health{})),
			want: "Initialized 0%, ensure primary, canary zero, wake 1ms, Initialized",
		},
		"a target that changed after traffic moved is a release of its own": {
			seen: initializing(PhaseInitializing, primaryAt("v0"), primary(ready(2)), routed(0, time.Minute), answered(AskCanarySilent, Pass)),
			want: "Initialized 0%, ensure primary, canary zero, wake 1ms, Initialized",
		},
		"traffic that a former Canary left behind stays until the primary is ready": {
			seen: initializing(PhaseNone, cloned, primary(coming(2, 1)), routed(30, time.Minute)),
			want: "Initializing 0%, ensure primary, no route, wake 10s, Initializing",
		},
		"a phase that nobody knows begins from what is there": {
			seen: initializing("Terminating", cloned, primary(ready(2)), routed(0, time.Minute), canary(Health{})),
			want: "Initialized 0%, ensure primary, canary zero, wake 1ms, Initialized",
		},
	})
}

func TestRest(t *testing.T) {
	run(t, map[string]row{
		"an idle Canary asks nothing and sets no timer": {
			seen: resting(PhaseSucceeded),
			want: "Succeeded 0%", says: "promoted; waiting for a new revision of the target",
		},
		"an initialised Canary asks nothing and sets no timer": {
			seen: resting(PhaseInitialized),
			want: "Initialized 0%", says: "initialised: the primary serves; waiting for a new revision",
		},
		"a failed release says why and is not tried again": {
			seen: resting(PhaseFailed),
			want: "Failed 0%", says: "rolled back: success rate is 90 %; waiting for a new revision",
		},
		"a canary that a rollback left is not taken away before the route is in place": {
			seen: resting(PhaseFailed, canary(ready(2)), routed(50, time.Hour)),
			want: "Failed 0%",
		},
		"a canary that a rollback left is drained": {
			seen: resting(PhaseFailed, canary(ready(2)), routed(0, time.Second)),
			want: "Failed 0%, wake 4s", says: "rolled back: success rate is 90 %",
		},
		"a canary that a rollback left goes when it is silent": {
			seen: resting(PhaseFailed, canary(ready(2)), answered(AskCanarySilent, Pass)),
			want: "Failed 0%, canary zero",
		},
		"a target that others scale up at rest is taken away again": {
			seen: resting(PhaseSucceeded, canary(coming(3, 0)), answered(AskCanarySilent, Pass)),
			want: "Succeeded 0%, canary zero",
		},
		"a primary that breaks at rest is named": {
			seen: resting(PhaseSucceeded, primary(stuck(2, 1))),
			want: "Succeeded 0%, stalled", says: "promoted; the primary does not serve as it should: CrashLoopBackOff; waiting",
		},
		"a primary that somebody deleted is made again": {
			seen: resting(PhaseSucceeded, primaryAt(""), primary(Health{})),
			want: "Succeeded 0%, ensure primary",
		},
		"a deleted primary is not made again from an unvetted target": {
			seen: resting(PhaseFailed, primaryAt(""), primary(Health{})),
			want: "Failed 0%",
		},
		"traffic that nobody could take goes home when a primary pod serves": {
			seen: released(PhaseFailed, StageNone, 30, []edit{primary(coming(2, 1))}),
			want: "Failed 0%, wake 1ms, Returning",
		},
		"traffic that nobody can take stays": {
			seen: released(PhaseFailed, StageNone, 30, []edit{primary(coming(2, 0))}),
			want: "Failed 30%, canary up, hold", says: "canary weight 30 % stays until a primary pod serves: 0 of 2 ready",
		},
		"traffic that nobody will ever take needs a person": {
			seen: released(PhaseFailed, StageNone, 30, []edit{primary(stuck(2, 0))}),
			want: "Failed 30%, canary up, hold, stalled",
		},
		"a new revision with nobody on the primary is released where the traffic is": {
			seen: released(PhaseFailed, StageNone, 30, []edit{primary(coming(2, 0)), target("v3")}),
			want: "Progressing/Stranded 30%, canary up, hold, wake 10s, NewRevision",
		},
		"suspended, nothing is touched": {
			seen: progressing(30, policy(func(p *Policy) { p.Suspended = true }), target("v3"), routed(0, time.Second)),
			want: "Progressing 30%, no route, hold", says: "suspended",
		},
		"suspended, an outage does not go on": {
			seen: progressing(30, policy(func(p *Policy) { p.Suspended = true }), record(func(r *Record) { r.ErrorsSince = start })),
			want: "Progressing 30%, no route, hold",
		},
		"suspended before it began, it does not begin": {
			seen: initializing(PhaseNone, policy(func(p *Policy) { p.Suspended = true })),
			want: " 0%, no route",
		},
	})
}

func TestDetection(t *testing.T) {
	gated := policy(func(p *Policy) { p.Asks.ConfirmRollout = true })
	vetoable := policy(func(p *Policy) { p.Asks.ConfirmRollout, p.Asks.Rollback = true, true })
	run(t, map[string]row{
		"a new revision is begun at once": {
			seen: resting(PhaseSucceeded, target("v3")),
			want: "Progressing 0%, canary up, wake 10s, NewRevision",
		},
		"a new revision after a failed one is begun, whatever the primary does": {
			seen: resting(PhaseFailed, target("v3"), primary(coming(2, 1))),
			want: "Progressing 0%, canary up, wake 10s, NewRevision",
		},
		"a gate is asked first": {
			seen: resting(PhaseSucceeded, target("v3"), gated),
			want: "ask confirm-rollout",
		},
		"a hung gate needs no timer": {
			seen: resting(PhaseSucceeded, target("v3"), gated, answered(AskConfirmRollout, Pending)),
			want: "Succeeded 0%", says: "the new revision waits for the confirm-rollout gate",
		},
		"a closed gate makes it wait": {
			seen: resting(PhaseSucceeded, target("v3"), gated, answered(AskConfirmRollout, Fail, "freeze")),
			want: "Waiting 0%, wake 10s, WaitingForApproval", says: "the new revision is held: the confirm-rollout gate said no: freeze; asked again at 10:00:10 UTC",
		},
		"a gate that stays closed is told once": {
			seen: resting(PhaseWaiting, gated, answered(AskConfirmRollout, Fail)),
			want: "Waiting 0%, wake 10s",
		},
		"a closed gate is not asked before the interval has passed": {
			seen: resting(PhaseWaiting, gated, checked(4*time.Second)),
			want: "Waiting 0%, wake 6s", says: "the new revision is held: the confirm-rollout gate said no; asked again at 10:00:06 UTC",
		},
		"a gate that is asked while the release before is at fault does not blame the new one": {
			seen: resting(PhaseWaiting, gated, checked(0), failedChecks(3)),
			want: "Waiting 0%, 3 failed, wake 10s", says: "the new revision is held: the confirm-rollout gate said no",
		},
		"a gate that opens lets it begin": {
			seen: resting(PhaseWaiting, gated, answered(AskConfirmRollout, Pass)),
			want: "Progressing 0%, canary up, wake 10s, NewRevision",
		},
		"a rollback hook gives up what waits": {
			seen: resting(PhaseWaiting, vetoable, answered(AskRollback, Pass)),
			want: "Failed 0%, wake 1ms, post-rollout, RolledBack",
		},
		"a target that goes back while it waits has nothing to release": {
			seen: resting(PhaseWaiting, target("v1")),
			want: "Succeeded 0%, wake 1ms, Returned",
		},
		"a target that goes back to what failed before is not promoted by that": {
			seen: resting(PhaseWaiting, record(func(r *Record) { r.LastApplied = "v2" })),
			want: "Failed 0%, wake 1ms", says: "rolled back; waiting for a new revision",
		},
		"a target that goes back to a promotion that failed before finds it as it was": {
			seen: resting(PhaseWaiting, stage(StageRollPrimary), primaryAt("v2"), record(func(r *Record) { r.LastApplied = "v2" })),
			want: "Failed/RollPrimary 0%, wake 1ms",
		},
		"a target that goes back after a failure has nothing to release": {
			seen: resting(PhaseFailed, target("v1")),
			want: "Succeeded 0%, wake 1ms, Returned",
		},
		"a status that another controller wrote starts no rollout": {
			seen: resting(PhaseSucceeded, record(func(r *Record) { r.LastApplied, r.LastPromoted = "6c9d", "6c9d" })),
			want: "Succeeded 0%, wake 1ms",
		},
		"an initialised status that another controller wrote starts no rollout": {
			seen: resting(PhaseInitialized, record(func(r *Record) { r.LastApplied, r.LastPromoted = "6c9d", "6c9d" })),
			want: "Initialized 0%, wake 1ms",
		},
		"a release that another controller began starts again": {
			seen: progressing(30, record(func(r *Record) { r.LastApplied, r.LastPromoted = "6c9d", "77aa" })),
			want: "Progressing 0%, canary up, wake 10s, NewRevision",
		},
	})
}
