package telemetry

import "github.com/linnet-delivery/linnet/pkg/rollout"

// outcome is how a release ended.
type outcome string

const (
	// promoted: the primary runs the revision.
	promoted outcome = "promoted"
	// rolledBack: traffic is back on the primary, which never ran the revision.
	rolledBack outcome = "rolled_back"
	// promotionFailed: the revision was good and the primary could not run it.
	promotionFailed outcome = "promotion_failed"
	// returned: somebody put the promoted revision back on the target.
	returned outcome = "returned"
	// superseded: a newer revision took the release's place.
	superseded outcome = "superseded"
)

var outcomes = []outcome{promoted, rolledBack, promotionFailed, returned, superseded}

// running reports whether a release is under way.
func running(r rollout.Record) bool {
	switch r.Phase {
	case rollout.PhaseProgressing, rollout.PhaseWaitingPromotion, rollout.PhasePromoting, rollout.PhaseFinalising:
		return true
	case rollout.PhaseNone, rollout.PhaseInitializing, rollout.PhaseInitialized, rollout.PhaseWaiting,
		rollout.PhaseSucceeded, rollout.PhaseFailed:
	}
	return false
}

// begins reports whether a release begins between two records of a Canary.
func begins(before, after rollout.Record) bool {
	return running(after) && (!running(before) || before.LastApplied != after.LastApplied)
}

// ends returns how a release ended between two records of a Canary, and whether one did.
func ends(before, after rollout.Record) (outcome, bool) {
	promoting := before.Phase == rollout.PhasePromoting || before.Phase == rollout.PhaseFinalising
	switch {
	case !running(before):
		return "", false
	case running(after):
		return superseded, before.LastApplied != after.LastApplied
	case after.Phase == rollout.PhaseFailed && promoting:
		return promotionFailed, true
	case after.Phase == rollout.PhaseFailed:
		return rolledBack, true
	case before.Phase == rollout.PhaseFinalising:
		return promoted, true
	default:
		return returned, true
	}
}
