package v1beta1

import "strings"

// Names on objects that are part of the contract with Flagger, so that one
// controller can take over from the other.
const (
	// Finalizer holds a Canary with revertOnDeletion until the application has
	// been handed back.
	Finalizer = "finalizer.flagger.app"

	// ConfigTrackingAnnotation on a ConfigMap or Secret, with a value that starts
	// with "disable", keeps it from being tracked and copied.
	ConfigTrackingAnnotation = "flagger.app/config-tracking"

	// OriginalConfigurationAnnotation on a route holds its spec from before it
	// was taken over.
	OriginalConfigurationAnnotation = "flagger.kubernetes.io/original-configuration"
)

// PrimaryName returns the name of the primary workload.
func (c *Canary) PrimaryName() string {
	return c.Spec.TargetRef.Name + "-primary"
}

// ApexServiceName returns the name of the Service and route that users call:
// service.name, or else the name of the target.
func (c *Canary) ApexServiceName() string {
	if c.Spec.Service.Name != "" {
		return c.Spec.Service.Name
	}
	return c.Spec.TargetRef.Name
}

// PrimaryServiceName returns the name of the Service in front of the primary.
func (c *Canary) PrimaryServiceName() string {
	return c.ApexServiceName() + "-primary"
}

// CanaryServiceName returns the name of the Service in front of the canary,
// which is the target while it runs a new revision.
func (c *Canary) CanaryServiceName() string {
	return c.ApexServiceName() + "-canary"
}

// IsTCP reports whether the application speaks TCP rather than HTTP, so that
// connections are shared out and not requests.
func (s CanaryService) IsTCP() bool { return strings.EqualFold(s.AppProtocol, "tcp") }

// NamespaceOr returns the namespace of the object that is named, which is
// fallback when the reference has none.
func (r CrossNamespaceReference) NamespaceOr(fallback string) string {
	if r.Namespace != "" {
		return r.Namespace
	}
	return fallback
}
