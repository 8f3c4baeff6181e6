package workload

import (
	"context"
	"fmt"
	"strings"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"

	flaggerv1 "github.com/linnet-delivery/linnet/pkg/apis/flagger/v1beta1"
	"github.com/linnet-delivery/linnet/pkg/kube"
	"github.com/linnet-delivery/linnet/pkg/rollout"
)

// Options say how Deployments reaches the cluster and what it tracks.
type Options struct {
	// Client reads from caches and writes.
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

// Deployments looks after Canaries whose target is a Deployment. It is safe for concurrent use.
type Deployments struct {
	client   client.Client
	live     client.Reader
	now      func() time.Time
	labels   []string
	tracking bool
	include  prefixes
	contents contents
}

// New returns a Deployments that works as o says.
func New(o Options) *Deployments {
	labels := o.SelectorLabels
	if len(labels) == 0 {
		labels = []string{"app", "name", "app.kubernetes.io/name"}
	}
	owner := o.FieldOwner
	if owner == "" {
		owner = "linnet"
	}
	return &Deployments{
		client:   client.WithFieldOwner(o.Client, owner),
		live:     o.Live,
		now:      o.Now,
		labels:   labels,
		tracking: o.ConfigTracking,
		include:  o.IncludeLabelPrefix,
	}
}

// Observe reads target and primary from the cache. A missing target is kube.ErrTargetNotFound; a
// Canary that cannot be served is kube.ErrRefused with the reason.
func (d *Deployments) Observe(ctx context.Context, c *flaggerv1.Canary) (kube.Workloads, error) {
	t, err := d.target(ctx, c, d.client, d.cachedConfig)
	if err != nil {
		return kube.Workloads{}, err
	}
	w := kube.Workloads{
		Revision:       t.revision,
		TrackedConfigs: t.configs.checksums(),
		CanaryReplicas: replicas(t.Deployment),
		Backend:        kube.Backend{LabelKey: t.labelKey, LabelValue: t.labelValue, DiscoveredPorts: discoveredPorts(c, t.Spec.Template.Spec)},
	}
	if w.Canary, err = d.health(ctx, t.Deployment, patienceFor(c, c.Spec.Analysis.CanaryReadyThreshold)); err != nil {
		return kube.Workloads{}, err
	}
	if missing := t.configs.missing(); missing != "" && w.Canary.State == rollout.Waiting && w.Canary.Desired > 0 {
		w.Canary.Reason = missing
	}
	return w, d.observePrimary(ctx, c, t, &w)
}

func (d *Deployments) observePrimary(ctx context.Context, c *flaggerv1.Canary, t target, w *kube.Workloads) error {
	primary, err := d.primary(ctx, c, t)
	if err != nil {
		return err
	}
	if primary == nil {
		w.Primary.Reason = fmt.Sprintf("Deployment %s does not exist yet", c.PrimaryName())
		return nil
	}
	w.PrimaryFound = true
	if w.PrimaryRevision, err = d.primaryRevision(ctx, t, primary); err != nil {
		return err
	}
	w.Primary, err = d.health(ctx, primary, patienceFor(c, c.Spec.Analysis.PrimaryReadyThreshold))
	return err
}

// primaryRevision returns the revision that the primary's template was made from. A primary that
// carries no mark was made by Flagger: it has the target's revision when it differs from the target
// only in what cloning rewrites, and an unknown one otherwise.
func (d *Deployments) primaryRevision(ctx context.Context, t target, primary *appsv1.Deployment) (string, error) {
	if revision := primary.Annotations[kube.RevisionAnnotation]; revision != "" {
		return revision, nil
	}
	if !t.rewrite.sameTemplate(&t.Spec.Template, &primary.Spec.Template) {
		return "", nil
	}
	for _, source := range t.configs.tracked() {
		copied, err := d.cachedConfig(ctx, t.Namespace, source.copyRef())
		if err != nil {
			return "", err
		}
		if copied.missing || copied.checksum != source.checksum {
			return "", nil
		}
	}
	return t.revision, nil
}

// target is the Deployment that a Canary names, with what follows from its template.
type target struct {
	*appsv1.Deployment
	labelKey, labelValue string
	configs              configs
	rewrite              rewrite
	revision             string
}

// target reads the Deployment from reader and its configuration through read.
func (d *Deployments) target(ctx context.Context, c *flaggerv1.Canary, reader client.Reader, read configReader) (target, error) {
	dep, err := d.deployment(ctx, c, reader)
	if err != nil {
		return target{}, err
	}
	t := target{Deployment: dep}
	if t.labelKey, t.labelValue, err = d.selectorLabel(dep); err != nil {
		return target{}, err
	}
	if t.configs, err = d.readConfigs(ctx, dep, read); err != nil {
		return target{}, err
	}
	t.rewrite = rewrite{labelKey: t.labelKey, labelValue: t.labelValue, selectorLabels: d.labels, configs: t.configs}
	if t.revision, err = revision(&dep.Spec.Template, t.configs.identity()); err != nil {
		return target{}, fmt.Errorf("hash the pod template of Deployment %s: %w", dep.Name, err)
	}
	return t, nil
}

func (d *Deployments) deployment(ctx context.Context, c *flaggerv1.Canary, reader client.Reader) (*appsv1.Deployment, error) {
	if err := refuseUnsupported(c); err != nil {
		return nil, err
	}
	dep := &appsv1.Deployment{}
	key := types.NamespacedName{Namespace: c.Namespace, Name: c.Spec.TargetRef.Name}
	if err := reader.Get(ctx, key, dep); apierrors.IsNotFound(err) {
		return nil, fmt.Errorf("Deployment %s: %w", key, kube.ErrTargetNotFound)
	} else if err != nil {
		return nil, fmt.Errorf("get Deployment %s: %w", key, err)
	}
	return dep, nil
}

func refuseUnsupported(c *flaggerv1.Canary) error {
	if ref := c.Spec.TargetRef; ref.Kind != "Deployment" {
		return refusedf("targetRef names a %s: only a Deployment can be released so far", ref.Kind)
	}
	if ref := c.Spec.AutoscalerRef; ref != nil && ref.Kind != autoscalerKind {
		return refusedf("autoscalerRef names a %s: only a %s can be followed so far", ref.Kind, autoscalerKind)
	}
	return nil
}

// maxLabelValue is the greatest length of a label value.
const maxLabelValue = 63

// selectorLabel returns the label that tells the target's pods from the primary's.
func (d *Deployments) selectorLabel(dep *appsv1.Deployment) (key, value string, err error) {
	for _, key := range d.labels {
		value, ok := dep.Spec.Selector.MatchLabels[key]
		if !ok {
			continue
		}
		if len(kube.PrimaryName(value)) > maxLabelValue {
			return "", "", refusedf("Deployment %s has the label %s=%s: with -primary added it would be longer than the %d characters of a label value",
				dep.Name, key, value, maxLabelValue)
		}
		return key, value, nil
	}
	return "", "", refusedf("Deployment %s has none of the labels %s in spec.selector.matchLabels, so its pods and the primary's cannot be told apart",
		dep.Name, strings.Join(d.labels, ", "))
}

// References returns the ConfigMaps and Secrets that the Canary's target refers to, tracked or not,
// existing or not, from the cache and in a stable order. It is empty without configuration tracking
// or without a target.
func (d *Deployments) References(ctx context.Context, c *flaggerv1.Canary) []kube.ConfigRef {
	if !d.tracking {
		return nil
	}
	dep, err := d.deployment(ctx, c, d.client)
	if err != nil {
		return nil
	}
	var refs []kube.ConfigRef
	for _, r := range references(dep.Spec.Template.Spec) {
		refs = append(refs, r.ConfigRef)
	}
	return refs
}

func replicas(dep *appsv1.Deployment) int32 {
	if dep.Spec.Replicas == nil {
		return 1
	}
	return *dep.Spec.Replicas
}

// discoveredPorts returns the container ports beyond the Service's own, each with a name.
func discoveredPorts(c *flaggerv1.Canary, spec corev1.PodSpec) []corev1.ContainerPort {
	if !c.Spec.Service.PortDiscovery {
		return nil
	}
	var ports []corev1.ContainerPort
	for _, container := range spec.Containers {
		if container.Name == "istio-proxy" || container.Name == "envoy" {
			continue
		}
		for i, port := range container.Ports {
			if isServicePort(c.Spec.Service, port) {
				continue
			}
			if port.Name == "" {
				port.Name = fmt.Sprintf("tcp-%s-%d", container.Name, i)
			}
			ports = append(ports, port)
		}
	}
	return ports
}

func isServicePort(service flaggerv1.CanaryService, port corev1.ContainerPort) bool {
	to := service.TargetPort
	if to == nil || to.String() == "0" || to.String() == "" {
		return port.ContainerPort == service.Port
	}
	return to.String() == port.Name || to.String() == fmt.Sprint(port.ContainerPort)
}

func refusedf(format string, args ...any) error {
	return fmt.Errorf("%w: %s", kube.ErrRefused, fmt.Sprintf(format, args...))
}
