package onlab

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"
)

func TestAnUpgradeInMidRunKeepsTheReleaseGoing(t *testing.T) {
	a := newApp(t, "upgrade")
	u := a.call()
	a.ship("6.0.1")
	a.until("the first step", func(s state) bool { return s.weight > 0 })

	before := controllers(t)
	helm(t, "upgrade", "linnet", chartDir("linnet"), "--namespace", system, "--reset-then-reuse-values", "--wait", "--timeout", "2m",
		"--set-string", fmt.Sprintf("podAnnotations.upgraded=%d", time.Now().Unix()))
	await(t, time.Minute, "the pods of before to be gone", func(context.Context) (bool, error) {
		return !slices.ContainsFunc(controllers(t), func(name string) bool { return slices.Contains(before, name) }), nil
	})
	_, upgraded, err := a.canary(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if upgraded.phase != "Progressing" || upgraded.weight == 0 {
		t.Errorf("after the upgrade the release is at %+v, want it in mid-run", upgraded)
	}

	t.Logf("upgraded in mid-run, at %+v", upgraded)
	seen := a.until("the release to end", func(s state) bool { return s.phase == "Succeeded" || s.phase == "Failed" })
	for i, s := range seen[1:] {
		if s.phase == "Progressing" && s.weight < seen[i].weight || s.failed != 0 || s.phase == "Failed" {
			t.Errorf("the release went from %+v to %+v, want it to go on", seen[i], s)
		}
	}
	if got := a.primaryImage(); got != "lab.local/podinfo:6.0.1" {
		t.Errorf("the primary runs %s, want what was shipped", got)
	}
	u.goOn(t, "over the upgrade")
}

func TestAnUninstallLeavesDefinitionsCanariesAndTheirTraffic(t *testing.T) {
	a := newApp(t, "uninstall")
	u := a.call()
	values := filepath.Join(t.TempDir(), "values.yaml")
	if err := os.WriteFile(values, []byte(helm(t, "get", "values", "linnet", "--namespace", system, "--output", "yaml")), 0o600); err != nil {
		t.Fatal(err)
	}
	left := outlives(t)

	helm(t, "uninstall", "linnet", "--namespace", system, "--wait", "--timeout", "2m")
	t.Cleanup(func() { reinstall(t, values) })
	if after := outlives(t); !slices.Equal(left, after) {
		t.Errorf("the uninstall left %q of %q", after, left)
	}
	if _, err := clients.AppsV1().Deployments(system).Get(t.Context(), "linnet", metav1.GetOptions{}); !apierrors.IsNotFound(err) {
		t.Errorf("the Deployment after the uninstall: %v, want none", err)
	}
	if _, err := clients.RbacV1().ClusterRoles().Get(t.Context(), "linnet", metav1.GetOptions{}); !apierrors.IsNotFound(err) {
		t.Errorf("the ClusterRole after the uninstall: %v, want none", err)
	}
	u.goOn(t, "without Linnet")

	reinstall(t, values)
	a.ship("6.0.1")
	a.until("the first step under Linnet as it was installed again", func(s state) bool { return s.weight > 0 })
	u.goOn(t, "after all")
}

// reinstall installs Linnet with values that it had before, if it is not there.
func reinstall(t *testing.T, values string) {
	t.Helper()
	if _, err := tryHelm(background(t), "upgrade", "linnet", chartDir("linnet"), "--install", "--namespace", system,
		"--values", values, "--wait", "--timeout", "2m"); err != nil {
		t.Error(err)
	}
}

// controllers returns the names of Linnet's pods.
func controllers(t *testing.T) []string {
	t.Helper()
	pods, err := clients.CoreV1().Pods(system).List(t.Context(), metav1.ListOptions{LabelSelector: "app.kubernetes.io/name=linnet"})
	if err != nil {
		t.Fatalf("list Linnet's pods: %v", err)
	}
	var names []string
	for i := range pods.Items {
		names = append(names, pods.Items[i].Name)
	}
	return names
}

// outlives returns by UID what an uninstall is to leave: definitions, Canaries and the Lease.
func outlives(t *testing.T) []string {
	t.Helper()
	var ids []string
	for _, of := range []struct {
		resource schema.GroupVersionResource
		options  metav1.ListOptions
		atLeast  int
	}{
		{schema.GroupVersionResource{Group: "apiextensions.k8s.io", Version: "v1", Resource: "customresourcedefinitions"}, metav1.ListOptions{}, 3},
		{canaries, metav1.ListOptions{}, 1},
		{
			schema.GroupVersionResource{Group: "coordination.k8s.io", Version: "v1", Resource: "leases"},
			metav1.ListOptions{FieldSelector: "metadata.name=linnet-leader-election,metadata.namespace=" + system}, 1,
		},
	} {
		list, err := objects.Resource(of.resource).List(t.Context(), of.options)
		if err != nil {
			t.Fatalf("list %s: %v", of.resource.Resource, err)
		}
		if len(list.Items) < of.atLeast {
			t.Fatalf("there are %d %s, want %d at least", len(list.Items), of.resource.Resource, of.atLeast)
		}
		for i := range list.Items {
			ids = append(ids, of.resource.Resource+" "+list.Items[i].GetName()+" "+string(list.Items[i].GetUID()))
		}
	}
	return ids
}
