package controller

import (
	"context"

	flaggerv1 "github.com/linnet-delivery/linnet/pkg/apis/flagger/v1beta1"
	"github.com/linnet-delivery/linnet/pkg/kube"
	"github.com/linnet-delivery/linnet/pkg/rollout"
)

// Workload is a scaled application and its primary copy. Every method is
// idempotent and writes only on a difference.
type Workload interface {
	// Observe reads target and primary from the cache. A missing target is kube.ErrTargetNotFound.
	Observe(ctx context.Context, c *flaggerv1.Canary) (kube.Workloads, error)
	// EnsurePrimary creates the primary, its configuration copies and its autoscaler where missing.
	EnsurePrimary(ctx context.Context, c *flaggerv1.Canary) error
	// Promote gives the primary the target's template and configuration if the target, read
	// live, still is at revision; otherwise it returns kube.ErrRevisionMoved and writes nothing.
	Promote(ctx context.Context, c *flaggerv1.Canary, revision string) error
	// Scale brings the canary's replicas about.
	Scale(ctx context.Context, c *flaggerv1.Canary, s rollout.Scale) error
	// Hold keeps the primary's autoscaler from shrinking it (true), or lets it (false).
	Hold(ctx context.Context, c *flaggerv1.Canary, hold bool) error
	// Disown lets the primary, and all that it needs, outlive the Canary.
	Disown(ctx context.Context, c *flaggerv1.Canary) error
}

// Router carries out a share of traffic. Every method is idempotent and writes only on a difference.
type Router interface {
	// Observe returns the share that is configured now, whoever configured it.
	Observe(ctx context.Context, c *flaggerv1.Canary) (t rollout.Traffic, known bool, err error)
	// Prepare makes both sides addressable without moving a request.
	Prepare(ctx context.Context, c *flaggerv1.Canary, b kube.Backend) error
	// Ensure makes t the configured share.
	Ensure(ctx context.Context, c *flaggerv1.Canary, b kube.Backend, t rollout.Traffic) error
	// Release hands the routes back as they were before the Canary.
	Release(ctx context.Context, c *flaggerv1.Canary, b kube.Backend) error
	// Disown lets the routes, and what they name, outlive the Canary as they are.
	Disown(ctx context.Context, c *flaggerv1.Canary) error
}

// Analyst asks the metric providers. But for Check it blocks, and is called off the reconcile worker.
type Analyst interface {
	// Check returns at once, from caches, what will keep the metrics from ever being answered; nil for nothing.
	Check(ctx context.Context, c *flaggerv1.Canary) error
	// Analyse judges every metric of the Canary.
	Analyse(ctx context.Context, c *flaggerv1.Canary) rollout.Answer
	// Silent tells whether the workload has had no request over the last window;
	// Fail names who still calls.
	Silent(ctx context.Context, c *flaggerv1.Canary, workload string) rollout.Answer
}

// Hooks calls the webhooks of a Canary. It blocks and is called off the reconcile worker.
type Hooks interface {
	// Ask calls every webhook of the type in order and stops at the first refusal.
	Ask(ctx context.Context, c *flaggerv1.Canary, t flaggerv1.HookType, phase rollout.Phase) rollout.Answer
}

// Asker has questions answered off the reconcile worker.
type Asker interface {
	// Ask returns the answer at hand, or starts work and returns a pending one; the
	// Canary is woken when the work is done.
	Ask(owner string, q rollout.Question, work func(ctx context.Context) rollout.Answer) rollout.Answer
	// Forget drops every answer and question of an owner.
	Forget(owner string)
}

// Teller passes on what happened. It returns at once and never blocks a reconcile.
type Teller interface {
	Tell(c *flaggerv1.Canary, events []rollout.Event)
	// PostRollout calls the post-rollout hooks; their answers change nothing.
	PostRollout(c *flaggerv1.Canary, phase rollout.Phase)
}

// Meter keeps the figures about releases that are exposed to Prometheus.
type Meter interface {
	Observe(namespace, name string, r rollout.Record)
	// Forget deletes the series of a Canary that is gone.
	Forget(namespace, name string)
}
