package cluster

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"sigs.k8s.io/yaml"

	"github.com/linnet-delivery/linnet/e2e/lab/internal/layout"
)

func newTestCluster(t *testing.T, auditUsers ...string) Cluster {
	t.Helper()
	t.Setenv(layout.StateEnv, t.TempDir())
	t.Setenv(layout.CacheEnv, t.TempDir())
	l, err := layout.New("dev")
	if err != nil {
		t.Fatal(err)
	}
	return Cluster{Lab: l, AuditUsers: auditUsers}
}

func read(t *testing.T, path string) []byte {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return data
}

func TestConfigFilesAreWellFormed(t *testing.T) {
	c := newTestCluster(t, DefaultAuditUser)
	if err := c.WriteConfig(); err != nil {
		t.Fatal(err)
	}
	for name, path := range c.configFiles() {
		data := read(t, path)
		if strings.Contains(string(data), "{{") || strings.Contains(string(data), "<no value>") {
			t.Errorf("%s has holes:\n%s", name, data)
		}
		var parsed map[string]any
		switch filepath.Ext(path) {
		case ".yaml":
			if err := yaml.UnmarshalStrict(data, &parsed); err != nil {
				t.Errorf("%s: %v", name, err)
			}
		case ".conflist":
			if err := json.Unmarshal(data, &parsed); err != nil {
				t.Errorf("%s: %v", name, err)
			}
		}
	}
}

func TestAuditPolicyLogsTheNamedUsersOnly(t *testing.T) {
	c := newTestCluster(t, "system:serviceaccount:istio-system:linnet", "jane doe")
	if err := c.WriteConfig(); err != nil {
		t.Fatal(err)
	}
	var policy struct {
		OmitStages []string
		Rules      []struct {
			Level string
			Users []string
		}
	}
	if err := yaml.Unmarshal(read(t, c.State("audit-policy.yaml")), &policy); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{"RequestReceived"}, policy.OmitStages); diff != "" {
		t.Errorf("omitted stages (-want +got):\n%s", diff)
	}
	if len(policy.Rules) != 2 || policy.Rules[0].Level != "Metadata" || policy.Rules[1].Level != "None" || policy.Rules[1].Users != nil {
		t.Fatalf("rules are %+v", policy.Rules)
	}
	if diff := cmp.Diff(c.AuditUsers, policy.Rules[0].Users); diff != "" {
		t.Errorf("users (-want +got):\n%s", diff)
	}
}

func TestKubeletUsesTheLabsOwnCgroupAndFolders(t *testing.T) {
	c := newTestCluster(t)
	if err := c.WriteConfig(); err != nil {
		t.Fatal(err)
	}
	var config map[string]any
	if err := yaml.Unmarshal(read(t, c.State("kubelet.yaml")), &config); err != nil {
		t.Fatal(err)
	}
	want := map[string]any{
		"cgroupRoot": "/linnet-lab-dev", "failCgroupV1": false, "podLogsDir": c.State("pods"),
		"containerRuntimeEndpoint": "unix://" + c.Socket(), "resolvConf": c.ResolvConf(),
	}
	for key, value := range want {
		if diff := cmp.Diff(value, config[key]); diff != "" {
			t.Errorf("%s (-want +got):\n%s", key, diff)
		}
	}
}

func TestServicesLeadToTheNode(t *testing.T) {
	objects, err := newTestCluster(t).Services()
	if err != nil {
		t.Fatal(err)
	}
	if len(objects) != 2 || !objects[0].Is("Service", "kube-dns") || objects[1].Kind() != "EndpointSlice" {
		t.Fatalf("objects are %v", objects)
	}
	labels := objects[1]["metadata"].(map[string]any)["labels"].(map[string]any)
	if labels["kubernetes.io/service-name"] != objects[0].Name() {
		t.Errorf("slice belongs to %v", labels)
	}
}

func TestCgroupV1GetsProcessorsAndMemory(t *testing.T) {
	hierarchy := t.TempDir()
	for file, content := range map[string]string{"cpuset.cpus": "0-1\n", "cpuset.mems": "0\n"} {
		if err := os.WriteFile(filepath.Join(hierarchy, file), []byte(content), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if err := createInHierarchy(hierarchy, "/lab"); err != nil {
		t.Fatal(err)
	}
	for file, want := range map[string]string{"cpuset.cpus": "0-1\n", "cpuset.mems": "0\n", "cgroup.clone_children": "1"} {
		if got := string(read(t, filepath.Join(hierarchy, "lab", file))); got != want {
			t.Errorf("%s is %q, want %q", file, got, want)
		}
	}
}

func TestRemoveTreeGoesFromTheLeavesUp(t *testing.T) {
	root := filepath.Join(t.TempDir(), "lab")
	if err := os.MkdirAll(filepath.Join(root, "kubepods", "burstable", "pod1"), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := removeTree(root); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(root); !os.IsNotExist(err) {
		t.Errorf("%s is left: %v", root, err)
	}
	if err := removeTree(root); err != nil {
		t.Errorf("second time: %v", err)
	}
}
