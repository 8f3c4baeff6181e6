package conformance

import (
	"os"
	"path/filepath"
	"slices"
	"testing"

	"k8s.io/apimachinery/pkg/util/yaml"
)

// schema is as much of a definition as fields are read from.
type schema struct {
	Properties map[string]schema `json:"properties"`
}

// TestEveryFieldHasARow fails when a field of a definition, down to the second level below spec and
// the first below status, begins no row of the page.
func TestEveryFieldHasARow(t *testing.T) {
	rows, err := readPage()
	if err != nil {
		t.Fatal(err)
	}
	for _, kind := range []struct{ plural, prefix string }{{"canaries", ""}, {"metrictemplates", "MetricTemplate "}, {"alertproviders", "AlertProvider "}} {
		for _, field := range fieldsOf(t, kind.plural) {
			about := "`" + kind.prefix + field + "`"
			if !slices.ContainsFunc(rows, func(r row) bool { return r.about == about }) {
				t.Errorf("docs/conformance.md has no row that begins with %s", about)
			}
		}
	}
}

func fieldsOf(t *testing.T, plural string) []string {
	t.Helper()
	content, err := os.ReadFile(filepath.Join(repository, "artifacts/crd/flagger.app_"+plural+".yaml"))
	if err != nil {
		t.Fatal(err)
	}
	var definition struct {
		Spec struct {
			Versions []struct {
				Schema struct {
					OpenAPIV3Schema schema `json:"openAPIV3Schema"`
				} `json:"schema"`
			} `json:"versions"`
		} `json:"spec"`
	}
	if err := yaml.Unmarshal(content, &definition); err != nil {
		t.Fatal(err)
	}
	top := definition.Spec.Versions[0].Schema.OpenAPIV3Schema.Properties
	var fields []string
	for name, s := range top["spec"].Properties {
		fields = append(fields, "spec."+name)
		if name != "service" && name != "analysis" && name != "provider" {
			continue
		}
		for below := range s.Properties {
			fields = append(fields, "spec."+name+"."+below)
		}
	}
	if plural == "canaries" { // the others' controllers write no status
		for name := range top["status"].Properties {
			fields = append(fields, "status."+name)
		}
	}
	slices.Sort(fields)
	return fields
}
