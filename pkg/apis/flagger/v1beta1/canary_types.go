package v1beta1

import metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

// Canary names a workload and says how a new revision of it reaches its users:
// over which Service and routes, in which steps, and judged by which checks.
//
// Linnet keeps a copy of the last good revision, the primary, and lets the
// workload itself, the target, run the new revision while it is on trial.
//
// +kubebuilder:object:root=true
// +kubebuilder:resource:path=canaries,categories=all
// +kubebuilder:metadata:annotations="helm.sh/resource-policy=keep"
// +kubebuilder:subresource:status
// +kubebuilder:printcolumn:name="Status",type=string,JSONPath=`.status.phase`
// +kubebuilder:printcolumn:name="Weight",type=string,JSONPath=`.status.canaryWeight`
// +kubebuilder:printcolumn:name="Suspended",type=boolean,priority=1,JSONPath=`.spec.suspend`
// +kubebuilder:printcolumn:name="FailedChecks",type=string,priority=1,JSONPath=`.status.failedChecks`
// +kubebuilder:printcolumn:name="Interval",type=string,priority=1,JSONPath=`.spec.analysis.interval`
// +kubebuilder:printcolumn:name="Mirror",type=boolean,priority=1,JSONPath=`.spec.analysis.mirror`
// +kubebuilder:printcolumn:name="StepWeight",type=string,priority=1,JSONPath=`.spec.analysis.stepWeight`
// +kubebuilder:printcolumn:name="StepWeights",type=string,priority=1,JSONPath=`.spec.analysis.stepWeights`
// +kubebuilder:printcolumn:name="MaxWeight",type=string,priority=1,JSONPath=`.spec.analysis.maxWeight`
// +kubebuilder:printcolumn:name="LastTransitionTime",type=string,JSONPath=`.status.lastTransitionTime`
type Canary struct {
	metav1.TypeMeta `json:",inline"`
	// +optional
	metav1.ObjectMeta `json:"metadata,omitempty,omitzero"`

	Spec CanarySpec `json:"spec"`
	// +optional
	Status CanaryStatus `json:"status,omitzero"`
}

// CanaryList is a list of Canaries.
//
// +kubebuilder:object:root=true
type CanaryList struct {
	metav1.TypeMeta `json:",inline"`
	// +optional
	metav1.ListMeta `json:"metadata,omitempty"`

	Items []Canary `json:"items"`
}

// CanarySpec says what is released and how.
//
// +kubebuilder:validation:XValidation:rule="has(self.service) || self.targetRef.kind == 'Service'",message="service is missing: give at least service.port, the port on which the application is called"
// +kubebuilder:validation:XValidation:rule="(has(self.skipAnalysis) && self.skipAnalysis) || (has(self.provider) && self.provider == 'kubernetes') || ((!has(self.analysis.iterations) || self.analysis.iterations >= 1) && (!has(self.analysis.stepWeight) || self.analysis.stepWeight >= 1) && (!has(self.analysis.stepWeights) || size(self.analysis.stepWeights) >= 1))",fieldPath=".analysis",message="a release would never end: iterations and stepWeight must be at least 1, and stepWeights must list at least one weight"
type CanarySpec struct {
	// Provider is what carries the traffic: a service mesh, an ingress or plain
	// Kubernetes Services. Empty means the provider the controller was started
	// with. A provider in this list that Linnet does not implement is refused in
	// the Stalled condition.
	// +kubebuilder:validation:Enum=apisix;appmesh;"appmesh:v1beta2";contour;"gatewayapi:v1";"gatewayapi:v1beta1";gloo;istio;knative;kubernetes;kuma;linkerd;nginx;osm;skipper;"smi:v1alpha1";"smi:v1alpha2";"smi:v1alpha3";traefik
	// +optional
	Provider string `json:"provider,omitempty"`

	// MetricsServer is the address of the Prometheus that answers built-in and
	// inline queries for this Canary. Empty means the controller's own setting.
	// +kubebuilder:validation:MaxLength=4096
	// +kubebuilder:validation:XValidation:rule="size(self) == 0 || self.matches('^(?i)https?://[^/?# ]')",message="metricsServer must be an http or https address, such as http://prometheus.monitoring:9090"
	// +optional
	MetricsServer string `json:"metricsServer,omitempty"`

	// TargetRef is the workload whose changes are released.
	TargetRef TargetReference `json:"targetRef"`

	// AutoscalerRef is the autoscaler of the target. The primary gets a copy of it.
	// +optional
	AutoscalerRef *AutoscalerReference `json:"autoscalerRef,omitempty"`

	// IngressRef is the NGINX or Skipper Ingress in front of the application.
	// +optional
	IngressRef *IngressReference `json:"ingressRef,omitempty"`

	// RouteRef is the APISIX route in front of the application.
	// +optional
	RouteRef *RouteReference `json:"routeRef,omitempty"`

	// UpstreamRef is the Gloo Upstream whose settings the generated ones take over.
	// +optional
	UpstreamRef *UpstreamReference `json:"upstreamRef,omitempty"`

	// Service describes the Services and routes by which the application is called.
	// +optional
	Service CanaryService `json:"service,omitzero"`

	// Analysis is the plan of a release: its steps, its pace and its checks.
	Analysis CanaryAnalysis `json:"analysis"`

	// ProgressDeadlineSeconds is how long the target or the primary may make no
	// progress before the release is rolled back. Default 600.
	// +kubebuilder:validation:Minimum=1
	// +optional
	ProgressDeadlineSeconds *int32 `json:"progressDeadlineSeconds,omitempty"`

	// SkipAnalysis promotes a new revision as soon as it is ready, without steps
	// and without checks.
	// +optional
	SkipAnalysis bool `json:"skipAnalysis,omitempty"`

	// RevertOnDeletion is accepted and changes nothing: every Canary that is deleted
	// hands its application back. The target gets the primary's replicas and
	// traffic, then the generated objects go.
	// +optional
	RevertOnDeletion bool `json:"revertOnDeletion,omitempty"`

	// Suspend stops this Canary: nothing is reconciled and weights stay as they are.
	// +optional
	Suspend bool `json:"suspend,omitempty"`
}

