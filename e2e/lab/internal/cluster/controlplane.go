package cluster

import (
	"github.com/linnet-delivery/linnet/e2e/lab/internal/layout"
	"github.com/linnet-delivery/linnet/e2e/lab/internal/pki"
	"github.com/linnet-delivery/linnet/e2e/lab/internal/proc"
)

// Certificates returns who the lab's certificates are for.
func (c Cluster) Certificates() pki.Cluster {
	return pki.Cluster{
		Server:    layout.APIServerURL,
		NodeName:  layout.NodeName,
		NodeIP:    layout.NodeIP,
		ServiceIP: layout.APIServiceIP,
		Domain:    layout.ClusterDomain,
	}
}

// Etcd keeps the data on disk but never waits for it: a lab need not survive a power cut.
func (c Cluster) Etcd() proc.Spec {
	return proc.Spec{Name: Etcd, Command: []string{c.Cache.Bin(Etcd),
		"--name=lab",
		"--data-dir=" + c.State("etcd"),
		"--unsafe-no-fsync",
		"--listen-client-urls=" + layout.EtcdURL,
		"--advertise-client-urls=" + layout.EtcdURL,
		"--listen-peer-urls=" + layout.EtcdPeerURL,
		"--initial-advertise-peer-urls=" + layout.EtcdPeerURL,
		"--initial-cluster=lab=" + layout.EtcdPeerURL,
		"--quota-backend-bytes=8589934592",
		"--auto-compaction-mode=periodic",
		"--auto-compaction-retention=5m",
		"--log-level=warn",
	}}
}

// APIServer advertises the bridge's address, as Kubernetes refuses loopback for the "kubernetes" Service.
func (c Cluster) APIServer() proc.Spec {
	command := []string{c.Cache.Bin(APIServer),
		"--etcd-servers=" + layout.EtcdURL,
		"--bind-address=0.0.0.0",
		"--secure-port=6443",
		"--advertise-address=" + layout.NodeIP,
		"--service-cluster-ip-range=" + layout.ServiceCIDR,
		"--allow-privileged=true",
		"--authorization-mode=Node,RBAC",
		"--enable-admission-plugins=NodeRestriction",
		"--max-requests-inflight=2000",
		"--max-mutating-requests-inflight=1000",
		"--profiling=false",
		"--audit-policy-file=" + c.State("audit-policy.yaml"),
		"--audit-log-path=" + c.AuditLog(),
		"--v=1",
	}
	return proc.Spec{Name: APIServer, Command: append(command, c.apiServerKeys()...)}
}

func (c Cluster) apiServerKeys() []string {
	return []string{
		"--tls-cert-file=" + c.PKI("apiserver.crt"),
		"--tls-private-key-file=" + c.PKI("apiserver.key"),
		"--client-ca-file=" + c.PKI("ca.crt"),
		"--kubelet-client-certificate=" + c.PKI("apiserver-kubelet-client.crt"),
		"--kubelet-client-key=" + c.PKI("apiserver-kubelet-client.key"),
		"--kubelet-certificate-authority=" + c.PKI("ca.crt"),
		"--kubelet-preferred-address-types=InternalIP",
		"--service-account-issuer=https://kubernetes.default.svc." + layout.ClusterDomain,
		"--service-account-key-file=" + c.PKI("service-account.pub"),
		"--service-account-signing-key-file=" + c.PKI("service-account.key"),
		"--requestheader-client-ca-file=" + c.PKI("front-proxy-ca.crt"),
		"--requestheader-allowed-names=front-proxy-client",
		"--requestheader-extra-headers-prefix=X-Remote-Extra-",
		"--requestheader-group-headers=X-Remote-Group",
		"--requestheader-username-headers=X-Remote-User",
		"--proxy-client-cert-file=" + c.PKI("front-proxy-client.crt"),
		"--proxy-client-key-file=" + c.PKI("front-proxy-client.key"),
		"--enable-aggregator-routing=true",
	}
}

// ControllerManager syncs autoscalers often, as tests wait for them.
func (c Cluster) ControllerManager() proc.Spec {
	config := c.PKI("kube-controller-manager.kubeconfig")
	return proc.Spec{Name: ControllerManager, Command: []string{c.Cache.Bin(ControllerManager),
		"--kubeconfig=" + config,
		"--authentication-kubeconfig=" + config,
		"--authorization-kubeconfig=" + config,
		"--bind-address=127.0.0.1",
		"--leader-elect=false",
		"--use-service-account-credentials=true",
		"--service-account-private-key-file=" + c.PKI("service-account.key"),
		"--root-ca-file=" + c.PKI("ca.crt"),
		"--cluster-signing-cert-file=" + c.PKI("ca.crt"),
		"--cluster-signing-key-file=" + c.PKI("ca.key"),
		"--service-cluster-ip-range=" + layout.ServiceCIDR,
		"--flex-volume-plugin-dir=" + c.State("volume-plugins"), // else it makes one in /usr/libexec
		"--kube-api-qps=300",
		"--kube-api-burst=600",
		"--horizontal-pod-autoscaler-sync-period=5s",
		"--horizontal-pod-autoscaler-initial-readiness-delay=1s",
		"--horizontal-pod-autoscaler-downscale-stabilization=30s",
		"--v=1",
	}}
}

// Scheduler returns how the scheduler is started.
func (c Cluster) Scheduler() proc.Spec {
	config := c.PKI("kube-scheduler.kubeconfig")
	return proc.Spec{Name: Scheduler, Command: []string{c.Cache.Bin(Scheduler),
		"--kubeconfig=" + config,
		"--authentication-kubeconfig=" + config,
		"--authorization-kubeconfig=" + config,
		"--bind-address=127.0.0.1",
		"--leader-elect=false",
		"--kube-api-qps=300",
		"--kube-api-burst=600",
		"--v=1",
	}}
}
