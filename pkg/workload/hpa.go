package workload

import (
	autoscalingv2 "k8s.io/api/autoscaling/v2"
	"k8s.io/utils/ptr"
	"sigs.k8s.io/controller-runtime/pkg/client"

	flaggerv1 "github.com/linnet-delivery/linnet/pkg/apis/flagger/v1beta1"
)

const hpaKind = "HorizontalPodAutoscaler"

// hpa is the scaler that is part of Kubernetes. It leaves a target at no replicas alone, so there is
// nothing to pause.
type hpa struct {
	*autoscalingv2.HorizontalPodAutoscaler
}

func emptyHPA() scaler { return hpa{&autoscalingv2.HorizontalPodAutoscaler{}} }

func (h hpa) kind() string           { return hpaKind }
func (h hpa) object() client.Object  { return h.HorizontalPodAutoscaler }
func (h hpa) copyOf() scaler         { return hpa{h.DeepCopy()} }
func (h hpa) sameSpec(o scaler) bool { return equal(h.Spec, o.(hpa).Spec) }
func (h hpa) least() *int32          { return h.Spec.MinReplicas }
func (h hpa) lowest() int32          { return ptr.Deref(h.Spec.MinReplicas, 1) }
func (h hpa) most() int32            { return h.Spec.MaxReplicas }
func (h hpa) setMost(n int32)        { h.Spec.MaxReplicas = n }
func (h hpa) raise(n int32)          { h.Spec.MinReplicas = new(n) }
func (h hpa) carries(string) bool    { return false }
func (h hpa) setPaused(bool)         {}
func (h hpa) setUnpaused()           {}

func (h hpa) settle(least *int32, _ scaler) { h.Spec.MinReplicas = least }

func (h hpa) follow(c *flaggerv1.Canary, source scaler) {
	h.Spec = *source.(hpa).Spec.DeepCopy()
	h.Spec.ScaleTargetRef.Name = c.PrimaryName()
}
