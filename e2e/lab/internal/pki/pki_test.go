package pki

import (
	"crypto/x509"
	"encoding/pem"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/linnet-delivery/linnet/e2e/lab/internal/kube"
)

var testNow = time.Date(2026, 5, 1, 12, 0, 0, 0, time.UTC)

func testCluster() Cluster {
	return Cluster{Server: "https://127.0.0.1:6443", NodeName: "node1", NodeIP: "10.1.0.1", ServiceIP: "10.2.0.1", Domain: "cluster.local"}
}

func writeTestCluster(t *testing.T) string {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "pki")
	if err := testCluster().WriteCluster(dir, testNow); err != nil {
		t.Fatal(err)
	}
	return dir
}

func readCert(t *testing.T, dir, name string) *x509.Certificate {
	t.Helper()
	data, err := os.ReadFile(filepath.Join(dir, name+".crt"))
	if err != nil {
		t.Fatal(err)
	}
	block, _ := pem.Decode(data)
	cert, err := x509.ParseCertificate(block.Bytes)
	if err != nil {
		t.Fatal(err)
	}
	return cert
}

func TestCertificatesAreAcceptedByTheirAuthority(t *testing.T) {
	dir := writeTestCluster(t)
	tests := map[string]struct {
		authority, name, server string
		usage                   x509.ExtKeyUsage
		at                      time.Time
		refused                 bool
	}{
		"the API server, called by its loopback address":  {CAFile, APIServerFile, "127.0.0.1", x509.ExtKeyUsageServerAuth, testNow, false},
		"the API server, called by its Service address":   {CAFile, APIServerFile, "10.2.0.1", x509.ExtKeyUsageServerAuth, testNow, false},
		"the API server, called by its Service name":      {CAFile, APIServerFile, "kubernetes.default.svc.cluster.local", x509.ExtKeyUsageServerAuth, testNow, false},
		"the API server, called by a name of its own":     {CAFile, APIServerFile, "example.com", x509.ExtKeyUsageServerAuth, testNow, true},
		"the kubelet's server, called by the node's name": {CAFile, KubeletServerFile, "node1", x509.ExtKeyUsageServerAuth, testNow, false},
		"the API server's certificate used by a client":   {CAFile, APIServerFile, "", x509.ExtKeyUsageClientAuth, testNow, true},
		"the administrator":                               {CAFile, Admin, "", x509.ExtKeyUsageClientAuth, testNow, false},
		"the administrator, eleven years later":           {CAFile, Admin, "", x509.ExtKeyUsageClientAuth, testNow.AddDate(11, 0, 0), true},
		"the administrator, to the front proxy":           {FrontProxyCAFile, Admin, "", x509.ExtKeyUsageClientAuth, testNow, true},
		"the front proxy's client":                        {FrontProxyCAFile, FrontProxyFile, "", x509.ExtKeyUsageClientAuth, testNow, false},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			pool := x509.NewCertPool()
			pool.AddCert(readCert(t, dir, tc.authority))
			_, err := readCert(t, dir, tc.name).Verify(x509.VerifyOptions{
				Roots: pool, DNSName: tc.server, CurrentTime: tc.at, KeyUsages: []x509.ExtKeyUsage{tc.usage},
			})
			if refused := err != nil; refused != tc.refused {
				t.Errorf("refused = %v (%v), want %v", refused, err, tc.refused)
			}
		})
	}
}

func TestUsersAreWhoKubernetesExpects(t *testing.T) {
	dir := writeTestCluster(t)
	want := map[string][2]string{
		Admin:             {"admin", "system:masters"},
		Kubelet:           {"system:node:node1", "system:nodes"},
		ControllerManager: {"system:kube-controller-manager", ""},
		Scheduler:         {"system:kube-scheduler", ""},
		Proxy:             {"system:kube-proxy", ""},
	}
	got := map[string][2]string{}
	for user := range want {
		subject := readCert(t, dir, user).Subject
		group := ""
		if len(subject.Organization) > 0 {
			group = subject.Organization[0]
		}
		got[user] = [2]string{subject.CommonName, group}
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("subjects (-want +got):\n%s", diff)
	}
}

func TestKubeconfigCarriesTheUsersPair(t *testing.T) {
	dir := writeTestCluster(t)
	config, err := kube.ReadConfig(filepath.Join(dir, Scheduler+".kubeconfig"))
	if err != nil {
		t.Fatal(err)
	}
	cert, err := os.ReadFile(filepath.Join(dir, Scheduler+".crt"))
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(cert), string(config.Cert)); diff != "" {
		t.Errorf("certificate (-want +got):\n%s", diff)
	}
	if _, err := kube.NewClient(config, nil); err != nil {
		t.Errorf("client refuses the kubeconfig: %v", err)
	}
}

func TestKeysAreReadableByTheirOwnerOnly(t *testing.T) {
	dir := writeTestCluster(t)
	for _, pattern := range []string{"*.key", "*.kubeconfig"} {
		files, err := filepath.Glob(filepath.Join(dir, pattern))
		if err != nil || len(files) == 0 {
			t.Fatalf("no %s: %v", pattern, err)
		}
		for _, file := range files {
			info, err := os.Stat(file)
			if err != nil {
				t.Fatal(err)
			}
			if mode := info.Mode().Perm(); mode != 0o600 {
				t.Errorf("%s has mode %o", filepath.Base(file), mode)
			}
		}
	}
}

func TestSecondWriteKeepsTheKeys(t *testing.T) {
	dir := writeTestCluster(t)
	before, err := os.ReadFile(filepath.Join(dir, "ca.key"))
	if err != nil {
		t.Fatal(err)
	}
	if err := testCluster().WriteCluster(dir, testNow.Add(time.Hour)); err != nil {
		t.Fatal(err)
	}
	after, err := os.ReadFile(filepath.Join(dir, "ca.key"))
	if err != nil {
		t.Fatal(err)
	}
	if string(before) != string(after) {
		t.Error("the authority's key has changed")
	}
}
