package rollout

import "time"

// PrimaryUpdate says where the traffic is while the primary is rolled to a promoted revision.
type PrimaryUpdate string

const (
	// PrimaryUpdateAuto drains the primary when the canary can carry the whole load, and rolls it in place otherwise.
	PrimaryUpdateAuto PrimaryUpdate = "Auto"
	// PrimaryUpdateDrained scales the canary to the primary's size first, then moves all traffic to it.
	PrimaryUpdateDrained PrimaryUpdate = "Drained"
	// PrimaryUpdateInPlace rolls the primary under the share it has.
	PrimaryUpdateInPlace PrimaryUpdate = "InPlace"
)

// NoDataRule says what an analysis without data means.
type NoDataRule string

const (
	// NoDataCounts counts it as a failed analysis. This is the zero value's meaning.
	NoDataCounts NoDataRule = "Count"
	// NoDataHolds keeps the weight and does not count.
	NoDataHolds NoDataRule = "Hold"
	// NoDataPasses treats it as a pass.
	NoDataPasses NoDataRule = "Pass"
)

// Step is one stop of a plan: how requests are shared while the canary is judged there.
type Step struct {
	Traffic Traffic
	// Analyses is how many must pass before the next step; less than 1 means 1.
	Analyses int
	// Gate is asked before the step is taken, AskNothing for none.
	Gate Kind
}

// trial reports whether the canary is judged before it has a share of all requests:
// alone, on copies of requests, or on those of chosen users.
func (s Step) trial() bool { return s.Traffic.Canary == 0 }

// Policy is what a user wants of a release, checked and completed. It holds no
// Kubernetes type: the controller translates a Canary into it once.
type Policy struct {
	// Steps are the plan: the stops to visit in order, with strictly increasing
	// weights. Only the first may have weight 0, which makes it a trial.
	Steps []Step
	// ReturnSteps are the canary weights on the way back from a promotion,
	// strictly decreasing and ending in 0. Empty means one jump to 0.
	ReturnSteps []int
	// Interval is the least time between two analyses, and between two answers of a refused gate.
	Interval time.Duration
	// Threshold is how many failed analyses end the release, at least 1.
	Threshold int
	// ProgressDeadline bounds a continuous outage of the metrics.
	ProgressDeadline time.Duration
	PrimaryUpdate    PrimaryUpdate
	OnNoData         NoDataRule
	SkipAnalysis     bool
	Suspended        bool
	// Asks are the questions that somebody configured an answer for: hooks of a
	// type, checks. What is not in it is never asked and counts as passed.
	Asks Asks
	// Barriers are the waiting times that keep requests from being lost.
	Barriers Barriers
}

// Asks says which questions the Canary's author configured.
type Asks struct {
	ConfirmRollout, PreRollout, Analysis, ConfirmTraffic, ConfirmPromotion, Rollback bool
}

// Barriers are waiting times around traffic changes (promises B2).
type Barriers struct {
	// Settle is how long a side must have been ready before its weight goes up.
	Settle time.Duration
	// Convergence is how long after a route was seen in place every proxy is expected to follow it.
	Convergence time.Duration
	// DrainMin and DrainMax bound the wait for silence on a side whose weight is 0.
	DrainMin, DrainMax time.Duration
	// DrainBlind replaces silence when the metrics cannot be asked.
	DrainBlind time.Duration
	// HandoverMax bounds the time from a Canary's deletion until it is let go.
	HandoverMax time.Duration
}

// DefaultBarriers returns the waiting times of decision D12.
func DefaultBarriers() Barriers {
	return Barriers{
		Settle:      time.Second,
		Convergence: 2 * time.Second,
		DrainMin:    5 * time.Second,
		DrainMax:    5 * time.Minute,
		DrainBlind:  30 * time.Second,
		HandoverMax: 50 * time.Second,
	}
}

// nextStep returns the step that follows where r stands, and false past the last
// one. A weight that is no step itself, say after an edit of the plan in mid-run,
// moves to the nearest step above it and never beyond.
func (p Policy) nextStep(r Record) (Step, bool) {
	for _, s := range p.Steps {
		if s.Traffic.Canary > r.Weight || s.trial() && r.Weight == 0 && r.Stage != StageTrial {
			return s, true
		}
	}
	return Step{}, false
}

// step returns the step that r stands at. A weight that is no step is one of its own.
func (p Policy) step(r Record) Step {
	for _, s := range p.Steps {
		if s.Traffic.Canary == r.Weight && s.trial() == p.onTrial(r) {
			return s
		}
	}
	return Step{Traffic: Traffic{Canary: r.Weight}}
}

// onTrial reports whether r stands at the plan's trial.
func (p Policy) onTrial(r Record) bool {
	running := r.Phase == PhaseProgressing || r.Phase == PhaseWaitingPromotion
	return running && r.Stage == StageTrial && r.Weight == 0 && len(p.Steps) > 0 && p.Steps[0].trial()
}

// traffic returns how requests are shared where r stands.
func (p Policy) traffic(r Record) Traffic {
	if p.onTrial(r) {
		return p.Steps[0].Traffic
	}
	return Traffic{Canary: r.Weight}
}

// nextReturn returns the canary weight that follows weight on the way back to the primary.
func (p Policy) nextReturn(weight int) int {
	for _, s := range p.ReturnSteps {
		if s < weight {
			return s
		}
	}
	return 0
}
