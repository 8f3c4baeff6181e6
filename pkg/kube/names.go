package kube

import "strings"

// Marks that Linnet leaves on objects.
const (
	// RevisionAnnotation on the primary holds the revision that its template, or the spec of a primary
	// Service, was made from. It is written together with it, so it tells a finished promotion from one to do.
	RevisionAnnotation = "linnet.dev/revision"
	// ConfigChecksumAnnotation on the primary's pods identifies the content of their configuration
	// copies, which keep their names: without it a change of configuration alone would roll nothing.
	ConfigChecksumAnnotation = "linnet.dev/config-checksum"
	// HeldReplicasAnnotation on the primary's autoscaler holds the number of replicas below which it
	// may not go while traffic is away.
	HeldReplicasAnnotation = "linnet.dev/held-replicas"
)

const primarySuffix = "-primary"

// SourceName returns the name of the object that a primary's copy was made of, and false when name
// is not that of a copy.
func SourceName(name string) (string, bool) {
	source, ok := strings.CutSuffix(name, primarySuffix)
	return source, ok && source != ""
}

// ConfigKind is the kind of an object that holds configuration.
type ConfigKind string

// The kinds that are tracked.
const (
	ConfigMap ConfigKind = "ConfigMap"
	Secret    ConfigKind = "Secret"
)

// ConfigRef names a ConfigMap or Secret in the namespace of the workload that refers to it.
type ConfigRef struct {
	Kind ConfigKind
	Name string
}

// String returns the reference as status.trackedConfigs spells it: "configmap/NAME" or "secret/NAME".
func (r ConfigRef) String() string { return strings.ToLower(string(r.Kind)) + "/" + r.Name }
