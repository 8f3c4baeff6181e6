package layout

// Addresses inside a lab's network namespace. They are the same in every lab, as the namespaces share nothing.
const (
	NodeName    = "node1"
	NodeIP      = "10.244.0.1"
	Bridge      = "cni0"
	PodCIDR     = "10.244.0.0/22"
	PodCIDRBits = "22"
	FirstPodIP  = "10.244.0.10"

	ServiceCIDR  = "10.96.0.0/16"
	APIServiceIP = "10.96.0.1"
	DNSIP        = "10.96.0.10"
	// IstiodIP is fixed, so that proxies find istiod without DNS.
	IstiodIP     = "10.96.0.50"
	GatewayIP    = "10.96.0.80"
	PrometheusIP = "10.96.0.90"

	APIServerURL   = "https://127.0.0.1:6443"
	EtcdURL        = "http://127.0.0.1:2379"
	EtcdPeerURL    = "http://127.0.0.1:2380"
	PrometheusPort = 9090
	// DNSReadyURL and the other health addresses answer on loopback only.
	DNSReadyURL      = "http://127.0.0.1:18181/ready"
	KubeletHealthURL = "http://127.0.0.1:10248/healthz"

	ClusterDomain = "cluster.local"
)
