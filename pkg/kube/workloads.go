package kube

import (
	corev1 "k8s.io/api/core/v1"

	"github.com/linnet-delivery/linnet/pkg/rollout"
)

// Workloads is what a workload adapter saw of a Canary's target and primary.
// Times in the healths are not filled: the controller keeps them.
type Workloads struct {
	// Revision identifies the target's pod template and tracked configuration (decision D11), or the
	// spec of a target that is a Service.
	Revision string
	// TrackedConfigs maps "configmap/NAME" and "secret/NAME" to a checksum of 16 hex
	// digits, or to nothing while a required object does not exist.
	TrackedConfigs map[string]string
	// PrimaryFound says whether the primary exists.
	PrimaryFound bool
	// PrimaryRevision is the revision that the primary's template was made from, empty when unknown.
	PrimaryRevision string
	// Canary is the health of the target, Primary that of the primary.
	Canary, Primary rollout.Health
	// CanaryReplicas is the target's spec.replicas, the nodes of a DaemonSet, and 0 for a Service.
	CanaryReplicas int32
	// Backend says how Services find the two sides.
	Backend Backend
}

// Backend says which pods a Service selects and on which ports they listen. The
// zero Backend stands for a target that is gone, or is itself a Service whose
// copies the workload adapter makes: Services stay as they are.
type Backend struct {
	// LabelKey is the selector label that tells the sides apart, such as "app".
	LabelKey string
	// LabelValue is its value on the target's pods; the primary's is PrimaryName of it.
	LabelValue string
	// DiscoveredPorts are further container ports, filled when spec.service.portDiscovery is on.
	DiscoveredPorts []corev1.ContainerPort
}

// PrimaryName returns the name of the primary's copy of an object or label value.
func PrimaryName(name string) string { return name + "-primary" }

// CanaryName returns the name of the canary's Service or DestinationRule.
func CanaryName(name string) string { return name + "-canary" }
