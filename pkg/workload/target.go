package workload

import (
	"context"
	"fmt"
	"strings"

	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"

	flaggerv1 "github.com/linnet-delivery/linnet/pkg/apis/flagger/v1beta1"
	"github.com/linnet-delivery/linnet/pkg/kube"
)

// target is what a Canary names, with what follows from its template.
type target struct {
	podOwner
	labelKey, labelValue string
	configs              configs
	rewrite              rewrite
	revision             string
}

// target reads the target from reader and its configuration through read.
func (d *podTargets) target(ctx context.Context, c *flaggerv1.Canary, reader client.Reader, read configReader) (target, error) {
	w, err := d.find(ctx, c, reader)
	if err != nil {
		return target{}, err
	}
	t := target{podOwner: w}
	if t.labelKey, t.labelValue, err = d.selectorLabel(w); err != nil {
		return target{}, err
	}
	if t.configs, err = d.readConfigs(ctx, w, read); err != nil {
		return target{}, err
	}
	t.rewrite = rewrite{labelKey: t.labelKey, labelValue: t.labelValue, selectorLabels: d.labels, configs: t.configs}
	if t.revision, err = revision(w.template(), t.configs.identity()); err != nil {
		return target{}, fmt.Errorf("hash the pod template of %s %s: %w", w.kind(), w.GetName(), err)
	}
	return t, nil
}

// find reads the target, which must be one that can be released.
func (d *podTargets) find(ctx context.Context, c *flaggerv1.Canary, reader client.Reader) (podOwner, error) {
	if err := refuseAutoscaler(c); err != nil {
		return nil, err
	}
	ref := c.Spec.TargetRef
	key := types.NamespacedName{Namespace: c.Namespace, Name: ref.Name}
	w, err := findPodOwner(ctx, reader, ref.Kind, key)
	if err != nil {
		return nil, err
	}
	if w == nil {
		return nil, fmt.Errorf("get %s %s: %w", ref.Kind, key, kube.ErrTargetNotFound)
	}
	return w, w.refusal()
}

// refuseAutoscaler refuses an autoscaler that cannot be followed.
func refuseAutoscaler(c *flaggerv1.Canary) error {
	ref := c.Spec.AutoscalerRef
	switch {
	case ref == nil:
		return nil
	case c.Spec.TargetRef.Kind != deploymentKind:
		return refusedf("autoscalerRef names %s %s, but a %s has no replicas to scale: remove it", ref.Kind, ref.Name, c.Spec.TargetRef.Kind)
	case ref.Kind != hpaKind && ref.Kind != scaledObjectKind:
		return refusedf("autoscalerRef names a %s: only a %s or a %s can be followed", ref.Kind, hpaKind, scaledObjectKind)
	default:
		return nil
	}
}

// maxLabelValue is the greatest length of a label value.
const maxLabelValue = 63

// selectorLabel returns the label that tells the target's pods from the primary's.
func (d *podTargets) selectorLabel(w podOwner) (key, value string, err error) {
	for _, key := range d.labels {
		value, ok := w.selector().MatchLabels[key]
		if !ok {
			continue
		}
		if len(kube.PrimaryName(value)) > maxLabelValue {
			return "", "", refusedf("%s %s has the label %s=%s: with -primary added it would be longer than the %d characters of a label value",
				w.kind(), w.GetName(), key, value, maxLabelValue)
		}
		return key, value, nil
	}
	return "", "", refusedf("%s %s has none of the labels %s in spec.selector.matchLabels, so its pods and the primary's cannot be told apart",
		w.kind(), w.GetName(), strings.Join(d.labels, ", "))
}
