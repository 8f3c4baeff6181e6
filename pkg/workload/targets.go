package workload

import (
	"context"
	"fmt"
	"time"

	"sigs.k8s.io/controller-runtime/pkg/client"

	flaggerv1 "github.com/linnet-delivery/linnet/pkg/apis/flagger/v1beta1"
	"github.com/linnet-delivery/linnet/pkg/kube"
	"github.com/linnet-delivery/linnet/pkg/rollout"
)

// Options say how Targets reaches the cluster and what it tracks.
type Options struct {
	// Client reads from caches, unstructured objects too, and writes.
	Client client.Client
	// Live reads past the caches. It is used before a template is written, and for the content of
	// configuration whose resource version moved.
	Live client.Reader
	// Now is the clock that deadlines are measured by.
	Now func() time.Time
	// SelectorLabels are the labels that may tell target and primary apart, in order of preference.
	// Empty means app, name, app.kubernetes.io/name.
	SelectorLabels []string
	// ConfigTracking makes ConfigMaps and Secrets that the target refers to part of its revision, and
	// gives the primary copies of them.
	ConfigTracking bool
	// IncludeLabelPrefix lists the prefixes of label and annotation keys that the primary's objects
	// take over; "*" stands for all.
	IncludeLabelPrefix []string
	// FieldOwner names Linnet as the author of what is written. Empty means linnet.
	FieldOwner string
}

// Targets looks after the targets of Canaries, of whatever kind. It is safe for concurrent use.
type Targets struct {
	pods     *podTargets
	services *serviceTargets
}

// New returns a Targets that works as o says.
func New(o Options) *Targets {
	labels := o.SelectorLabels
	if len(labels) == 0 {
		labels = []string{"app", "name", "app.kubernetes.io/name"}
	}
	owner := o.FieldOwner
	if owner == "" {
		owner = "linnet"
	}
	writer := client.WithFieldOwner(o.Client, owner)
	return &Targets{
		pods: &podTargets{
			client: writer, live: o.Live, now: o.Now,
			labels: labels, tracking: o.ConfigTracking, include: o.IncludeLabelPrefix,
		},
		services: &serviceTargets{client: writer, live: o.Live, now: o.Now, include: o.IncludeLabelPrefix},
	}
}

// adapter looks after the targets of some kinds.
type adapter interface {
	Observe(ctx context.Context, c *flaggerv1.Canary) (kube.Workloads, error)
	EnsurePrimary(ctx context.Context, c *flaggerv1.Canary) error
	Promote(ctx context.Context, c *flaggerv1.Canary, revision string) error
	Scale(ctx context.Context, c *flaggerv1.Canary, s rollout.Scale) error
	Hold(ctx context.Context, c *flaggerv1.Canary, hold bool) error
	Disown(ctx context.Context, c *flaggerv1.Canary) error
}

// of returns what looks after the kind of the Canary's target.
func (t *Targets) of(c *flaggerv1.Canary) (adapter, error) {
	switch kind := c.Spec.TargetRef.Kind; kind {
	case deploymentKind, daemonSetKind:
		return t.pods, nil
	case serviceKind:
		return t.services, nil
	default:
		return nil, refusedf("targetRef names a %s: only a Deployment, a DaemonSet or a Service can be released", kind)
	}
}

// Observe reads target and primary from the cache. A missing target is kube.ErrTargetNotFound; a
// Canary that cannot be served is kube.ErrRefused with the reason.
func (t *Targets) Observe(ctx context.Context, c *flaggerv1.Canary) (kube.Workloads, error) {
	a, err := t.of(c)
	if err != nil {
		return kube.Workloads{}, err
	}
	return a.Observe(ctx, c)
}

// EnsurePrimary creates the primary and what hangs on it where missing: configuration copies, its
// autoscaler, disruption budgets. What exists keeps its template and content. A primary that Flagger
// left behind is taken over in place.
func (t *Targets) EnsurePrimary(ctx context.Context, c *flaggerv1.Canary) error {
	a, err := t.of(c)
	if err != nil {
		return err
	}
	return a.EnsurePrimary(ctx, c)
}

// Promote gives the primary what the target has at revision, if the target, read live, still is at
// it; otherwise it returns kube.ErrRevisionMoved and writes nothing. A primary that already carries
// the revision's mark is not written again, whatever else was done to it since: a second call, or
// one after a crash, rolls nothing.
func (t *Targets) Promote(ctx context.Context, c *flaggerv1.Canary, revision string) error {
	a, err := t.of(c)
	if err != nil {
		return err
	}
	return a.Promote(ctx, c, revision)
}

// Scale brings the target to the size that s says. A DaemonSet has only two, nothing and a pod on
// every node; a Service has none, and any growth makes its canary copy follow the target.
func (t *Targets) Scale(ctx context.Context, c *flaggerv1.Canary, s rollout.Scale) error {
	a, err := t.of(c)
	if err != nil || s == rollout.ScaleKeep {
		return err
	}
	return a.Scale(ctx, c, s)
}

// Hold keeps the primary's autoscaler from going below the replicas that the primary has now (true),
// or gives it back its own minimum (false). Without an autoscaler it does nothing.
func (t *Targets) Hold(ctx context.Context, c *flaggerv1.Canary, hold bool) error {
	a, err := t.of(c)
	if err != nil {
		return err
	}
	return a.Hold(ctx, c, hold)
}

// Disown takes the Canary off the owners of the primary and of all that hangs on it, so that they
// outlive it.
func (t *Targets) Disown(ctx context.Context, c *flaggerv1.Canary) error {
	a, err := t.of(c)
	if err != nil {
		return err
	}
	return a.Disown(ctx, c)
}

// References returns the ConfigMaps and Secrets that the Canary's target refers to, tracked or not,
// existing or not, from the cache and in a stable order. It is empty without configuration tracking,
// without a target, and for a Service.
func (t *Targets) References(ctx context.Context, c *flaggerv1.Canary) []kube.ConfigRef {
	if a, err := t.of(c); err != nil || a != t.pods {
		return nil
	}
	return t.pods.References(ctx, c)
}

func refusedf(format string, args ...any) error {
	return fmt.Errorf("%w: %s", kube.ErrRefused, fmt.Sprintf(format, args...))
}
