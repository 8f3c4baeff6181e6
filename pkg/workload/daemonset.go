package workload

import (
	"context"
	"fmt"
	"maps"
	"slices"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	extensionsv1beta1 "k8s.io/api/extensions/v1beta1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	flaggerv1 "github.com/linnet-delivery/linnet/pkg/apis/flagger/v1beta1"
	"github.com/linnet-delivery/linnet/pkg/rollout"
)

const daemonSetKind = flaggerv1.TargetDaemonSet

// toZero is the node selector that no node meets, by which a DaemonSet is scaled to zero. It is the
// mark of this package on the target's template, so it is no part of a revision.
const (
	toZeroKey   = "flagger.app/scale-to-zero"
	toZeroValue = "true"
)

// daemonSet is a podOwner with a pod on every node, or none.
type daemonSet struct{ *appsv1.DaemonSet }

func emptyDaemonSet() podOwner { return daemonSet{&appsv1.DaemonSet{}} }

func (d daemonSet) kind() string                    { return daemonSetKind }
func (d daemonSet) object() client.Object           { return d.DaemonSet }
func (d daemonSet) copyOf() podOwner                { return daemonSet{d.DeepCopy()} }
func (d daemonSet) selector() *metav1.LabelSelector { return d.Spec.Selector }

func (d daemonSet) setSelector(s *metav1.LabelSelector) { d.Spec.Selector = s }

func (d daemonSet) sameSpec(o podOwner) bool { return equal(d.Spec, o.(daemonSet).Spec) }

func (d daemonSet) template() *corev1.PodTemplateSpec {
	if !d.atZero() {
		return &d.Spec.Template
	}
	t := d.Spec.Template.DeepCopy()
	if delete(t.Spec.NodeSelector, toZeroKey); len(t.Spec.NodeSelector) == 0 {
		t.Spec.NodeSelector = nil
	}
	return t
}

func (d daemonSet) become(template corev1.PodTemplateSpec, source podOwner) {
	from := source.(daemonSet).DeepCopy()
	d.Spec.Template = template
	d.Spec.UpdateStrategy = from.Spec.UpdateStrategy
	d.Spec.MinReadySeconds = from.Spec.MinReadySeconds
	d.Spec.RevisionHistoryLimit = from.Spec.RevisionHistoryLimit
}

func (d daemonSet) refusal() error {
	if d.Spec.UpdateStrategy.Type != appsv1.OnDeleteDaemonSetStrategyType {
		return nil
	}
	return refusedf("DaemonSet %s has the update strategy %s, so a new template reaches no pod by itself: set it to %s",
		d.Name, appsv1.OnDeleteDaemonSetStrategyType, appsv1.RollingUpdateDaemonSetStrategyType)
}

func (d daemonSet) atZero() bool {
	_, is := d.Spec.Template.Spec.NodeSelector[toZeroKey]
	return is
}

// size is the number of nodes that are to have a pod. Before the last change was acted on, that is
// at least one: the count may still be that of a DaemonSet at zero.
func (d daemonSet) size() int32 {
	switch {
	case d.atZero():
		return 0
	case d.observed():
		return d.Status.DesiredNumberScheduled
	default:
		return max(1, d.Status.DesiredNumberScheduled)
	}
}

// resize takes every pod away, or lets the nodes decide.
func (d daemonSet) resize(n int32) {
	if n > 0 {
		d.Spec.Template = *d.template()
		return
	}
	nodes := maps.Clone(d.Spec.Template.Spec.NodeSelector)
	if nodes == nil {
		nodes = map[string]string{}
	}
	nodes[toZeroKey] = toZeroValue
	d.Spec.Template.Spec.NodeSelector = nodes
}

func (d daemonSet) observed() bool { return d.Status.ObservedGeneration >= d.Generation }

func (d daemonSet) outlook(p patience) outlook {
	s := d.Status
	o := outlook{
		ready: s.NumberReady, available: s.NumberAvailable,
		moving: d.size() > 0 && d.observed(),
		counts: fmt.Sprint(d.Generation, s.DesiredNumberScheduled, s.UpdatedNumberScheduled, s.NumberAvailable),
	}
	o.state, o.reason = d.progress(p)
	return o
}

// progress judges the DaemonSet's own counts, all of which leave out nodes that it is leaving.
func (d daemonSet) progress(p patience) (rollout.Readiness, string) {
	desired, s := d.size(), d.Status
	switch {
	case d.atZero():
		return rollout.Waiting, scaledToZero
	case !d.observed():
		return rollout.Waiting, notActedOn
	case desired == 0:
		return rollout.Waiting, fmt.Sprintf("no node is to have a pod of DaemonSet %s", d.Name)
	case s.UpdatedNumberScheduled < desired:
		return rollout.Waiting, fmt.Sprintf("%d of %d pods updated", s.UpdatedNumberScheduled, desired)
	case s.NumberAvailable < p.needed(desired):
		return rollout.Waiting, podsReady(s.NumberAvailable, desired)
	default:
		return rollout.Ready, podsReady(s.NumberAvailable, desired)
	}
}

// currentPods goes by the number of the template, which is on the DaemonSet and its pods, to the hash
// of the template: after a return to an earlier template the older of its pods have another number.
func (d daemonSet) currentPods(ctx context.Context, r client.Reader) ([]corev1.Pod, error) {
	selector, err := metav1.LabelSelectorAsSelector(d.Spec.Selector)
	if err != nil {
		return nil, fmt.Errorf("read the selector of DaemonSet %s: %w", d.Name, err)
	}
	var list corev1.PodList
	if err := r.List(ctx, &list, client.InNamespace(d.Namespace), client.MatchingLabelsSelector{Selector: selector}); err != nil {
		return nil, fmt.Errorf("list pods of DaemonSet %s: %w", d.Name, err)
	}
	hash := d.templateHash(list.Items)
	return slices.DeleteFunc(list.Items, func(p corev1.Pod) bool {
		return hash == "" || p.Labels[appsv1.DefaultDaemonSetUniqueLabelKey] != hash || !metav1.IsControlledBy(&p, d.DaemonSet)
	}), nil
}

// templateHash returns the label value that pods of the current template carry, empty when unknown.
func (d daemonSet) templateHash(pods []corev1.Pod) string {
	number := d.Annotations[appsv1.DeprecatedTemplateGeneration]
	for i := range pods {
		p := &pods[i]
		if number != "" && p.Labels[extensionsv1beta1.DaemonSetTemplateGenerationKey] == number && metav1.IsControlledBy(p, d.DaemonSet) {
			return p.Labels[appsv1.DefaultDaemonSetUniqueLabelKey]
		}
	}
	return ""
}
