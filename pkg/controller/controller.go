package controller

import (
	"context"
	"errors"
	"fmt"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"

	flaggerv1 "github.com/linnet-delivery/linnet/pkg/apis/flagger/v1beta1"
	"github.com/linnet-delivery/linnet/pkg/kube"
	"github.com/linnet-delivery/linnet/pkg/rollout"
)

// conflictPause is how long to wait after somebody else's write won, so that the cache can see it.
const conflictPause = 20 * time.Millisecond

// Reconciler brings Canaries about: it observes, asks the heart, answers its
// questions, applies the decision, records it and tells. All fields but Meter
// are required.
type Reconciler struct {
	// Client reads from the cache and sees its own writes there.
	Client   client.Client
	Workload Workload
	Router   Router
	Analyst  Analyst
	Hooks    Hooks
	Asker    Asker
	Teller   Teller
	Meter    Meter
	// Now is the clock. It must carry a monotonic reading in production, so that a
	// clock that jumps neither shortens nor stretches a drain.
	Now      func() time.Time
	Barriers rollout.Barriers
	// Defaults hold what a Canary leaves to the installation.
	Defaults Defaults
	// ConfigTracking watches ConfigMaps and Secrets, of which targets' revisions are made.
	ConfigTracking bool

	memory memory
}

// Reconcile looks at one Canary and does the next thing. A Canary that waits for
// a time comes back by RequeueAfter; all else wakes it through a watch.
func (r *Reconciler) Reconcile(ctx context.Context, req ctrl.Request) (ctrl.Result, error) {
	c := &flaggerv1.Canary{}
	if err := r.Client.Get(ctx, req.NamespacedName, c); err != nil {
		if apierrors.IsNotFound(err) {
			r.forget(req.NamespacedName)
			return ctrl.Result{}, nil
		}
		return ctrl.Result{}, fmt.Errorf("get Canary %s: %w", req, err)
	}
	wake, err := r.advance(ctx, c)
	switch {
	case apierrors.IsConflict(err), errors.Is(err, kube.ErrRevisionMoved):
		ctrl.LoggerFrom(ctx).V(1).Info("Retried after a concurrent change", "cause", err.Error())
		return ctrl.Result{RequeueAfter: conflictPause}, nil
	case err != nil:
		return ctrl.Result{}, errors.Join(err, r.report(ctx, c, err))
	}
	return ctrl.Result{RequeueAfter: wake}, nil
}

// advance does one pass and returns when to look again, 0 for never.
func (r *Reconciler) advance(ctx context.Context, c *flaggerv1.Canary) (time.Duration, error) {
	if !c.DeletionTimestamp.IsZero() {
		return r.finalize(ctx, c)
	}
	if err := r.unrivalled(ctx, c); err != nil {
		return 0, r.stall(ctx, c, kube.Workloads{}, "FlaggerRuns", err)
	}
	policy, err := translate(c, r.Defaults, r.Barriers)
	if err != nil {
		w, _ := r.Workload.Observe(ctx, c) // what cannot be seen now is not waited for
		return 0, r.retire(ctx, c, w, "InvalidSpec", err)
	}
	if err := r.unclaimed(ctx, c); err != nil {
		return 0, r.blocked(ctx, c, kube.Workloads{}, err)
	}
	if err := r.ensureFinalizer(ctx, c); err != nil {
		return 0, err
	}
	seen, world, err := r.observe(ctx, c)
	if err != nil {
		return 0, r.blocked(ctx, c, world, err)
	}
	d, err := r.decide(c, policy, seen)
	if err != nil {
		return 0, err
	}
	r.foresee(ctx, c, &d)
	if err := r.apply(ctx, c, world.Backend, d); err != nil {
		return 0, r.blocked(ctx, c, world, err)
	}
	if err := r.record(ctx, c, world, d); err != nil {
		return 0, err
	}
	r.tell(c, d)
	return d.Wake, nil
}

// decide asks the heart, answering its questions until it knows what to do.
func (r *Reconciler) decide(c *flaggerv1.Canary, p rollout.Policy, seen rollout.Observation) (rollout.Decision, error) {
	seen.Evidence = rollout.Evidence{}
	for range rollout.MaxQuestions + 1 {
		d := rollout.Next(p, seen, r.Now())
		if d.Ask.Kind == rollout.AskNothing {
			return d, nil
		}
		seen.Evidence[d.Ask.Kind] = r.ask(c, seen.Revision, d.Ask)
	}
	return rollout.Decision{}, fmt.Errorf("decide on Canary %s: more than %d questions", client.ObjectKeyFromObject(c), rollout.MaxQuestions)
}

// tell passes on what happened, after everything else is safe.
func (r *Reconciler) tell(c *flaggerv1.Canary, d rollout.Decision) {
	r.Meter.Observe(c.Namespace, c.Name, d.Next)
	if len(d.Events) > 0 {
		r.Teller.Tell(c, d.Events)
	}
	if d.PostRollout {
		r.Teller.PostRollout(c, d.Next.Phase)
	}
}
