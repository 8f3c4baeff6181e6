package admission

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"k8s.io/apimachinery/pkg/util/json"
	"sigs.k8s.io/yaml"
)

// yamlBlock is a manifest, or several, in a page of the documentation.
var yamlBlock = regexp.MustCompile("(?ms)^```yaml\n(.*?)^```")

// TestManifestsOfTheDocumentation admits every whole object of our kinds that a page shows.
func TestManifestsOfTheDocumentation(t *testing.T) {
	root := filepath.Join("..", "..", "..")
	pages, err := filepath.Glob(filepath.Join(root, "docs", "*.md"))
	if err != nil {
		t.Fatal(err)
	}
	known, shown := kinds(t), 0
	for _, page := range append(pages, filepath.Join(root, "README.md")) {
		raw, err := os.ReadFile(page)
		if err != nil {
			t.Fatal(err)
		}
		for _, block := range yamlBlock.FindAllStringSubmatch(string(raw), -1) {
			for _, manifest := range strings.Split(block[1], "\n---\n") {
				obj := object(t, page, manifest)
				kind, name := obj["kind"], obj["metadata"]
				if definition, ok := known[text(kind)]; ok && name != nil {
					shown++
					if err := definition.Admit(t.Context(), obj); err != nil {
						t.Errorf("%s: %v\n%s", page, err, manifest)
					}
				}
			}
		}
	}
	if shown == 0 {
		t.Error("no page shows a manifest")
	}
}

// object decodes a manifest; what is no object, such as a list of fields, is empty.
func object(t *testing.T, page, manifest string) map[string]any {
	t.Helper()
	raw, err := yaml.YAMLToJSON([]byte(manifest))
	if err != nil {
		t.Errorf("%s: %v\n%s", page, err, manifest)
		return nil
	}
	obj := map[string]any{}
	if json.Unmarshal(raw, &obj) != nil {
		return nil
	}
	return obj
}

func text(v any) string {
	s, _ := v.(string)
	return s
}
