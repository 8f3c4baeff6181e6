package rollout

import (
	"fmt"
	"reflect"
	"slices"
	"time"
)

// nevers checks what must not happen at any instant, whatever the world does
// (promises S1 to S5), and remembers what it needs for that.
type nevers struct {
	// visited are the weights of the release at hand, from its last beginning on.
	visited []int
	// stranded is set while a release began at a weight because nobody was on the primary.
	stranded bool
	// hooked is set when the pre-rollout hooks of the release at hand have passed.
	hooked bool
	// cleared are the revisions that may be on the primary.
	cleared map[string]bool
	// due is how many template changes the promotions so far account for, done how many there were.
	due, done map[string]int
	// takingBack is set while a failed promotion gives the primary its former revision.
	takingBack bool
	// canaryLost is set when the promotion at hand had to leave its canary.
	canaryLost bool
}

// judge checks a decision before any of it is applied.
func (n *nevers) judge(w *world, this pass) error {
	if n.cleared == nil {
		n.cleared, n.due, n.done = map[string]bool{"v1": true}, map[string]int{}, map[string]int{}
	}
	o, d := this.seen, this.decided
	pending := o.Evidence[AskCanarySilent].Verdict == Pending || o.Evidence[AskPrimarySilent].Verdict == Pending
	changes := d.Next != o.Record
	switch {
	case d.Message == "" && !pending:
		return fmt.Errorf("says nothing and waits for no answer: %s", outcome(d))
	case !changes && len(d.Events) > 0:
		return fmt.Errorf("tells of a change where nothing changed: %s", outcome(d))
	case !changes && d.PostRollout:
		return fmt.Errorf("calls the post-rollout hooks where nothing ended: %s", outcome(d))
	case !changes && d.Wake > 0 && d.Wake <= time.Millisecond:
		return fmt.Errorf("spins: %s", outcome(d))
	case w.policy.Suspended && (d.Route || d.Canary != ScaleKeep || d.Promote != "" || d.EnsurePrimary):
		return fmt.Errorf("acts while suspended: %s", outcome(d))
	case d.Traffic.reachesUsers() && !d.HoldPrimary:
		return fmt.Errorf("does not hold the primary: %s", outcome(d))
	}
	if !changes {
		if err := sleepsWell(w, this); err != nil {
			return err
		}
	}
	return n.plans(w, o, d)
}

// sleepsWell checks that nothing would be decided differently before the time
// at which the decision asks to be looked at again: no timer is missing, and no
// message changes by itself.
func sleepsWell(w *world, this pass) error {
	sleep := this.decided.Wake - time.Millisecond
	if this.decided.Wake == 0 {
		sleep = time.Hour
	}
	later := Next(w.policy, this.seen, w.now.Add(sleep))
	later.Wake = this.decided.Wake
	if !reflect.DeepEqual(later, this.decided) {
		return fmt.Errorf("sleeps %s, and would miss: %s: %q, after %s: %q",
			sleep, outcome(later), later.Message, outcome(this.decided), this.decided.Message)
	}
	return nil
}

// plans checks how the weight is to change.
func (n *nevers) plans(w *world, o Observation, d Decision) error {
	from, to := o.Record.Weight, d.Next.Weight
	if d.Traffic.Matched && !w.policy.traffic(o.Record).Matched {
		to++ // more reaches the canary than its share of all
	}
	canary, primary := w.health(&w.target, true), w.health(&w.primary, false)
	switch {
	case to < 0 || to > 100:
		return fmt.Errorf("S1: weight %d", to)
	case to > from && (canary.State != Ready || canary.Serving == 0):
		return fmt.Errorf("S2: more traffic for a canary that is not ready: %s", outcome(d))
	case to > from && w.now.Sub(w.target.readySince) < w.policy.Barriers.Settle:
		return fmt.Errorf("S2: more traffic for a canary that is not settled: %s", outcome(d))
	case to < from && primary.Serving == 0:
		return fmt.Errorf("S2: more traffic for a primary without pods: %s", outcome(d))
	case to < from && d.Next.Phase == PhasePromoting && d.Next.Stage == StageReturn && w.now.Sub(w.primary.readySince) < w.policy.Barriers.Settle:
		return fmt.Errorf("S2: traffic returns to a primary that is not settled: %s", outcome(d))
	case to > 0 && o.Revision != d.Next.LastApplied && primary.Serving > 0 && d.Route:
		return fmt.Errorf("S2: traffic for a revision that nobody began: %s", outcome(d))
	}
	return n.steps(w, o, d)
}

