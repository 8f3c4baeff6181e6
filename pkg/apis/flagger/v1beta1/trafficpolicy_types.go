package v1beta1

// TrafficPolicy says how callers reach the pods behind a Service; it goes into
// the DestinationRules of primary and canary as it is.
type TrafficPolicy struct {
	// +optional
	ConnectionPool *ConnectionPoolSettings `json:"connectionPool,omitempty"`
	// +optional
	LoadBalancer *LoadBalancerSettings `json:"loadBalancer,omitempty"`
	// +optional
	OutlierDetection *OutlierDetection `json:"outlierDetection,omitempty"`
	// +optional
	TLS *ClientTLSSettings `json:"tls,omitempty"`
}

// ConnectionPoolSettings bounds the connections to a Service.
type ConnectionPoolSettings struct {
	// +optional
	HTTP *HTTPConnectionPool `json:"http,omitempty"`
}

// HTTPConnectionPool bounds HTTP connections and requests. A bound of 0 is
// Istio's default.
type HTTPConnectionPool struct {
	// +kubebuilder:validation:Enum=DEFAULT;DO_NOT_UPGRADE;UPGRADE
	// +optional
	H2UpgradePolicy string `json:"h2UpgradePolicy,omitempty"`
	// +optional
	HTTP1MaxPendingRequests int32 `json:"http1MaxPendingRequests,omitempty"`
	// +optional
	HTTP2MaxRequests int32 `json:"http2MaxRequests,omitempty"`
	// +optional
	IdleTimeout Duration `json:"idleTimeout,omitempty"`
	// +optional
	MaxRequestsPerConnection int32 `json:"maxRequestsPerConnection,omitempty"`
	// +optional
	MaxRetries int32 `json:"maxRetries,omitempty"`
}

// LoadBalancerSettings says which pod gets a request.
//
// +kubebuilder:validation:XValidation:rule="!(has(self.simple) && has(self.consistentHash))",message="loadBalancer takes simple or consistentHash, not both"
type LoadBalancerSettings struct {
	// +kubebuilder:validation:Enum=ROUND_ROBIN;LEAST_CONN;RANDOM;PASSTHROUGH;LEAST_REQUEST
	// +optional
	Simple string `json:"simple,omitempty"`
	// +optional
	ConsistentHash *ConsistentHash `json:"consistentHash,omitempty"`
	// +optional
	LocalityLbSetting *LocalityLoadBalancerSetting `json:"localityLbSetting,omitempty"`
	// WarmupDurationSecs is how long a new pod is spared its full share of
	// requests, as a duration such as 30s.
	// +optional
	WarmupDurationSecs Duration `json:"warmupDurationSecs,omitempty"`
}

// ConsistentHash sends requests that are alike in one respect to the same pod.
//
// +kubebuilder:validation:XValidation:rule="(has(self.httpHeaderName) ? 1 : 0) + (has(self.httpCookie) ? 1 : 0) + (has(self.useSourceIp) ? 1 : 0) + (has(self.httpQueryParameterName) ? 1 : 0) == 1",message="consistentHash needs exactly one of httpHeaderName, httpCookie, useSourceIp and httpQueryParameterName"
type ConsistentHash struct {
	// +optional
	HTTPHeaderName string `json:"httpHeaderName,omitempty"`
	// +optional
	HTTPCookie *HTTPCookie `json:"httpCookie,omitempty"`
	// +optional
	UseSourceIP *bool `json:"useSourceIp,omitempty"`
	// +optional
	HTTPQueryParameterName string `json:"httpQueryParameterName,omitempty"`
	// +kubebuilder:validation:Minimum=0
	// +optional
	MinimumRingSize int64 `json:"minimumRingSize,omitempty"`
}

// HTTPCookie is the cookie whose value decides; it is set when it is missing.
type HTTPCookie struct {
	// +optional
	Name string `json:"name,omitempty"`
	// +optional
	Path string `json:"path,omitempty"`
	// TTL is the lifetime of the cookie; 0s makes it a session cookie.
	// +optional
	TTL Duration `json:"ttl,omitempty"`
}

// LocalityLoadBalancerSetting says how requests are shared out between regions and zones.
type LocalityLoadBalancerSetting struct {
	// +optional
	Distribute []LocalityDistribute `json:"distribute,omitempty"`
	// +optional
	Failover []LocalityFailover `json:"failover,omitempty"`
	// +optional
	Enabled *bool `json:"enabled,omitempty"`
}

// LocalityDistribute shares out the requests that come from one locality.
type LocalityDistribute struct {
	// +optional
	From string `json:"from,omitempty"`
	// To holds percentages by locality.
	// +optional
	To map[string]int32 `json:"to,omitempty"`
}

// LocalityFailover names the region that serves when another is unhealthy.
type LocalityFailover struct {
	// +optional
	From string `json:"from,omitempty"`
	// +optional
	To string `json:"to,omitempty"`
}

// OutlierDetection takes failing pods out of load balancing for a while. For
// the consecutive counts 0 turns a kind of detection off.
type OutlierDetection struct {
	// ConsecutiveErrors is an old name of Consecutive5xxErrors.
	// +optional
	ConsecutiveErrors int32 `json:"consecutiveErrors,omitempty"`
	// +kubebuilder:validation:Minimum=0
	// +optional
	Consecutive5xxErrors *int64 `json:"consecutive5xxErrors,omitempty"`
	// +kubebuilder:validation:Minimum=0
	// +optional
	ConsecutiveGatewayErrors *int32 `json:"consecutiveGatewayErrors,omitempty"`
	// ConsecutiveLocalOriginFailures counts only with SplitExternalLocalOriginErrors.
	// +kubebuilder:validation:Minimum=0
	// +optional
	ConsecutiveLocalOriginFailures *int32 `json:"consecutiveLocalOriginFailures,omitempty"`
	// +optional
	SplitExternalLocalOriginErrors bool `json:"splitExternalLocalOriginErrors,omitempty"`
	// Interval between two looks at the pods.
	// +optional
	Interval Duration `json:"interval,omitempty"`
	// BaseEjectionTime is how long a pod stays out the first time.
	// +optional
	BaseEjectionTime Duration `json:"baseEjectionTime,omitempty"`
	// +optional
	MaxEjectionPercent int32 `json:"maxEjectionPercent,omitempty"`
	// +optional
	MinHealthPercent int32 `json:"minHealthPercent,omitempty"`
}

// ClientTLSSettings says how connections to the Service are encrypted.
//
// +kubebuilder:validation:XValidation:rule="!has(self.mode) || self.mode != 'MUTUAL' || (has(self.clientCertificate) && has(self.privateKey))",message="tls mode MUTUAL needs clientCertificate and privateKey"
type ClientTLSSettings struct {
	// +kubebuilder:validation:Enum=DISABLE;SIMPLE;MUTUAL;ISTIO_MUTUAL
	// +optional
	Mode string `json:"mode,omitempty"`
	// ClientCertificate is a file in the proxy; needed for MUTUAL.
	// +optional
	ClientCertificate string `json:"clientCertificate,omitempty"`
	// PrivateKey is a file in the proxy; needed for MUTUAL.
	// +optional
	PrivateKey string `json:"privateKey,omitempty"`
	// +optional
	CaCertificates string `json:"caCertificates,omitempty"`
	// +optional
	SubjectAltNames []string `json:"subjectAltNames,omitempty"`
	// +optional
	SNI string `json:"sni,omitempty"`
}
