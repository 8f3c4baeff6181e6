package v1beta1

// Istio's own types are protobuf messages, for which no CRD schema can be
// generated. The types of this file and of trafficpolicy_types.go spell the
// fields of the contract as Istio's JSON does: converting is one JSON round trip.

// Duration is a length of time as Istio writes it, such as 30s, 1m30s or 24h.
//
// +kubebuilder:validation:MaxLength=64
// +kubebuilder:validation:XValidation:rule="size(self) == 0 || self.matches('^(0|infinite|infinity|([0-9]+([.][0-9]+)?(ns|us|ms|s|m|h))+)$')",message="must be a duration with a unit, such as 500ms, 30s or 1m30s"
type Duration string

// StringMatch compares a string in one way. A StringMatch with none set is met
// by any value.
//
// +kubebuilder:validation:XValidation:rule="(has(self.exact) ? 1 : 0) + (has(self.prefix) ? 1 : 0) + (has(self.suffix) ? 1 : 0) + (has(self.regex) ? 1 : 0) <= 1",message="set only one of exact, prefix, suffix and regex"
type StringMatch struct {
	// +optional
	Exact string `json:"exact,omitempty"`
	// +optional
	Prefix string `json:"prefix,omitempty"`
	// Suffix is no comparison of Istio's. It has to be turned into a regex before
	// conversion: Istio's decoder drops it without a word, and a match that has
	// lost its only condition is met by everyone.
	// +optional
	Suffix string `json:"suffix,omitempty"`
	// Regex in RE2 syntax; the whole value has to match.
	// +optional
	Regex string `json:"regex,omitempty"`
}

// HTTPMatchRequest is met by a request that meets all of its conditions.
type HTTPMatchRequest struct {
	// Name of this match, for logs.
	// +optional
	Name string `json:"name,omitempty"`
	// +optional
	URI *StringMatch `json:"uri,omitempty"`
	// +optional
	Scheme *StringMatch `json:"scheme,omitempty"`
	// +optional
	Method *StringMatch `json:"method,omitempty"`
	// +optional
	Authority *StringMatch `json:"authority,omitempty"`
	// Headers by lower-case name. An empty condition is met when the header is there.
	// +kubebuilder:validation:MaxProperties=128
	// +optional
	Headers map[string]StringMatch `json:"headers,omitempty"`
	// WithoutHeaders is met when none of its conditions is.
	// +kubebuilder:validation:MaxProperties=128
	// +optional
	WithoutHeaders map[string]StringMatch `json:"withoutHeaders,omitempty"`
	// +kubebuilder:validation:MaxProperties=128
	// +optional
	QueryParams map[string]StringMatch `json:"queryParams,omitempty"`
	// Port that is addressed on the host; 0 means any.
	// +kubebuilder:validation:Minimum=0
	// +kubebuilder:validation:Maximum=65535
	// +optional
	Port int32 `json:"port,omitempty"`
	// SourceLabels are labels of the calling workload. They count only for calls
	// from inside the mesh.
	// +optional
	SourceLabels map[string]string `json:"sourceLabels,omitempty"`
	// SourceNamespace is the namespace of the calling workload.
	// +optional
	SourceNamespace string `json:"sourceNamespace,omitempty"`
	// Gateways that the condition is limited to.
	// +optional
	Gateways []string `json:"gateways,omitempty"`
	// IgnoreURICase compares the path without regard to case.
	// +optional
	IgnoreURICase bool `json:"ignoreUriCase,omitempty"`
}

// HTTPRewrite replaces parts of a request before it is forwarded.
type HTTPRewrite struct {
	// URI replaces the path, or the prefix that was matched.
	// +optional
	URI string `json:"uri,omitempty"`
	// Authority replaces the Host header.
	// +optional
	Authority string `json:"authority,omitempty"`
	// Type says how the path is replaced (Gateway API only).
	// +optional
	Type string `json:"type,omitempty"`
}

// HTTPRetry says when and how often a failed request is tried again.
type HTTPRetry struct {
	// Attempts is how many times a request is retried; 0 turns retries off.
	// +kubebuilder:validation:Minimum=0
	// +optional
	Attempts int32 `json:"attempts,omitempty"`
	// PerTryTimeout is the time that each try may take.
	// +optional
	PerTryTimeout Duration `json:"perTryTimeout,omitempty"`
	// RetryOn lists, separated by commas, the failures that are retried.
	// +optional
	RetryOn string `json:"retryOn,omitempty"`
}

// Headers changes headers of requests and of responses.
type Headers struct {
	// +optional
	Request *HeaderOperations `json:"request,omitempty"`
	// +optional
	Response *HeaderOperations `json:"response,omitempty"`
}

// HeaderOperations changes headers.
type HeaderOperations struct {
	// Set overwrites headers.
	// +optional
	Set map[string]string `json:"set,omitempty"`
	// Add appends values to headers.
	// +optional
	Add map[string]string `json:"add,omitempty"`
	// Remove deletes headers.
	// +optional
	Remove []string `json:"remove,omitempty"`
}

// CorsPolicy says which other origins may call the application from a browser.
type CorsPolicy struct {
	// AllowOrigin lists origins exactly. Istio has deprecated it for AllowOrigins.
	// +optional
	AllowOrigin []string `json:"allowOrigin,omitempty"`
	// +kubebuilder:validation:MaxItems=1024
	// +optional
	AllowOrigins []StringMatch `json:"allowOrigins,omitempty"`
	// +optional
	AllowMethods []string `json:"allowMethods,omitempty"`
	// +optional
	AllowHeaders []string `json:"allowHeaders,omitempty"`
	// +optional
	ExposeHeaders []string `json:"exposeHeaders,omitempty"`
	// MaxAge is how long a browser may remember the answer to a preflight.
	// +optional
	MaxAge Duration `json:"maxAge,omitempty"`
	// +optional
	AllowCredentials *bool `json:"allowCredentials,omitempty"`
}
