package v1beta1

import metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

// MetricTemplate is a query with a name, and the provider that answers it.
// Canaries refer to it in spec.analysis.metrics.
//
// +kubebuilder:object:root=true
// +kubebuilder:resource:path=metrictemplates,categories=all
// +kubebuilder:metadata:annotations="helm.sh/resource-policy=keep"
// +kubebuilder:subresource:status
// +kubebuilder:printcolumn:name="Provider",type=string,JSONPath=`.spec.provider.type`
type MetricTemplate struct {
	metav1.TypeMeta `json:",inline"`
	// +optional
	metav1.ObjectMeta `json:"metadata,omitempty,omitzero"`

	Spec MetricTemplateSpec `json:"spec"`
}

// MetricTemplateList is a list of MetricTemplates.
//
// +kubebuilder:object:root=true
type MetricTemplateList struct {
	metav1.TypeMeta `json:",inline"`
	// +optional
	metav1.ListMeta `json:"metadata,omitempty"`

	Items []MetricTemplate `json:"items"`
}

// MetricTemplateSpec is a query and its provider.
type MetricTemplateSpec struct {
	// Provider is the system that answers the query.
	Provider MetricProvider `json:"provider"`

	// Query in the provider's language, as a Go text template with the functions
	// name, namespace, target, service, ingress, route, interval and variables:
	// {{ namespace }}, {{ variables.KEY }}.
	// +kubebuilder:validation:MinLength=1
	Query string `json:"query"`
}

// MetricProvider is a system that answers queries.
//
// +kubebuilder:validation:XValidation:rule="self.type != 'prometheus' || (has(self.address) && self.address.matches('^(?i)https?://[^/?# ]'))",message="provider prometheus needs an address that starts with http:// or https://, such as http://prometheus.monitoring:9090"
type MetricProvider struct {
	// +kubebuilder:validation:Enum=prometheus;influxdb;datadog;externalmetrics;stackdriver;cloudwatch;newrelic;graphite;dynatrace;keptn;splunk
	Type string `json:"type"`

	// Address of the provider's API. Without one externalmetrics asks the cluster's
	// own API server.
	// +kubebuilder:validation:MaxLength=4096
	// +optional
	Address string `json:"address,omitempty"`

	// Headers are sent with each query.
	// +optional
	Headers map[string][]string `json:"headers,omitempty"`

	// SecretRef names the Secret with the credentials, in the template's own
	// namespace. For Prometheus: token, or username and password.
	// +optional
	SecretRef *LocalObjectReference `json:"secretRef,omitempty"`

	// Region of the provider, where it has regions.
	// +optional
	Region string `json:"region,omitempty"`

	// InsecureSkipVerify accepts any certificate of the provider.
	// +optional
	InsecureSkipVerify bool `json:"insecureSkipVerify,omitempty"`
}

// LocalObjectReference names an object in the same namespace.
type LocalObjectReference struct {
	// +kubebuilder:validation:MinLength=1
	Name string `json:"name"`
}
