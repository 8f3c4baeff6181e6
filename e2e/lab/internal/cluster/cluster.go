// Package cluster knows how each Kubernetes component of a lab is configured and started.
package cluster

import (
	"bytes"
	"embed"
	"fmt"
	"os"
	"path/filepath"
	"text/template"

	"github.com/linnet-delivery/linnet/e2e/lab/internal/kube"
	"github.com/linnet-delivery/linnet/e2e/lab/internal/layout"
)

// Components, as they are called in logs, records and messages.
const (
	Etcd              = "etcd"
	APIServer         = "kube-apiserver"
	ControllerManager = "kube-controller-manager"
	Scheduler         = "kube-scheduler"
	Containerd        = "containerd"
	Kubelet           = "kubelet"
	KubeProxy         = "kube-proxy"
	CoreDNS           = "coredns"
)

// DefaultAuditUser is the service account whose requests are written to the audit log.
const DefaultAuditUser = "system:serviceaccount:istio-system:linnet"

// PauseImage holds the namespaces of a pod open.
const PauseImage = "lab.local/pause:1"

// Cluster is the configuration of one lab's Kubernetes.
type Cluster struct {
	layout.Lab
	// AuditUsers are the users whose requests the API server writes to the audit log.
	AuditUsers []string
}

//go:embed files/*.tmpl
var files embed.FS

// params is what the templates see: the paths of the lab, its addresses and the audited users.
type params struct {
	Cluster
	NodeIP, Bridge, PodCIDR, FirstPodIP, DNSIP, ClusterDomain, PauseImage string
}

func (c Cluster) render(name string) ([]byte, error) {
	t, err := template.ParseFS(files, "files/"+name+".tmpl")
	if err != nil {
		return nil, fmt.Errorf("parse template %s: %w", name, err)
	}
	var out bytes.Buffer
	err = t.Execute(&out, params{
		Cluster: c,
		NodeIP:  layout.NodeIP, Bridge: layout.Bridge, PodCIDR: layout.PodCIDR, FirstPodIP: layout.FirstPodIP,
		DNSIP: layout.DNSIP, ClusterDomain: layout.ClusterDomain, PauseImage: PauseImage,
	})
	if err != nil {
		return nil, fmt.Errorf("render %s: %w", name, err)
	}
	return out.Bytes(), nil
}

// Configuration files, by the template that makes each.
func (c Cluster) configFiles() map[string]string {
	return map[string]string{
		"audit-policy.yaml": c.State("audit-policy.yaml"),
		"containerd.toml":   c.State("containerd.toml"),
		"cni.conflist":      c.State("cni", "10-lab.conflist"),
		"kubelet.yaml":      c.State("kubelet.yaml"),
		"kube-proxy.yaml":   c.State("kube-proxy.yaml"),
		"Corefile":          c.State("Corefile"),
	}
}

// WriteConfig writes the configuration files of all components.
func (c Cluster) WriteConfig() error {
	for name, path := range c.configFiles() {
		data, err := c.render(name)
		if err != nil {
			return err
		}
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			return fmt.Errorf("create folder of %s: %w", name, err)
		}
		if err := os.WriteFile(path, data, 0o644); err != nil {
			return fmt.Errorf("write %s: %w", name, err)
		}
	}
	resolver := "nameserver " + layout.DNSIP + "\n"
	if err := os.WriteFile(c.ResolvConf(), []byte(resolver), 0o644); err != nil {
		return fmt.Errorf("write resolv.conf: %w", err)
	}
	return nil
}

// Services returns the objects that lead pods to the components running beside the cluster.
func (c Cluster) Services() ([]kube.Object, error) {
	data, err := c.render("services.yaml")
	if err != nil {
		return nil, err
	}
	return kube.Parse(data)
}