// steps checks the order of a release (S4).
func (n *nevers) steps(w *world, o Observation, d Decision) error {
	from, to := o.Record, d.Next
	running := func(p Phase) bool { return p == PhaseProgressing || p == PhaseWaitingPromotion }
	asks := w.policy.Asks
	passed := o.Evidence[AskAnalysis].Verdict == Pass || !asks.Analysis ||
		o.Evidence[AskAnalysis].Verdict == NoData && w.policy.OnNoData == NoDataPasses
	switch {
	case to.Phase == PhasePromoting && to.LastApplied != from.LastApplied && n.cleared[to.LastApplied]:
		// back to what the primary runs, or ran before
	case running(from.Phase) && to.Phase == PhasePromoting && !w.policy.SkipAnalysis:
		switch {
		case !passed && (from.Weight > 0 || w.policy.onTrial(from)):
			return fmt.Errorf("S4: promoted without an analysis: %s", outcome(d))
		case !n.stranded && !slices.Equal(n.visited, weights(w.policy)):
			return fmt.Errorf("S4: promoted after the steps %v", n.visited)
		case !n.stranded && from.Iterations+1 < w.policy.step(from).Analyses:
			return fmt.Errorf("S4: promoted after %d analyses: %s", from.Iterations+1, outcome(d))
		case asks.ConfirmPromotion && o.Evidence[AskConfirmPromotion].Verdict != Pass:
			return fmt.Errorf("S4: promoted against its gate: %s", outcome(d))
		}
	case running(from.Phase) && running(to.Phase) && (to.Weight > from.Weight || to.Stage == StageTrial && from.Stage != StageTrial):
		return n.nextStep(w, o, d, passed)
	case running(from.Phase) && to.Iterations > from.Iterations && (!passed || to.Iterations > from.Iterations+1):
		return fmt.Errorf("S4: %d analyses after %d: %s", to.Iterations, from.Iterations, outcome(d))
	case from.Phase == PhaseSucceeded && running(to.Phase) && asks.ConfirmRollout && o.Evidence[AskConfirmRollout].Verdict != Pass:
		return fmt.Errorf("S4: begun against its gate: %s", outcome(d))
	}
	return nil
}

// nextStep checks that a step is the one that the plan has next, and that everybody agreed to it.
func (n *nevers) nextStep(w *world, o Observation, d Decision, passed bool) error {
	from, to, asks := o.Record, d.Next, w.policy.Asks
	want, _ := w.policy.nextStep(from)
	first := from.Weight == 0 && !w.policy.onTrial(from)
	switch {
	case to.Weight != want.Traffic.Canary || d.Traffic != want.Traffic:
		return fmt.Errorf("S4: %s after weight %d", outcome(d), from.Weight)
	case !first && !passed:
		return fmt.Errorf("S4: a step without an analysis: %s", outcome(d))
	case !first && from.Iterations+1 < w.policy.step(from).Analyses:
		return fmt.Errorf("S4: a step after %d analyses: %s", from.Iterations+1, outcome(d))
	case first && asks.PreRollout && !n.hooked && o.Evidence[AskPreRollout].Verdict != Pass:
		return fmt.Errorf("S4: a first step without its hooks: %s", outcome(d))
	case asks.configured(want.Gate) && want.Gate != AskNothing && o.Evidence[want.Gate].Verdict != Pass:
		return fmt.Errorf("S4: a step against its gate: %s", outcome(d))
	case !first && from.ErrorsSince.IsZero() && w.now.Sub(from.CheckedAt) < w.policy.Interval:
		return fmt.Errorf("S4: a step before the interval had passed: %s", outcome(d))
	}
	return nil
}

// weights returns what the plan visits after weight 0.
func weights(p Policy) []int {
	var all []int
	for _, s := range p.Steps {
		if !s.trial() {
			all = append(all, s.Traffic.Canary)
		}
	}
	return all
}

// before checks one effect at the instant it is to happen.
func (n *nevers) before(w *world, effect string, o Observation, d Decision) error {
	switch {
	case effect == "route":
		return n.beforeRoute(w, d)
	case effect == "scale down":
		return n.beforeScaleDown(w, o, d)
	case d.Promote != "" && effect == "promote "+d.Promote && w.primary.template != d.Promote:
		return n.beforePromote(w, o, d)
	}
	return nil
}

// beforeRoute compares with what is configured, which others may have edited.
func (n *nevers) beforeRoute(w *world, d Decision) error {
	is, to := Traffic{Canary: 100}, d.Traffic
	if w.known {
		is = w.route().traffic
	}
	canary, _ := w.target.serving(w.now)
	primary, _ := w.primary.serving(w.now)
	switch {
	case is.lessThan(to) && canary == 0 && primary > 0:
		return fmt.Errorf("S2: the route goes from %v to %v with nobody on the canary", is, to)
	case to.lessThan(is) && primary == 0 && canary > 0:
		return fmt.Errorf("S2: the route goes from %v to %v with nobody on the primary", is, to)
	}
	return nil
}

