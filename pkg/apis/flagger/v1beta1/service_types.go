package v1beta1

import "k8s.io/apimachinery/pkg/util/intstr"

// CanaryService describes how the application is called: the three generated
// Services (apex, -primary and -canary) and the route in front of them.
//
// +kubebuilder:validation:XValidation:rule="!(has(self.delegation) && self.delegation) || ((!has(self.hosts) || size(self.hosts) == 0) && (!has(self.gateways) || size(self.gateways) == 0))",message="delegation leaves hosts and gateways to the root VirtualService: remove hosts and gateways, or turn delegation off"
type CanaryService struct {
	// Name of the apex Service. Default is the name of the target. The primary's
	// and the canary's Services are called NAME-primary and NAME-canary.
	// +kubebuilder:validation:MaxLength=253
	// +kubebuilder:validation:XValidation:rule="size(self) == 0 || (size(self) <= 55 && self.matches('^[a-z0-9]([-a-z0-9]*[a-z0-9])?$'))",message="service name must be a DNS label of at most 55 characters (lower-case letters, digits and '-'), because -primary is appended to it"
	// +optional
	Name string `json:"name,omitempty"`

	// Port on which the generated Services listen.
	// +kubebuilder:validation:XValidation:rule="self >= 1 && self <= 65535",message="service port must be between 1 and 65535"
	Port int32 `json:"port"`

	// PortName names that port; Istio reads the protocol from it. Default http.
	// +kubebuilder:validation:MaxLength=253
	// +kubebuilder:validation:XValidation:rule="size(self) == 0 || (size(self) <= 63 && self.matches('^[a-z0-9]([-a-z0-9]*[a-z0-9])?$'))",message="portName must be a DNS label (lower-case letters, digits and '-'), such as http or grpc-web"
	// +optional
	PortName string `json:"portName,omitempty"`

	// TargetPort is the number or name of the container's port. Default is Port.
	// +kubebuilder:validation:XValidation:rule="type(self) == int ? (self >= 0 && self <= 65535) : (self == '0' || string(self).matches('^[-a-z0-9]{0,14}[a-z][-a-z0-9]{0,14}$'))",message="targetPort must be a port number between 1 and 65535 or the name of a container port"
	// +optional
	TargetPort *intstr.IntOrString `json:"targetPort,omitempty"`

	// AppProtocol is the application protocol of the port. With tcp the route is
	// a TCP route.
	// +optional
	AppProtocol string `json:"appProtocol,omitempty"`

	// TrafficDistribution is copied to the generated Services.
	// +kubebuilder:validation:Enum=PreferClose;PreferSameZone;PreferSameNode
	// +optional
	TrafficDistribution string `json:"trafficDistribution,omitempty"`

	// PortDiscovery adds the other container ports of the target to the
	// generated Services.
	// +optional
	PortDiscovery bool `json:"portDiscovery,omitempty"`

	// Headless makes the generated Services headless when they are created.
	// +optional
	Headless bool `json:"headless,omitempty"`

	// Timeout of a request, retries included.
	// +optional
	Timeout Duration `json:"timeout,omitempty"`

	// BackendTimeout is the timeout of one try (Gateway API only).
	// +optional
	BackendTimeout Duration `json:"backendTimeout,omitempty"`

	// Gateways are the Istio gateways that serve the route; mesh stands for calls
	// from inside the mesh. Default is mesh alone.
	// +kubebuilder:validation:items:MinLength=1
	// +optional
	Gateways []string `json:"gateways,omitempty"`

	// GatewayRefs are the parents of the HTTPRoute (Gateway API only).
	// +kubebuilder:validation:MaxItems=32
	// +optional
	GatewayRefs []GatewayReference `json:"gatewayRefs,omitempty"`

	// Hosts are the names by which the application is called. The apex Service's
	// own name is added unless "*" is listed.
	// +kubebuilder:validation:MaxItems=1024
	// +kubebuilder:validation:items:MaxLength=253
	// +kubebuilder:validation:XValidation:rule="self.all(h, size(h) > 0 && !h.contains('/') && !h.contains(' '))",message="hosts are names such as app.example.com or *.example.com, without scheme, path or spaces"
	// +optional
	Hosts []string `json:"hosts,omitempty"`

	// Delegation writes a VirtualService without hosts and gateways, to which a
	// VirtualService of yours delegates.
	// +optional
	Delegation bool `json:"delegation,omitempty"`

	// TrafficPolicy is copied to the DestinationRules of primary and canary.
	// +optional
	TrafficPolicy *TrafficPolicy `json:"trafficPolicy,omitempty"`

	// Match limits the route to requests that meet one of these conditions.
	// +kubebuilder:validation:MaxItems=128
	// +optional
	Match []HTTPMatchRequest `json:"match,omitempty"`

	// Rewrite changes path or authority before the request is forwarded.
	// +optional
	Rewrite *HTTPRewrite `json:"rewrite,omitempty"`

	// Retries is the retry policy of every route that is written.
	// +optional
	Retries *HTTPRetry `json:"retries,omitempty"`

	// Headers adds, sets or removes headers of requests and responses.
	// +optional
	Headers *Headers `json:"headers,omitempty"`

	// Mirror sends copies of requests elsewhere (Gateway API only).
	// +kubebuilder:validation:MaxItems=64
	// +optional
	Mirror []HTTPRequestMirror `json:"mirror,omitempty"`

	// CorsPolicy is the policy for cross-origin requests.
	// +optional
	CorsPolicy *CorsPolicy `json:"corsPolicy,omitempty"`

	// MeshName is the name of the mesh (App Mesh only).
	// +optional
	MeshName string `json:"meshName,omitempty"`

	// Backends are the services that this one calls (App Mesh only).
	// +optional
	Backends []string `json:"backends,omitempty"`

	// Apex holds labels and annotations for the apex Service and the route.
	// +optional
	Apex *CustomMetadata `json:"apex,omitempty"`

	// Primary holds labels and annotations for the primary's Service.
	// +optional
	Primary *CustomMetadata `json:"primary,omitempty"`

	// Canary holds labels and annotations for the canary's Service.
	// +optional
	Canary *CustomMetadata `json:"canary,omitempty"`

	// UnmanagedMetadata lists keys on generated Services that belong to others
	// and are left as they are.
	// +optional
	UnmanagedMetadata *UnmanagedMetadata `json:"unmanagedMetadata,omitempty"`
}

// CustomMetadata is what is added to a generated object.
type CustomMetadata struct {
	// +optional
	Labels map[string]string `json:"labels,omitempty"`
	// +optional
	Annotations map[string]string `json:"annotations,omitempty"`
}

// UnmanagedMetadata lists the keys of labels and annotations that are never
// changed or removed.
type UnmanagedMetadata struct {
	// +optional
	Labels []string `json:"labels,omitempty"`
	// +optional
	Annotations []string `json:"annotations,omitempty"`
}
