package alert

import (
	"fmt"
	"strings"
	"time"

	flaggerv1 "github.com/linnet-delivery/linnet/pkg/apis/flagger/v1beta1"
	"github.com/linnet-delivery/linnet/pkg/rollout"
)

// message is what an alert says, in no provider's form yet.
type message struct {
	canary   *flaggerv1.Canary
	cluster  string
	severity flaggerv1.AlertSeverity
	reason   string
	text     string
	at       time.Time
}

// field is a fact about the Canary, beside the text.
type field struct{ name, value string }

// goodNews are the events of level Info that are alerts; the others, such as
// each step, would bury them. All that goes wrong is an alert.
var goodNews = map[string]bool{
	"Initialized":      true,
	"NewRevision":      true,
	"Succeeded":        true,
	"Returned":         true,
	"PromotionResumed": true,
}

// beginnings are the events whose alerts say what the plan is.
var beginnings = map[string]bool{"Initialized": true, "NewRevision": true}

// newMessage returns the alert about an event, and false when it is none.
func newMessage(c *flaggerv1.Canary, e rollout.Event, cluster string, at time.Time) (message, bool) {
	if e.Level == rollout.Info && !goodNews[e.Reason] || muted(c, e) {
		return message{}, false
	}
	return message{canary: c, cluster: cluster, severity: flaggerv1.AlertSeverity(e.Level.String()), reason: e.Reason, text: e.Message, at: at}, true
}

// title names the Canary as people do.
func (m message) title() string { return m.canary.Name + "." + m.canary.Namespace }

// fields returns the facts that stand beside the text: where it happened and, when a release begins, the plan.
func (m message) fields() []field {
	var fields []field
	if m.cluster != "" {
		fields = append(fields, field{"Cluster", m.cluster})
	}
	target := m.canary.Spec.TargetRef
	fields = append(fields, field{"Target", fmt.Sprintf("%s/%s.%s", target.Kind, target.Name, m.canary.Namespace)})
	if beginnings[m.reason] {
		fields = append(fields,
			field{"Failed checks threshold", fmt.Sprint(threshold(m.canary))},
			field{"Progress deadline", fmt.Sprintf("%ds", deadline(m.canary))},
			field{"Traffic routing", routing(m.canary)})
	}
	return fields
}

func threshold(c *flaggerv1.Canary) int { return max(c.Spec.Analysis.Threshold, 1) }

// deadline returns the progress deadline in seconds.
func deadline(c *flaggerv1.Canary) int32 { return int32(c.Spec.ProgressDeadline().Seconds()) }

// routing says how the canary comes by its requests.
func routing(c *flaggerv1.Canary) string {
	a := c.Spec.Analysis
	switch {
	case c.Spec.SkipAnalysis:
		return "none, the analysis is skipped"
	case a.Iterations > 0 && len(a.Match) > 0:
		return fmt.Sprintf("A/B testing, %d iterations", a.Iterations)
	case a.Iterations > 0:
		return fmt.Sprintf("blue/green, %d iterations", a.Iterations)
	case a.StepWeight > 0:
		limit := a.MaxWeight
		if limit == 0 {
			limit = 100
		}
		return fmt.Sprintf("steps of %d %% up to %d %%", a.StepWeight, limit)
	}
	return "steps " + strings.Trim(fmt.Sprint(a.StepWeights), "[]") + " %"
}
