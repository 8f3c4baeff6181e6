package chart_test

import (
	"fmt"
	"maps"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	rbacv1 "k8s.io/api/rbac/v1"
	"k8s.io/apimachinery/pkg/runtime"
)

// grants returns what a service account may do: one line for each verb on each resource, with where it holds.
func grants(t *testing.T, objects []runtime.Object, account string) []string {
	t.Helper()
	lines := map[string]bool{}
	add := func(where string, subjects []rbacv1.Subject, ref rbacv1.RoleRef, own string) {
		subject := rbacv1.Subject{Kind: rbacv1.ServiceAccountKind, Name: account, Namespace: namespace}
		if !slices.Contains(subjects, subject) {
			return
		}
		for _, r := range rulesOf(t, objects, ref, own) {
			for _, line := range lineOf(where, r) {
				lines[line] = true
			}
		}
	}
	for _, b := range only[*rbacv1.ClusterRoleBinding](objects) {
		add("everywhere", b.Subjects, b.RoleRef, "")
	}
	for _, b := range only[*rbacv1.RoleBinding](objects) {
		add("in "+b.Namespace, b.Subjects, b.RoleRef, b.Namespace)
	}
	return slices.Sorted(maps.Keys(lines))
}

func rulesOf(t *testing.T, objects []runtime.Object, ref rbacv1.RoleRef, own string) []rbacv1.PolicyRule {
	t.Helper()
	if ref.Kind == "ClusterRole" {
		return named[*rbacv1.ClusterRole](t, objects, ref.Name).Rules
	}
	role := named[*rbacv1.Role](t, objects, ref.Name)
	if role.Namespace != own {
		t.Fatalf("the Role %s lives in %s, and is bound in %s", role.Name, role.Namespace, own)
	}
	return role.Rules
}

func lineOf(where string, r rbacv1.PolicyRule) []string {
	names := r.ResourceNames
	if len(names) == 0 {
		names = []string{"*"}
	}
	var lines []string
	for _, group := range r.APIGroups {
		for _, resource := range r.Resources {
			for _, name := range names {
				for _, verb := range r.Verbs {
					lines = append(lines, fmt.Sprintf("%s %s/%s %s %s", verb, group, resource, name, where))
				}
			}
		}
	}
	return lines
}

func TestTheChartGrantsWhatTheManifestsGrant(t *testing.T) {
	files, err := filepath.Glob(filepath.Join(root, "artifacts", "install", "*role*.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	var manifests []runtime.Object
	for _, file := range files {
		manifests = append(manifests, decode(t, file, read(t, file))...)
	}
	want := grants(t, manifests, "linnet")
	if len(want) == 0 {
		t.Fatal("artifacts/install grants nothing")
	}
	if diff := cmp.Diff(want, grants(t, render(t, "linnet", nil), "linnet")); diff != "" {
		t.Errorf("rights (-artifacts/install +chart):\n%s", diff)
	}
}

func TestRightsOfValueSets(t *testing.T) {
	has := slices.Contains[[]string]
	const (
		patchDeployments = "patch apps/deployments * "
		readSecrets      = "get /secrets * "
		makeSecrets      = "create /secrets * "
		lead             = "update coordination.k8s.io/leases linnet-leader-election in istio-system"
	)
	tests := map[string]struct {
		values     string
		want, lack []string
	}{
		"one namespace is one namespace": {
			values: "watchNamespaces: [test]",
			want:   []string{patchDeployments + "in test", makeSecrets + "in test", lead, "create /events * in istio-system"},
			lack:   []string{patchDeployments + "everywhere", patchDeployments + "in istio-system", makeSecrets + "everywhere"},
		},
		"Flagger's name for it does the same": {
			values: "namespace: test",
			want:   []string{patchDeployments + "in test"},
			lack:   []string{patchDeployments + "everywhere"},
		},
		"without copies Secrets are only read": {
			values: "configTracking: {enabled: false}",
			want:   []string{readSecrets + "everywhere", patchDeployments + "everywhere"},
			lack:   []string{makeSecrets + "everywhere", "create /configmaps * everywhere", "patch /secrets * everywhere"},
		},
		"without an election there is no lease": {
			values: "leaderElection: {enabled: false}",
			want:   []string{patchDeployments + "everywhere"},
			lack:   []string{lead},
		},
		"without KEDA and external metrics": {
			values: "rbac: {keda: false, externalMetrics: false}",
			want:   []string{patchDeployments + "everywhere"},
			lack:   []string{"list keda.sh/scaledobjects * everywhere", "list external.metrics.k8s.io/* * everywhere"},
		},
		"rights from elsewhere": {
			values: "rbac: {create: false}",
			lack:   []string{patchDeployments + "everywhere", lead},
		},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			got := grants(t, render(t, "linnet", parse(t, tt.values)), "linnet")
			for _, line := range tt.want {
				if !has(got, line) {
					t.Errorf("%q is not granted", line)
				}
			}
			for _, line := range tt.lack {
				if has(got, line) {
					t.Errorf("%q is granted", line)
				}
			}
		})
	}
}

func TestNothingIsGrantedInBulk(t *testing.T) {
	for set, values := range valueSets(t, "linnet") {
		t.Run(set, func(t *testing.T) {
			for _, line := range grants(t, render(t, "linnet", values), "linnet") {
				verb, rest, _ := strings.Cut(line, " ")
				resource, _, _ := strings.Cut(rest, " ")
				// The names of external metrics are the users' own.
				if verb == "*" || strings.HasPrefix(resource, "*") || strings.HasSuffix(resource, "/*") && resource != "external.metrics.k8s.io/*" {
					t.Errorf("%q has a star", line)
				}
				if strings.HasPrefix(verb, "delete") && resource != "policy/poddisruptionbudgets" {
					t.Errorf("%q lets the controller delete more than its copies of budgets", line)
				}
			}
		})
	}
}

func TestTheLoadTesterMayDoNothing(t *testing.T) {
	if got := grants(t, render(t, "loadtester", nil), "flagger-loadtester"); len(got) != 0 {
		t.Errorf("the load tester may %q, want nothing", got)
	}
	got := grants(t, render(t, "loadtester", valueSets(t, "loadtester")["exec-values.yaml"]), "flagger-loadtester")
	if diff := cmp.Diff([]string{"get /pods * in istio-system", "list /pods * in istio-system"}, got); diff != "" {
		t.Errorf("rights with rbac.rules (-want +got):\n%s", diff)
	}
}
