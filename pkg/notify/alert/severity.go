package alert

import (
	flaggerv1 "github.com/linnet-delivery/linnet/pkg/apis/flagger/v1beta1"
	"github.com/linnet-delivery/linnet/pkg/rollout"
)

// reaches reports whether s is at least as bad as the least severity that is
// wanted. The empty severity wants everything.
func reaches(s, least flaggerv1.AlertSeverity) bool {
	rank := map[flaggerv1.AlertSeverity]int{flaggerv1.SeverityWarn: 1, flaggerv1.SeverityError: 2}
	return rank[s] >= rank[least]
}

// muted reports whether the event says that a gate made a release wait whose
// webhooks all ask for silence.
func muted(c *flaggerv1.Canary, e rollout.Event) bool {
	var gate flaggerv1.HookType
	switch e.Gate {
	case rollout.AskConfirmRollout:
		gate = flaggerv1.HookConfirmRollout
	case rollout.AskConfirmTraffic:
		gate = flaggerv1.HookConfirmTrafficIncrease
	case rollout.AskConfirmPromotion:
		gate = flaggerv1.HookConfirmPromotion
	default:
		return false
	}
	asked := false
	for _, w := range c.Spec.Analysis.Webhooks {
		if w.Type == gate {
			asked = true
			if !w.MuteAlert {
				return false
			}
		}
	}
	return asked
}
