package alert

import (
	flaggerv1 "github.com/linnet-delivery/linnet/pkg/apis/flagger/v1beta1"
	"github.com/linnet-delivery/linnet/pkg/rollout"
)

func severityOf(l rollout.Level) flaggerv1.AlertSeverity {
	switch l {
	case rollout.Alarm:
		return flaggerv1.SeverityError
	case rollout.Warn:
		return flaggerv1.SeverityWarn
	case rollout.Info:
	}
	return flaggerv1.SeverityInfo
}

// reaches reports whether s is at least as bad as the least severity that is
// wanted. The empty severity wants everything.
func reaches(s, least flaggerv1.AlertSeverity) bool {
	rank := map[flaggerv1.AlertSeverity]int{flaggerv1.SeverityWarn: 1, flaggerv1.SeverityError: 2}
	return rank[s] >= rank[least]
}

// muted reports whether the event says that a gate made a release wait whose
// webhooks all ask for silence. The phase that was recorded with the event tells
// which gate it was.
func muted(c *flaggerv1.Canary, e rollout.Event) bool {
	if e.Reason != "WaitingForApproval" {
		return false
	}
	gate := flaggerv1.HookConfirmTrafficIncrease
	switch rollout.Phase(c.Status.Phase) {
	case rollout.PhaseWaiting:
		gate = flaggerv1.HookConfirmRollout
	case rollout.PhaseWaitingPromotion:
		gate = flaggerv1.HookConfirmPromotion
	default:
	}
	silent := false
	for _, w := range c.Spec.Analysis.Webhooks {
		if w.Type != gate {
			continue
		}
		if !w.MuteAlert {
			return false
		}
		silent = true
	}
	return silent
}
