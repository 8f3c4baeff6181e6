package rollout

import (
	"testing"
	"time"
)

func TestWhatIsRemembered(t *testing.T) {
	hour := start.Add(-time.Hour)
	tests := map[string]struct {
		seen scene
		want Record
	}{
		"a release knows what the primary runs": {
			seen: resting(PhaseSucceeded, target("v3")),
			want: Record{Phase: PhaseProgressing, LastApplied: "v3", LastPromoted: "v2", CheckedAt: start},
		},
		"a release begins with a clean slate": {
			seen: resting(PhaseFailed, target("v3"), failedChecks(3)),
			want: Record{Phase: PhaseProgressing, LastApplied: "v3", LastPromoted: "v1", CheckedAt: start},
		},
		"a release in mid-promotion knows that the primary was rolled": {
			seen: promoting(StageRollPrimary, 100, primaryAt("v2"), target("v1")),
			want: Record{Phase: PhaseProgressing, LastApplied: "v1", LastPromoted: "v2", CheckedAt: start},
		},
		"a release with a primary that nobody can date believes the status": {
			seen: resting(PhaseFailed, target("v3"), primaryAt("")),
			want: Record{Phase: PhaseProgressing, LastApplied: "v3", LastPromoted: "v1", CheckedAt: start},
		},
		"a step forgets outage and failure, not the count": {
			seen: progressing(10, failedChecks(1), failure("slow"), answered(AskAnalysis, Pass), record(func(r *Record) { r.ErrorsSince = hour })),
			want: Record{Phase: PhaseProgressing, Weight: 30, FailedChecks: 1, LastApplied: "v2", LastPromoted: "v1", CheckedAt: start},
		},
		"a held step remembers why": {
			seen: progressing(10, answered(AskAnalysis, Fail, "slow")),
			want: Record{Phase: PhaseProgressing, Weight: 10, FailedChecks: 1, LastApplied: "v2", LastPromoted: "v1", CheckedAt: start, Failure: "slow"},
		},
		"an analysis that failed without a word gets one": {
			seen: progressing(10, answered(AskAnalysis, Fail)),
			want: Record{
				Phase: PhaseProgressing, Weight: 10, FailedChecks: 1, LastApplied: "v2", LastPromoted: "v1", CheckedAt: start,
				Failure: "the analysis failed",
			},
		},
		"an outage remembers since when and why": {
			seen: progressing(10, answered(AskAnalysis, Error, "down")),
			want: Record{
				Phase: PhaseProgressing, Weight: 10, LastApplied: "v2", LastPromoted: "v1", CheckedAt: start, ErrorsSince: start, Failure: "down",
			},
		},
		"a rollback remembers why": {
			seen: progressing(10, failedChecks(2), answered(AskAnalysis, Fail, "slow")),
			want: Record{Phase: PhaseFailed, FailedChecks: 3, LastApplied: "v2", LastPromoted: "v1", CheckedAt: start, Failure: "slow"},
		},
		"a promotion forgets outage and failure": {
			seen: progressing(50, failure("slow"), answered(AskAnalysis, Pass), record(func(r *Record) { r.ErrorsSince = hour })),
			want: Record{Phase: PhasePromoting, Stage: StageDrainPrimary, Weight: 100, LastApplied: "v2", LastPromoted: "v1", CheckedAt: start},
		},
		"a promotion is on record as soon as all traffic is on its primary": {
			seen: promoting(StageRollPrimary, 100, primaryAt("v2")),
			want: Record{Phase: PhaseFinalising, LastApplied: "v2", LastPromoted: "v2", CheckedAt: start},
		},
		"a promotion that goes on forgets that it failed": {
			seen: promotionFailed(primary(ready(2)), record(func(r *Record) { r.CheckedAt = hour })),
			want: Record{Phase: PhasePromoting, Stage: StageRollPrimary, Weight: 100, LastApplied: "v2", LastPromoted: "v1", CheckedAt: hour},
		},
		"a promotion that failed remembers why": {
			seen: promoting(StageRollPrimary, 100, primaryAt("v2"), primary(stuck(2, 1)), checked(time.Hour)),
			want: Record{
				Phase: PhaseFailed, Stage: StageRollPrimary, Weight: 100, LastApplied: "v2", LastPromoted: "v1", CheckedAt: hour,
				Failure: "the primary cannot start: CrashLoopBackOff",
			},
		},
		"an end that is good forgets the count": {
			seen: released(PhaseFinalising, StageNone, 0, []edit{primaryAt("v2"), failedChecks(1), answered(AskCanarySilent, Pass), checked(time.Hour)}),
			want: Record{Phase: PhaseSucceeded, LastApplied: "v2", LastPromoted: "v1", CheckedAt: hour},
		},
		"a target that goes back leaves nothing of its release": {
			seen: progressing(30, target("v1"), failedChecks(2), failure("slow"), checked(time.Hour)),
			want: Record{Phase: PhaseSucceeded, LastApplied: "v1", LastPromoted: "v1", CheckedAt: hour},
		},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			if got := Next(tt.seen.p, tt.seen.o, start).Next; got != tt.want {
				t.Errorf("Next().Next = %+v, want %+v", got, tt.want)
			}
		})
	}
}
