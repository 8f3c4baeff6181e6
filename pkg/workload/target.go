package workload

import (
	"context"
	"fmt"
	"strings"

	appsv1 "k8s.io/api/apps/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"

	flaggerv1 "github.com/linnet-delivery/linnet/pkg/apis/flagger/v1beta1"
	"github.com/linnet-delivery/linnet/pkg/kube"
)

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
		return nil, fmt.Errorf("get Deployment %s: %w", key, kube.ErrTargetNotFound)
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

func replicas(dep *appsv1.Deployment) int32 {
	if dep.Spec.Replicas == nil {
		return 1
	}
	return *dep.Spec.Replicas
}

func refusedf(format string, args ...any) error {
	return fmt.Errorf("%w: %s", kube.ErrRefused, fmt.Sprintf(format, args...))
}
