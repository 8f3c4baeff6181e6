package controller

import (
	"time"

	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	flaggerv1 "github.com/linnet-delivery/linnet/pkg/apis/flagger/v1beta1"
)

// promotedMessages say what the Promoted condition means in each phase.
var promotedMessages = map[flaggerv1.CanaryPhase]string{
	flaggerv1.PhaseInitializing:     "A new target was found and is being initialised.",
	flaggerv1.PhaseInitialized:      "The initialisation is complete.",
	flaggerv1.PhaseWaiting:          "A new revision waits for approval.",
	flaggerv1.PhaseProgressing:      "A new revision is being analysed.",
	flaggerv1.PhaseWaitingPromotion: "The analysis is good; the promotion waits for approval.",
	flaggerv1.PhasePromoting:        "The analysis is complete and the primary is being updated.",
	flaggerv1.PhaseFinalising:       "The primary is updated and takes all traffic.",
	flaggerv1.PhaseSucceeded:        "The analysis is complete and the revision is promoted.",
	flaggerv1.PhaseFailed:           "The revision was not promoted.",
	flaggerv1.PhaseTerminating:      "The Canary is being deleted and hands the application back.",
}

// setConditions derives every condition from the phase. Promoted is the
// contract's; Ready, Reconciling and Stalled follow kstatus.
func setConditions(s *flaggerv1.CanaryStatus, generation int64, stalled bool, now time.Time) {
	promoted, working := metav1.ConditionUnknown, true
	switch s.Phase {
	case flaggerv1.PhaseInitialized, flaggerv1.PhaseSucceeded:
		promoted, working = metav1.ConditionTrue, false
	case flaggerv1.PhaseFailed:
		promoted, working, stalled = metav1.ConditionFalse, false, true
	default:
	}
	reason := string(s.Phase)
	if reason == "" {
		reason = "Pending"
	}
	set := func(kind string, status metav1.ConditionStatus, message string) {
		meta.SetStatusCondition(&s.Conditions, metav1.Condition{
			Type: kind, Status: status, Reason: reason, Message: message,
			ObservedGeneration: generation, LastTransitionTime: metav1.NewTime(now.Truncate(time.Second)),
		})
	}
	if message, known := promotedMessages[s.Phase]; known {
		set(flaggerv1.ConditionPromoted, promoted, message)
	}
	set(flaggerv1.ConditionReady, truth(!working && !stalled), s.Message)
	set(flaggerv1.ConditionReconciling, truth(working && !stalled), s.Message)
	set(flaggerv1.ConditionStalled, truth(stalled), s.Message)
}

func truth(b bool) metav1.ConditionStatus {
	if b {
		return metav1.ConditionTrue
	}
	return metav1.ConditionFalse
}
