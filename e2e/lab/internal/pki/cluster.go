package pki

import (
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/linnet-delivery/linnet/e2e/lab/internal/kube"
)

// Cluster says who the certificates of a cluster are for.
type Cluster struct {
	Server   string
	NodeName string
	NodeIP   string
	// ServiceIP is the address of the "kubernetes" Service.
	ServiceIP string
	Domain    string
}

// Files that WriteCluster leaves in its folder, beside one pair for each user and server.
const (
	CAFile             = "ca"
	FrontProxyCAFile   = "front-proxy-ca"
	ServiceAccountFile = "service-account"
	APIServerFile      = "apiserver"
	KubeletServerFile  = "kubelet-server"
	KubeletClientFile  = "apiserver-kubelet-client"
	FrontProxyFile     = "front-proxy-client"
)

// Users of the API server, each with a pair and a kubeconfig in the folder.
const (
	Admin             = "admin"
	ControllerManager = "kube-controller-manager"
	Scheduler         = "kube-scheduler"
	Proxy             = "kube-proxy"
	Kubelet           = "kubelet"
)

// WriteCluster makes all keys, certificates and kubeconfigs of a cluster in dir.
// A folder that has them already is left as it is.
func (c Cluster) WriteCluster(dir string, now time.Time) error {
	done := filepath.Join(dir, ".complete")
	if _, err := os.Stat(done); err == nil {
		return nil
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return fmt.Errorf("create PKI folder: %w", err)
	}
	ca, err := c.writeAuthorities(dir, now)
	if err != nil {
		return err
	}
	if err := c.writeServers(dir, ca, now); err != nil {
		return err
	}
	if err := c.writeUsers(dir, ca, now); err != nil {
		return err
	}
	return os.WriteFile(done, nil, 0o600)
}

func (c Cluster) writeAuthorities(dir string, now time.Time) (Pair, error) {
	ca, err := NewCA("linnet-lab-ca", now)
	if err != nil {
		return Pair{}, err
	}
	if err := ca.Write(filepath.Join(dir, CAFile)); err != nil {
		return Pair{}, err
	}
	front, err := NewCA("linnet-lab-front-proxy-ca", now)
	if err != nil {
		return Pair{}, err
	}
	if err := front.Write(filepath.Join(dir, FrontProxyCAFile)); err != nil {
		return Pair{}, err
	}
	if err := issue(dir, FrontProxyFile, front, Request{CommonName: "front-proxy-client"}, now); err != nil {
		return Pair{}, err
	}
	tokens, err := NewCA("service-account-tokens", now)
	if err != nil {
		return Pair{}, err
	}
	if err := tokens.Write(filepath.Join(dir, ServiceAccountFile)); err != nil {
		return Pair{}, err
	}
	public, err := tokens.PublicPEM()
	if err != nil {
		return Pair{}, err
	}
	return ca, os.WriteFile(filepath.Join(dir, ServiceAccountFile+".pub"), public, 0o644)
}

func (c Cluster) writeServers(dir string, ca Pair, now time.Time) error {
	api := Request{
		CommonName: "kube-apiserver",
		Names: []string{"localhost", "kubernetes", "kubernetes.default", "kubernetes.default.svc",
			"kubernetes.default.svc." + c.Domain},
		IPs: []string{"127.0.0.1", c.NodeIP, c.ServiceIP},
	}
	if err := issue(dir, APIServerFile, ca, api, now); err != nil {
		return err
	}
	kubelet := c.node()
	kubelet.Names = []string{c.NodeName, "localhost"}
	kubelet.IPs = []string{"127.0.0.1", c.NodeIP}
	return issue(dir, KubeletServerFile, ca, kubelet, now)
}

func (c Cluster) writeUsers(dir string, ca Pair, now time.Time) error {
	masters := []string{"system:masters"}
	users := map[string]Request{
		Admin:             {CommonName: "admin", Organizations: masters},
		KubeletClientFile: {CommonName: "kube-apiserver-kubelet-client", Organizations: masters},
		ControllerManager: {CommonName: "system:kube-controller-manager"},
		Scheduler:         {CommonName: "system:kube-scheduler"},
		Proxy:             {CommonName: "system:kube-proxy"},
		Kubelet:           c.node(),
	}
	for user, request := range users {
		pair, err := ca.Issue(request, now)
		if err != nil {
			return err
		}
		if err := pair.Write(filepath.Join(dir, user)); err != nil {
			return err
		}
		key, err := pair.KeyPEM()
		if err != nil {
			return err
		}
		config := kube.Config{Server: c.Server, User: user, CA: ca.CertPEM(), Cert: pair.CertPEM(), Key: key}
		if err := config.Write(filepath.Join(dir, user+".kubeconfig")); err != nil {
			return err
		}
	}
	return nil
}

// node returns the identity that the Node authorizer knows the kubelet by.
func (c Cluster) node() Request {
	return Request{CommonName: "system:node:" + c.NodeName, Organizations: []string{"system:nodes"}}
}

func issue(dir, file string, ca Pair, request Request, now time.Time) error {
	pair, err := ca.Issue(request, now)
	if err != nil {
		return err
	}
	return pair.Write(filepath.Join(dir, file))
}
