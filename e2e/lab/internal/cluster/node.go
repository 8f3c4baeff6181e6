package cluster

import (
	"context"

	"github.com/linnet-delivery/linnet/e2e/lab/internal/kube"
	"github.com/linnet-delivery/linnet/e2e/lab/internal/layout"
	"github.com/linnet-delivery/linnet/e2e/lab/internal/proc"
)

// systemPath is where containerd finds its shim, runc and the CNI plugins' own tools.
const systemPath = "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"

// Containerd returns how the container runtime is started.
func (c Cluster) Containerd() proc.Spec {
	return proc.Spec{
		Name:    Containerd,
		Command: []string{"/usr/bin/containerd", "--config=" + c.State("containerd.toml")},
		Env:     []string{systemPath},
	}
}

// Kubelet returns how the kubelet is started.
func (c Cluster) Kubelet() proc.Spec {
	return proc.Spec{Name: Kubelet, Command: []string{c.Cache.Bin(Kubelet),
		"--config=" + c.State("kubelet.yaml"),
		"--kubeconfig=" + c.PKI("kubelet.kubeconfig"),
		"--root-dir=" + c.State("kubelet"),
		"--cert-dir=" + c.State("kubelet", "pki"),
		"--hostname-override=" + layout.NodeName,
		"--node-ip=" + layout.NodeIP,
		"--v=1",
	}}
}

// KubeProxy returns how kube-proxy is started.
func (c Cluster) KubeProxy() proc.Spec {
	return proc.Spec{Name: KubeProxy, Command: []string{c.Cache.Bin(KubeProxy),
		"--config=" + c.State("kube-proxy.yaml"),
		"--hostname-override=" + layout.NodeName,
		"--v=1",
	}}
}

// CoreDNS returns how cluster DNS is started.
func (c Cluster) CoreDNS() proc.Spec {
	return proc.Spec{Name: CoreDNS, Command: []string{c.Cache.Bin(CoreDNS), "-conf", c.State("Corefile")}}
}

// NodeReady reports whether the lab's node has the condition Ready, and why not.
func NodeReady(ctx context.Context, client *kube.Client) (ready bool, reason string, err error) {
	var node struct {
		Status struct {
			Conditions []struct{ Type, Status, Message string }
		}
	}
	if err := client.Get(ctx, "/api/v1/nodes/"+layout.NodeName, &node); err != nil {
		return false, "", err
	}
	for _, condition := range node.Status.Conditions {
		if condition.Type == "Ready" {
			return condition.Status == "True", condition.Message, nil
		}
	}
	return false, "the kubelet has not reported yet", nil
}