func (n *nevers) beforeScaleDown(w *world, o Observation, d Decision) error {
	if w.target.replicas == 0 {
		return nil // nothing to take away
	}
	b := w.policy.Barriers
	quiet := w.now.Sub(w.route().at)
	verdict := o.Evidence[AskCanarySilent].Verdict
	switch {
	case w.route().traffic.reachesUsers() || d.Traffic.reachesUsers():
		return fmt.Errorf("S3: scales a canary down that gets traffic: %s", outcome(d))
	case w.carried(true, 0):
		return fmt.Errorf("S3: scales a canary down that proxies still send traffic to: %s", outcome(d))
	case quiet < max(b.Convergence, b.DrainMin):
		return fmt.Errorf("S3: scales down %s after its traffic left: %s", quiet, outcome(d))
	case verdict == Fail && (d.Canary == ScaleZero || quiet < b.DrainMax):
		return fmt.Errorf("S3: takes away a canary that is still called: %s", outcome(d))
	case verdict != Pass && verdict != Fail && quiet < b.DrainBlind:
		return fmt.Errorf("S3: scales down blindly %s after its traffic left: %s", quiet, outcome(d))
	}
	return nil
}

// beforePromote checks a change of the primary's template.
func (n *nevers) beforePromote(w *world, o Observation, d Decision) error {
	if o.Record.Phase == PhaseInitializing || o.Record.Phase == PhaseNone {
		if w.known {
			return fmt.Errorf("S3: follows the target with a primary that gets traffic: %s", outcome(d))
		}
		n.cleared[d.Promote] = true
		return nil
	}
	n.done[d.Promote]++
	drained := w.route().traffic.Canary == 100 && !w.carried(false, 0)
	quiet := w.now.Sub(w.route().at)
	b := w.policy.Barriers
	inPlace := o.Record.Stage == StageRollPrimary
	switch {
	case !n.cleared[d.Promote]:
		return fmt.Errorf("S4: the primary is given %s, which has not passed: %s", d.Promote, outcome(d))
	case o.Record.Phase != PhasePromoting:
		return fmt.Errorf("S5: the primary is rolled outside a promotion: %s", outcome(d))
	case n.done[d.Promote] > n.due[d.Promote]:
		return fmt.Errorf("S5: the primary is rolled to %s once more", d.Promote)
	case len(w.primary.pods) == 0: // nobody to disturb
	case !inPlace && !drained:
		return fmt.Errorf("S3: the primary is rolled under traffic: %s", outcome(d))
	case !inPlace && quiet < max(b.Convergence, b.DrainMin):
		return fmt.Errorf("S3: the primary is rolled %s after its traffic left: %s", quiet, outcome(d))
	case inPlace && w.policy.PrimaryUpdate == PrimaryUpdateDrained && !n.takingBack && !n.canaryLost:
		return fmt.Errorf("S3: the primary is rolled in place against the policy: %s", outcome(d))
	}
	return nil
}

// recorded follows the release from record to record.
func (n *nevers) recorded(w *world, from, to Record) {
	running := to.Phase == PhaseProgressing || to.Phase == PhaseWaitingPromotion
	promoting := to.Phase == PhasePromoting && from.Phase != PhasePromoting
	switch {
	case running && (to.LastApplied != from.LastApplied || from.Phase == PhaseWaiting || from.Phase == PhaseSucceeded || from.Phase == PhaseFailed):
		n.visited, n.hooked, n.stranded = nil, false, to.Stage == StageStranded
	case running && to.Weight == 0 && (from.Weight > 0 || from.Stage == StageTrial && to.Stage != StageTrial):
		n.visited, n.stranded = nil, false
	case running && to.Weight > from.Weight:
		n.visited = append(n.visited, to.Weight)
	}
	n.hooked = n.hooked || running && to.Stage == StageReady
	if promoting {
		n.takingBack = from.Phase == PhaseFailed && to.LastApplied != from.LastApplied
		n.canaryLost = false
		n.cleared[to.LastApplied] = true
		if to.LastApplied != w.primary.template {
			n.due[to.LastApplied] = n.done[to.LastApplied] + 1
		}
	}
	if to.Phase == PhasePromoting && to.Weight == 0 && from.Weight > 0 {
		n.canaryLost = true
	}
}
