package v1beta1

// Names of the metrics that need neither a template nor a query.
const (
	MetricRequestSuccessRate = "request-success-rate"
	MetricRequestDuration    = "request-duration"
)

// CanaryMetric is a check by number: a query and the range its answer has to be in.
//
// +kubebuilder:validation:XValidation:rule="has(self.templateRef) || (has(self.query) && size(self.query) > 0) || self.name in ['request-success-rate', 'request-duration']",message="metric needs a templateRef or a query: only request-success-rate and request-duration are built in"
type CanaryMetric struct {
	// Name of the check. request-success-rate (percent of requests not answered
	// with 5xx) and request-duration (99th percentile in milliseconds) are built in.
	// +kubebuilder:validation:MaxLength=512
	Name string `json:"name"`

	// Interval is the window of the query. Default 1m.
	// +kubebuilder:validation:MaxLength=64
	// +kubebuilder:validation:XValidation:rule="self.matches('^[0-9]+(m|s)') && !self.matches('^0+(m|s)$')",message="metric interval must be greater than zero and in minutes or seconds, such as 30s or 1m"
	// +optional
	Interval string `json:"interval,omitempty"`

	// Threshold is the greatest value that passes, and for request-success-rate
	// the least. Deprecated: use ThresholdRange, which wins over it.
	// +optional
	Threshold float64 `json:"threshold,omitempty"`

	// ThresholdRange is the range of values that pass, both ends included.
	// +optional
	ThresholdRange *ThresholdRange `json:"thresholdRange,omitempty"`

	// Query in PromQL. Deprecated: use TemplateRef.
	// +kubebuilder:validation:MaxLength=65536
	// +optional
	Query string `json:"query,omitempty"`

	// TemplateRef names the MetricTemplate that holds query and provider.
	// +optional
	TemplateRef *CrossNamespaceReference `json:"templateRef,omitempty"`

	// TemplateVariables are the values of {{ variables.KEY }} in the template. A
	// variable that the template uses and that is not here is an error.
	// +optional
	TemplateVariables map[string]string `json:"templateVariables,omitempty"`
}

// ThresholdRange is a range of values, both ends included. An end that is not
// set is open.
//
// +kubebuilder:validation:XValidation:rule="!has(self.min) || !has(self.max) || self.min <= self.max",message="thresholdRange.min must not be greater than thresholdRange.max"
type ThresholdRange struct {
	// +optional
	Min *float64 `json:"min,omitempty"`
	// +optional
	Max *float64 `json:"max,omitempty"`
}

// CrossNamespaceReference names an object that may live in another namespace.
type CrossNamespaceReference struct {
	// +kubebuilder:validation:MinLength=1
	Name string `json:"name"`
	// Namespace of the object; empty means the Canary's own.
	// +optional
	Namespace string `json:"namespace,omitempty"`
}

// AlertSeverity is how bad an event is, and the least that an alert is sent for.
// +kubebuilder:validation:Enum="";info;warn;error
type AlertSeverity string

// Severities in rising order. The empty severity is SeverityInfo.
const (
	SeverityInfo  AlertSeverity = "info"
	SeverityWarn  AlertSeverity = "warn"
	SeverityError AlertSeverity = "error"
)

// CanaryAlert tells an AlertProvider what happens to a release.
type CanaryAlert struct {
	Name string `json:"name"`
	// Severity is the least severity that is sent. Default info, which is everything.
	// +optional
	Severity AlertSeverity `json:"severity,omitempty"`
	// ProviderRef names the AlertProvider.
	ProviderRef CrossNamespaceReference `json:"providerRef"`
}

// HookType says when a webhook is called and what its answer means.
// +kubebuilder:validation:Enum="";confirm-rollout;pre-rollout;rollout;confirm-promotion;post-rollout;event;rollback;confirm-traffic-increase
type HookType string

// Types of webhooks. The empty type is HookRollout.
const (
	// HookConfirmRollout is asked before a new revision is started; no means wait.
	HookConfirmRollout HookType = "confirm-rollout"
	// HookPreRollout is called before the first request goes to the canary; no is a failed check.
	HookPreRollout HookType = "pre-rollout"
	// HookRollout is called in each analysis before the metrics; no is a failed check.
	HookRollout HookType = "rollout"
	// HookConfirmTrafficIncrease is asked before each step; no means hold.
	HookConfirmTrafficIncrease HookType = "confirm-traffic-increase"
	// HookConfirmPromotion is asked before promotion; no means wait.
	HookConfirmPromotion HookType = "confirm-promotion"
	// HookPostRollout is told the outcome; its answer changes nothing.
	HookPostRollout HookType = "post-rollout"
	// HookRollback is asked while a release runs; yes rolls it back.
	HookRollback HookType = "rollback"
	// HookEvent is told every event; its answer changes nothing.
	HookEvent HookType = "event"
)

// CanaryWebhook is an address that is asked or told at certain points of a
// release. Any 2xx answer is a yes. A call may be repeated after a restart of
// the controller, so answering it must not depend on how often it is made.
type CanaryWebhook struct {
	Name string `json:"name"`

	// Type says when the webhook is called. Empty means rollout.
	// +optional
	Type HookType `json:"type,omitempty"`

	// URL that the payload is posted to.
	// +kubebuilder:validation:MaxLength=4096
	// +kubebuilder:validation:XValidation:rule="self.matches('^(?i)https?://[^/?# ]')",message="url must be an absolute http or https address, such as http://loadtester.test/"
	URL string `json:"url"`

	// Timeout of one call. Default 10s.
	// +kubebuilder:validation:MaxLength=64
	// +kubebuilder:validation:XValidation:rule="self.matches('^[0-9]+(m|s)') && self.matches('^([0-9]{1,6}([.][0-9]{1,9})?(h|m|s|ms))+$') && duration(self) > duration('0s')",message="webhook timeout must be a duration greater than zero in minutes or seconds, such as 30s, 1m or 1m30s"
	// +optional
	Timeout string `json:"timeout,omitempty"`

	// Retries is how often a call is repeated when the network, or a server with
	// 429 or 5xx, failed it.
	// +kubebuilder:validation:Minimum=0
	// +optional
	Retries int `json:"retries,omitempty"`

	// DisableTLS accepts any certificate.
	// +optional
	DisableTLS bool `json:"disableTLS,omitempty"`

	// MuteAlert sends no alert when this webhook makes a release wait.
	// +optional
	MuteAlert bool `json:"muteAlert,omitempty"`

	// Metadata is sent along with each call.
	// +optional
	Metadata map[string]string `json:"metadata,omitempty"`
}
