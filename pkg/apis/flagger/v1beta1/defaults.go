package v1beta1

import (
	"cmp"
	"time"
)

// The providers of traffic that Linnet serves, as spec.provider spells them.
const (
	ProviderIstio      = "istio"
	ProviderKubernetes = "kubernetes"
)

// The kinds of targets, as spec.targetRef.kind spells them.
const (
	TargetDeployment = "Deployment"
	TargetDaemonSet  = "DaemonSet"
	TargetService    = "Service"
)

// defaultDeadline is progressDeadlineSeconds where none is given.
const defaultDeadline = 10 * time.Minute

// ProviderOr returns the provider that shifts the Canary's traffic: fallback
// where spec.provider is empty, and istio where both are.
func (s CanarySpec) ProviderOr(fallback string) string {
	return cmp.Or(s.Provider, fallback, ProviderIstio)
}

// ProgressDeadline returns how long pods may make no progress, and how long the
// metrics may be away: 10 minutes unless progressDeadlineSeconds is above 0.
func (s CanarySpec) ProgressDeadline() time.Duration {
	if s.ProgressDeadlineSeconds != nil && *s.ProgressDeadlineSeconds > 0 {
		return time.Duration(*s.ProgressDeadlineSeconds) * time.Second
	}
	return defaultDeadline
}
