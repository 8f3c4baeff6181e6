package chart_test

import (
	"strings"
	"testing"

	"helm.sh/helm/v4/pkg/action"
	appsv1 "k8s.io/api/apps/v1"
	"k8s.io/apimachinery/pkg/api/meta"
	"k8s.io/apimachinery/pkg/runtime"
	psa "k8s.io/pod-security-admission/api"
	"k8s.io/pod-security-admission/policy"
)

func TestChartsPassTheStrictLinter(t *testing.T) {
	for name := range charts {
		for set, values := range valueSets(t, name) {
			t.Run(name+" with "+set, func(t *testing.T) {
				lint := action.NewLint()
				lint.Strict, lint.Namespace = true, namespace
				for _, err := range lint.Run([]string{chartDir(name)}, values).Errors {
					t.Error(err)
				}
			})
		}
	}
}

func TestEveryObjectOfEveryValueSet(t *testing.T) {
	for name, atLeast := range map[string]int{"linnet": 8, "loadtester": 6} {
		sets := valueSets(t, name)
		if len(sets) < atLeast {
			t.Errorf("the chart %s has %d value sets, want %d at least", name, len(sets), atLeast)
		}
		for set, values := range sets {
			t.Run(name+" with "+set, func(t *testing.T) {
				seen := map[string]bool{}
				for _, object := range render(t, name, values) {
					check(t, object, seen)
				}
			})
		}
	}
}

// check tests what holds for each object that is rendered.
func check(t *testing.T, object runtime.Object, seen map[string]bool) {
	t.Helper()
	o, err := meta.Accessor(object)
	if err != nil {
		t.Fatal(err)
	}
	kind := object.GetObjectKind().GroupVersionKind().Kind
	id := kind + " " + o.GetNamespace() + "/" + o.GetName()
	if o.GetName() == "" || seen[id] {
		t.Errorf("%s has no name, or has been rendered before", id)
	}
	seen[id] = true
	if clusterWide := strings.HasPrefix(kind, "Cluster") || kind == "CustomResourceDefinition"; clusterWide != (o.GetNamespace() == "") {
		t.Errorf("%s: want a namespace in what is namespaced, and none in what is not", id)
	}
	if kind == "CustomResourceDefinition" {
		return
	}
	for _, label := range []string{"app.kubernetes.io/name", "app.kubernetes.io/instance", "app.kubernetes.io/version", "app.kubernetes.io/managed-by", "helm.sh/chart"} {
		if o.GetLabels()[label] == "" {
			t.Errorf("%s is without the label %s", id, label)
		}
	}
}

func TestPodsPassTheRestrictedStandard(t *testing.T) {
	evaluator, err := policy.NewEvaluator(policy.DefaultChecks(), nil)
	if err != nil {
		t.Fatal(err)
	}
	restricted := psa.LevelVersion{Level: psa.LevelRestricted, Version: psa.LatestVersion()}
	for name := range charts {
		for set, values := range valueSets(t, name) {
			t.Run(name+" with "+set, func(t *testing.T) {
				for _, d := range only[*appsv1.Deployment](render(t, name, values)) {
					pod := d.Spec.Template
					result := policy.AggregateCheckResults(evaluator.EvaluatePod(restricted, &pod.ObjectMeta, &pod.Spec))
					if !result.Allowed {
						t.Errorf("the pods of %s are refused: %s", d.Name, result.ForbiddenDetail())
					}
					if root := pod.Spec.Containers[0].SecurityContext.ReadOnlyRootFilesystem; root == nil || !*root {
						t.Errorf("the pods of %s may write to their root file system", d.Name)
					}
				}
			})
		}
	}
}
