package controller

import (
	"context"

	"sigs.k8s.io/controller-runtime/pkg/client"

	flaggerv1 "github.com/linnet-delivery/linnet/pkg/apis/flagger/v1beta1"
	"github.com/linnet-delivery/linnet/pkg/rollout"
)

// ask returns the answer at hand, or has it looked for off this worker (D9). A
// webhook is told of the revision in question, which at the first gate is not in the status yet.
func (r *Reconciler) ask(c *flaggerv1.Canary, revision string, q rollout.Question) rollout.Answer {
	asked := c.DeepCopy() // the work outlives this pass
	asked.Status.LastAppliedSpec = revision
	return r.Asker.Ask(client.ObjectKeyFromObject(c).String(), q, func(ctx context.Context) rollout.Answer {
		return r.findOut(ctx, asked, q.Kind)
	})
}

// findOut blocks until the question is answered or ctx ends.
func (r *Reconciler) findOut(ctx context.Context, c *flaggerv1.Canary, k rollout.Kind) rollout.Answer {
	phase := rollout.Phase(c.Status.Phase)
	switch k {
	case rollout.AskConfirmRollout:
		return r.Hooks.Ask(ctx, c, flaggerv1.HookConfirmRollout, phase)
	case rollout.AskPreRollout:
		return r.Hooks.Ask(ctx, c, flaggerv1.HookPreRollout, rollout.PhaseProgressing)
	case rollout.AskConfirmTraffic:
		return r.Hooks.Ask(ctx, c, flaggerv1.HookConfirmTrafficIncrease, rollout.PhaseProgressing)
	case rollout.AskConfirmPromotion:
		return r.Hooks.Ask(ctx, c, flaggerv1.HookConfirmPromotion, rollout.PhaseProgressing)
	case rollout.AskRollback:
		return r.Hooks.Ask(ctx, c, flaggerv1.HookRollback, phase)
	case rollout.AskAnalysis:
		return r.analyse(ctx, c)
	case rollout.AskCanarySilent, rollout.AskPrimarySilent:
		return r.silent(ctx, c, k)
	case rollout.AskNothing:
	}
	return rollout.Answer{Verdict: rollout.Error, Reason: "nobody knows how to answer " + k.String(), At: r.Now()}
}

// silent asks whether a side has had no request. Of Services nobody can tell:
// behind two of them may be the same pods. From the canary's nothing is ever
// taken away, so it need not be known; before the primary's is changed, time must do.
func (r *Reconciler) silent(ctx context.Context, c *flaggerv1.Canary, k rollout.Kind) rollout.Answer {
	workload := c.Spec.TargetRef.Name
	if k == rollout.AskPrimarySilent {
		workload = c.PrimaryName()
	}
	switch {
	case c.Spec.TargetRef.Kind != flaggerv1.TargetService:
		return r.Analyst.Silent(ctx, c, workload)
	case k == rollout.AskCanarySilent:
		return rollout.Answer{Verdict: rollout.Pass, At: r.Now()}
	}
	return rollout.Answer{Verdict: rollout.Error, Reason: "the metrics know workloads, not the Services in front of them", At: r.Now()}
}

// analyse runs the rollout hooks, then the metrics; the first that fails stops.
func (r *Reconciler) analyse(ctx context.Context, c *flaggerv1.Canary) rollout.Answer {
	hooks := rollout.Answer{Verdict: rollout.Pass, At: r.Now()}
	if hasHook(c, flaggerv1.HookRollout) {
		hooks = r.Hooks.Ask(ctx, c, flaggerv1.HookRollout, rollout.PhaseProgressing)
	}
	if hooks.Verdict != rollout.Pass || len(c.Spec.Analysis.Metrics) == 0 {
		return hooks
	}
	a := r.Analyst.Analyse(ctx, c)
	a.Checks = append(hooks.Checks, a.Checks...)
	return a
}

func hasHook(c *flaggerv1.Canary, t flaggerv1.HookType) bool {
	for _, h := range c.Spec.Analysis.Webhooks {
		if h.Type == t || h.Type == "" && t == flaggerv1.HookRollout {
			return true
		}
	}
	return false
}