// TargetReference names the workload to release, in the Canary's own namespace.
type TargetReference struct {
	APIVersion string `json:"apiVersion"`
	// +kubebuilder:validation:Enum=DaemonSet;Deployment;Service
	Kind string `json:"kind"`
	// +kubebuilder:validation:MinLength=1
	Name string `json:"name"`
}

// AutoscalerReference names the autoscaler of the target and says in what the
// primary's copy differs.
type AutoscalerReference struct {
	APIVersion string `json:"apiVersion"`
	// +kubebuilder:validation:Enum=HorizontalPodAutoscaler;ScaledObject
	Kind string `json:"kind"`
	// +kubebuilder:validation:MinLength=1
	Name string `json:"name"`

	// PrimaryScalerQueries replaces, by trigger name, the queries of a KEDA
	// ScaledObject in the primary's copy.
	// +optional
	PrimaryScalerQueries map[string]string `json:"primaryScalerQueries,omitempty"`

	// PrimaryScalerReplicas overrides the bounds of the primary's autoscaler.
	// +optional
	PrimaryScalerReplicas *ScalerReplicas `json:"primaryScalerReplicas,omitempty"`
}

// ScalerReplicas bounds an autoscaler. A bound that is not set is copied from
// the target's autoscaler.
//
// +kubebuilder:validation:XValidation:rule="!has(self.minReplicas) || !has(self.maxReplicas) || self.minReplicas <= self.maxReplicas",message="minReplicas must not be greater than maxReplicas"
type ScalerReplicas struct {
	// +kubebuilder:validation:Minimum=1
	// +optional
	MinReplicas *int32 `json:"minReplicas,omitempty"`
	// +kubebuilder:validation:Minimum=1
	// +optional
	MaxReplicas *int32 `json:"maxReplicas,omitempty"`
}

// IngressReference names an Ingress in the Canary's own namespace.
type IngressReference struct {
	APIVersion string `json:"apiVersion"`
	// +kubebuilder:validation:Enum=Ingress
	Kind string `json:"kind"`
	Name string `json:"name"`
}

// RouteReference names an ApisixRoute in the Canary's own namespace.
type RouteReference struct {
	APIVersion string `json:"apiVersion"`
	// +kubebuilder:validation:Enum=ApisixRoute
	Kind string `json:"kind"`
	Name string `json:"name"`
}

// UpstreamReference names a Gloo Upstream.
type UpstreamReference struct {
	APIVersion string `json:"apiVersion"`
	// +kubebuilder:validation:Enum=Upstream
	Kind string `json:"kind"`
	Name string `json:"name"`
	// Namespace of the Upstream; empty means the Canary's own.
	// +optional
	Namespace string `json:"namespace,omitempty"`
}
