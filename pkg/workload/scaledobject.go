package workload

import (
	"strings"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/utils/ptr"
	"sigs.k8s.io/controller-runtime/pkg/client"

	flaggerv1 "github.com/linnet-delivery/linnet/pkg/apis/flagger/v1beta1"
	"github.com/linnet-delivery/linnet/pkg/kube"
)

const scaledObjectKind = "ScaledObject"

// scaledObjectGVK is the only version of KEDA's autoscaler.
var scaledObjectGVK = schema.GroupVersionKind{Group: "keda.sh", Version: "v1alpha1", Kind: scaledObjectKind}

// Annotations by which a ScaledObject is stopped: at the present number of replicas, at a given one,
// or in one direction.
const (
	pausedPrefix   = "autoscaling.keda.sh/paused"
	pausedReplicas = "autoscaling.keda.sh/paused-replicas"
)

// kedaMost is maxReplicaCount where a ScaledObject has none. Its minReplicaCount is then 0.
const kedaMost = 100

// scaledObject is KEDA's scaler. It starts pods of a target at no replicas, so it has to be paused
// there. Its fields are read and written by name: KEDA's types would bring KEDA along.
type scaledObject struct{ *unstructured.Unstructured }

func emptyScaledObject() scaler {
	u := &unstructured.Unstructured{}
	u.SetGroupVersionKind(scaledObjectGVK)
	return scaledObject{u}
}

func (s scaledObject) kind() string          { return scaledObjectKind }
func (s scaledObject) object() client.Object { return s.Unstructured }
func (s scaledObject) copyOf() scaler        { return scaledObject{s.DeepCopy()} }

func (s scaledObject) sameSpec(o scaler) bool {
	return equal(s.Object["spec"], o.(scaledObject).Object["spec"])
}

func (s scaledObject) least() *int32 { return s.count("minReplicaCount") }

// lowest is idleReplicaCount where that is set: the number of replicas while no trigger is active.
func (s scaledObject) lowest() int32 {
	if idle := s.count("idleReplicaCount"); idle != nil {
		return *idle
	}
	return ptr.Deref(s.least(), 0)
}

func (s scaledObject) most() int32 { return ptr.Deref(s.count("maxReplicaCount"), kedaMost) }

func (s scaledObject) setMost(n int32) { s.setCount("maxReplicaCount", &n) }

func (s scaledObject) raise(n int32) {
	s.setCount("minReplicaCount", &n)
	s.setCount("idleReplicaCount", nil)
}

func (s scaledObject) settle(least *int32, source scaler) {
	s.setCount("minReplicaCount", least)
	s.setCount("idleReplicaCount", source.(scaledObject).count("idleReplicaCount"))
}

// follow copies the source's spec and points it at the primary, in the queries of its triggers too.
func (s scaledObject) follow(c *flaggerv1.Canary, source scaler) {
	s.Object["spec"] = map[string]any{}
	if spec, ok := source.(scaledObject).DeepCopy().Object["spec"].(map[string]any); ok {
		s.Object["spec"] = spec
	}
	s.set(c.PrimaryName(), "spec", "scaleTargetRef", "name")
	// KEDA's own HorizontalPodAutoscaler has the name that is asked for: two cannot have the same.
	name := []string{"spec", "advanced", "horizontalPodAutoscalerConfig", "name"}
	if hpa, ok, _ := unstructured.NestedString(s.Object, name...); ok && hpa != "" {
		s.set(kube.PrimaryName(hpa), name...)
	}
	if triggers, ok, _ := unstructured.NestedSlice(s.Object, "spec", "triggers"); ok {
		s.set(primaryTriggers(c, triggers), "spec", "triggers")
	}
}

// carries takes every annotation over, since they are how KEDA is configured, but no pause.
func (s scaledObject) carries(annotation string) bool {
	return !strings.HasPrefix(annotation, pausedPrefix)
}

// setPaused leaves a pause at another number of replicas to whoever asked for it.
func (s scaledObject) setPaused(on bool) {
	annotations := s.GetAnnotations()
	if on {
		annotate(s, pausedReplicas, "0")
	} else if annotations[pausedReplicas] == "0" {
		delete(annotations, pausedReplicas)
		s.SetAnnotations(annotations)
	}
}

func (s scaledObject) setUnpaused() {
	annotations := s.GetAnnotations()
	for key := range annotations {
		if strings.HasPrefix(key, pausedPrefix) {
			delete(annotations, key)
		}
	}
	s.SetAnnotations(annotations)
}

// count reads a number of the spec, nil when there is none.
func (s scaledObject) count(field string) *int32 {
	n, ok, _ := unstructured.NestedInt64(s.Object, "spec", field)
	if !ok {
		return nil
	}
	return new(int32(n))
}

func (s scaledObject) setCount(field string, n *int32) {
	if n == nil {
		unstructured.RemoveNestedField(s.Object, "spec", field)
		return
	}
	s.set(int64(*n), "spec", field)
}

// set writes a field. A path through something that is no object is left alone: the API server has
// let pass only objects of KEDA's schema.
func (s scaledObject) set(value any, path ...string) {
	_ = unstructured.SetNestedField(s.Object, value, path...)
}
