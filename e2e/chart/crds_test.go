package chart_test

import (
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"
	apiextensionsv1 "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"
)

// crdFiles returns the definitions in a folder, by file name.
func crdFiles(t *testing.T, dir ...string) map[string]string {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(append(dir, "flagger.app_*.yaml")...))
	if err != nil {
		t.Fatal(err)
	}
	texts := map[string]string{}
	for _, file := range files {
		texts[filepath.Base(file)] = read(t, file)
	}
	return texts
}

func TestTheChartHasTheGeneratedDefinitions(t *testing.T) {
	generated := crdFiles(t, root, "artifacts", "crd")
	if len(generated) != 3 {
		t.Fatalf("artifacts/crd has %d definitions, want 3", len(generated))
	}
	if diff := cmp.Diff(generated, crdFiles(t, chartDir("linnet"), "files", "crds")); diff != "" {
		t.Errorf("charts/linnet/files/crds differs from artifacts/crd, copy its files (-generated +chart):\n%s", diff)
	}
}

func TestDefinitionsStayWhenTheReleaseGoes(t *testing.T) {
	crds := only[*apiextensionsv1.CustomResourceDefinition](render(t, "linnet", nil))
	if len(crds) != 3 {
		t.Fatalf("%d definitions are rendered, want 3", len(crds))
	}
	for _, crd := range crds {
		if got := crd.Annotations["helm.sh/resource-policy"]; got != "keep" {
			t.Errorf("%s has the resource policy %q, want keep", crd.Name, got)
		}
	}
	without := render(t, "linnet", parse(t, "crd: {create: false}"))
	if n := len(only[*apiextensionsv1.CustomResourceDefinition](without)); n != 0 {
		t.Errorf("%d definitions are rendered with crd.create=false, want none", n)
	}
}
