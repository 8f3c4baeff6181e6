package service

import (
	"strings"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/equality"

	flaggerv1 "github.com/linnet-delivery/linnet/pkg/apis/flagger/v1beta1"
	"github.com/linnet-delivery/linnet/pkg/kube"
	"github.com/linnet-delivery/linnet/pkg/rollout"
	"github.com/linnet-delivery/linnet/pkg/traffic"
)

// side is one of a Canary's three Services.
type side struct {
	name     string
	backend  kube.Backend
	selects  string
	metadata *flaggerv1.CustomMetadata
}

func apexSide(c *flaggerv1.Canary, b kube.Backend, t rollout.Traffic) side {
	selects := kube.PrimaryName(b.LabelValue)
	if t.Canary == 100 {
		selects = b.LabelValue
	}
	return side{c.ApexServiceName(), b, selects, c.Spec.Service.Apex}
}

func primarySide(c *flaggerv1.Canary, b kube.Backend) side {
	return side{c.PrimaryServiceName(), b, kube.PrimaryName(b.LabelValue), c.Spec.Service.Primary}
}

func canarySide(c *flaggerv1.Canary, b kube.Backend) side {
	return side{c.CanaryServiceName(), b, b.LabelValue, c.Spec.Service.Canary}
}

func (s side) selector() map[string]string {
	return map[string]string{s.backend.LabelKey: s.selects}
}

// build returns the whole Service that existing is to become, which is nil when
// there is none. An adopted Service changes in selector and ports alone.
func build(c *flaggerv1.Canary, s side, existing *corev1.Service) (*corev1.Service, error) {
	if existing == nil {
		return fresh(c, s), nil
	}
	owned, err := traffic.Owned(c, existing)
	if err != nil {
		return nil, err
	}
	svc := existing.DeepCopy()
	if owned {
		complete(c, s, svc)
		return svc, nil
	}
	if !equality.Semantic.DeepEqual(svc.Spec.Selector, s.selector()) {
		if err := traffic.Remember(svc, existing.Spec); err != nil {
			return nil, err
		}
	}
	svc.Spec.Selector = s.selector()
	svc.Spec.Ports = adoptedPorts(c, s.backend, existing.Spec.Ports)
	return svc, nil
}

// fresh returns a Service of our own. Type and clusterIP are set here only:
// the one is left to whoever changes it, the other cannot change.
func fresh(c *flaggerv1.Canary, s side) *corev1.Service {
	svc := empty(c, s.name)
	svc.Spec.Type = corev1.ServiceTypeClusterIP
	if c.Spec.Service.Headless {
		svc.Spec.ClusterIP = corev1.ClusterIPNone
	}
	complete(c, s, svc)
	return svc
}

// complete sets everything that the Canary says of a Service of our own.
func complete(c *flaggerv1.Canary, s side, svc *corev1.Service) {
	traffic.Own(c, svc)
	traffic.Label(svc, &flaggerv1.CustomMetadata{Labels: map[string]string{s.backend.LabelKey: s.name}})
	traffic.KeepFluxAway(svc)
	traffic.Label(svc, s.metadata)
	svc.Spec.Selector = s.selector()
	svc.Spec.Ports = ownPorts(c, s.backend, svc.Spec.Ports)
	svc.Spec.TrafficDistribution = nonEmpty(c.Spec.Service.TrafficDistribution)
}

// released returns the apex as it was before the Canary, or nil when there is
// nothing to hand back.
func released(c *flaggerv1.Canary, b kube.Backend, existing *corev1.Service) (*corev1.Service, error) {
	if existing == nil {
		return nil, nil
	}
	owned, err := traffic.Owned(c, existing)
	if err != nil {
		return nil, err
	}
	svc := existing.DeepCopy()
	if owned {
		svc.Spec.Selector = targetSelector(b, existing.Spec.Selector)
		traffic.Disown(c, svc)
		traffic.LetFluxBack(svc)
		return svc, nil
	}
	if !taken(b, existing) {
		return nil, nil
	}
	return restored(b, svc)
}

// taken reports whether an adopted apex still is in our hands.
func taken(b kube.Backend, svc *corev1.Service) bool {
	if _, stored := svc.Annotations[flaggerv1.OriginalConfigurationAnnotation]; stored {
		return true
	}
	return b.LabelKey != "" && svc.Spec.Selector[b.LabelKey] == kube.PrimaryName(b.LabelValue)
}

// restored gives an adopted apex its selector and ports back.
func restored(b kube.Backend, svc *corev1.Service) (*corev1.Service, error) {
	var original corev1.ServiceSpec
	found, err := traffic.Recall(svc, &original)
	if err != nil {
		return nil, err
	}
	if found {
		svc.Spec.Ports = withNodePorts(withDefaults(original.Ports), svc.Spec.Ports)
	}
	// Without an original selector the target is the best guess; an empty
	// selector would be no Service at all.
	if svc.Spec.Selector = original.Selector; len(original.Selector) == 0 {
		svc.Spec.Selector = targetSelector(b, svc.Spec.Selector)
	}
	traffic.Forget(svc)
	return svc, nil
}

// targetSelector returns the selector of the target's pods. A target that is
// gone leaves no Backend; the selector of the primary tells as much.
func targetSelector(b kube.Backend, present map[string]string) map[string]string {
	if b.LabelKey != "" {
		return map[string]string{b.LabelKey: b.LabelValue}
	}
	selector := make(map[string]string, len(present))
	for key, value := range present {
		selector[key] = strings.TrimSuffix(value, kube.PrimaryName(""))
	}
	return selector
}
