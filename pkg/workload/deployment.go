package workload

import (
	"context"
	"fmt"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	flaggerv1 "github.com/linnet-delivery/linnet/pkg/apis/flagger/v1beta1"
	"github.com/linnet-delivery/linnet/pkg/rollout"
)

const deploymentKind = flaggerv1.TargetDeployment

// deployment is a podOwner whose size is a number of replicas.
type deployment struct{ *appsv1.Deployment }

func emptyDeployment() podOwner { return deployment{&appsv1.Deployment{}} }

func (d deployment) kind() string                      { return deploymentKind }
func (d deployment) object() client.Object             { return d.Deployment }
func (d deployment) copyOf() podOwner                  { return deployment{d.DeepCopy()} }
func (d deployment) template() *corev1.PodTemplateSpec { return &d.Spec.Template }
func (d deployment) selector() *metav1.LabelSelector   { return d.Spec.Selector }
func (d deployment) refusal() error                    { return nil }

func (d deployment) setSelector(s *metav1.LabelSelector) { d.Spec.Selector = s }

func (d deployment) sameSpec(o podOwner) bool { return equal(d.Spec, o.(deployment).Spec) }

func (d deployment) become(template corev1.PodTemplateSpec, source podOwner) {
	from := source.(deployment).DeepCopy()
	d.Spec.Template = template
	d.Spec.Strategy = from.Spec.Strategy
	d.Spec.MinReadySeconds = from.Spec.MinReadySeconds
	d.Spec.RevisionHistoryLimit = from.Spec.RevisionHistoryLimit
	d.Spec.ProgressDeadlineSeconds = from.Spec.ProgressDeadlineSeconds
}

func (d deployment) size() int32 {
	if d.Spec.Replicas == nil {
		return 1
	}
	return *d.Spec.Replicas
}

func (d deployment) resize(n int32) { d.Spec.Replicas = new(n) }

func (d deployment) outlook(p patience) outlook {
	s := d.Status
	o := outlook{
		ready: s.ReadyReplicas, available: s.AvailableReplicas,
		moving: d.size() > 0 && d.observed() && !d.Spec.Paused,
		counts: fmt.Sprint(d.Generation, s.Replicas, s.UpdatedReplicas, s.AvailableReplicas),
	}
	o.state, o.reason = d.progress(p)
	for i := range s.Conditions {
		d.read(&s.Conditions[i], &o)
	}
	return o
}

// progress judges the Deployment's own counts.
func (d deployment) progress(p patience) (rollout.Readiness, string) {
	desired, s := d.size(), d.Status
	switch {
	case desired == 0:
		return rollout.Waiting, scaledToZero
	case !d.observed():
		return rollout.Waiting, notActedOn
	case d.Spec.Paused:
		return rollout.Waiting, fmt.Sprintf("Deployment %s is paused", d.Name)
	case s.UpdatedReplicas < desired:
		return rollout.Waiting, fmt.Sprintf("%d of %d pods updated", s.UpdatedReplicas, desired)
	case s.Replicas > s.UpdatedReplicas:
		return rollout.Waiting, fmt.Sprintf("pods of an earlier template still running: %d", s.Replicas-s.UpdatedReplicas)
	case s.AvailableReplicas < p.needed(s.UpdatedReplicas):
		return rollout.Waiting, podsReady(s.AvailableReplicas, desired)
	default:
		return rollout.Ready, podsReady(s.AvailableReplicas, desired)
	}
}

func (d deployment) observed() bool { return d.Status.ObservedGeneration >= d.Generation }

// deadlineExceeded is the reason that the Deployment controller gives for Progressing=False.
const deadlineExceeded = "ProgressDeadlineExceeded"

// read adds what a condition tells. The note of progress alone does not say from when the Deployment
// has waited: it is not renewed when a finished one is scaled up.
func (d deployment) read(c *appsv1.DeploymentCondition, o *outlook) {
	is := c.Status == corev1.ConditionTrue
	switch {
	case c.Type == appsv1.DeploymentProgressing:
		o.moved = c.LastUpdateTime.Time
		o.expired = c.Status == corev1.ConditionFalse && c.Reason == deadlineExceeded
		o.verdict = c.Message
	case c.Type == appsv1.DeploymentReplicaFailure && is:
		o.complaint = orElse(clip(c.Message), c.Reason)
		if o.failing.IsZero() {
			o.failing = c.LastTransitionTime.Time
		}
	case c.Type == appsv1.DeploymentAvailable && c.Status == corev1.ConditionFalse:
		o.failing = c.LastTransitionTime.Time
	}
}

// deploymentRevision is the annotation by which the Deployment controller numbers a Deployment's
// templates, on the Deployment and on its ReplicaSets.
const deploymentRevision = "deployment.kubernetes.io/revision"

func (d deployment) currentPods(ctx context.Context, r client.Reader) ([]corev1.Pod, error) {
	hash, err := d.templateHash(ctx, r)
	if err != nil || hash == "" {
		return nil, err
	}
	var list corev1.PodList
	err = r.List(ctx, &list, client.InNamespace(d.Namespace), client.MatchingLabels{appsv1.DefaultDeploymentUniqueLabelKey: hash})
	if err != nil {
		return nil, fmt.Errorf("list pods of Deployment %s: %w", d.Name, err)
	}
	return list.Items, nil
}

// templateHash returns the label value that the current ReplicaSet's pods carry, empty when unknown.
func (d deployment) templateHash(ctx context.Context, r client.Reader) (string, error) {
	selector, err := metav1.LabelSelectorAsSelector(d.Spec.Selector)
	if err != nil {
		return "", fmt.Errorf("read the selector of Deployment %s: %w", d.Name, err)
	}
	list := &metav1.PartialObjectMetadataList{}
	list.SetGroupVersionKind(appsv1.SchemeGroupVersion.WithKind("ReplicaSetList"))
	err = r.List(ctx, list, client.InNamespace(d.Namespace), client.MatchingLabelsSelector{Selector: selector})
	if err != nil {
		return "", fmt.Errorf("list ReplicaSets of Deployment %s: %w", d.Name, err)
	}
	current := d.Annotations[deploymentRevision]
	for i := range list.Items {
		rs := &list.Items[i]
		if current != "" && rs.Annotations[deploymentRevision] == current && metav1.IsControlledBy(rs, d.Deployment) {
			return rs.Labels[appsv1.DefaultDeploymentUniqueLabelKey], nil
		}
	}
	return "", nil
}
