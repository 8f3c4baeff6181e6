package controller

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"sigs.k8s.io/yaml"

	flaggerv1 "github.com/linnet-delivery/linnet/pkg/apis/flagger/v1beta1"
	"github.com/linnet-delivery/linnet/pkg/rollout"
)

// TestCanariesOfTheDocumentation turns every Canary that a page shows into a policy.
func TestCanariesOfTheDocumentation(t *testing.T) {
	block := regexp.MustCompile("(?ms)^```yaml\n(.*?)^```")
	root := filepath.Join("..", "..")
	pages, err := filepath.Glob(filepath.Join(root, "docs", "*.md"))
	if err != nil {
		t.Fatal(err)
	}
	shown := 0
	for _, page := range append(pages, filepath.Join(root, "README.md")) {
		raw, err := os.ReadFile(page)
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range block.FindAllStringSubmatch(string(raw), -1) {
			for manifest := range strings.SplitSeq(m[1], "\n---\n") {
				c := &flaggerv1.Canary{}
				if yaml.Unmarshal([]byte(manifest), c) != nil || c.Kind != flaggerv1.CanaryKind || c.Name == "" {
					continue
				}
				shown++
				if _, err := translate(c, Defaults{}, rollout.DefaultBarriers()); err != nil {
					t.Errorf("%s shows Canary %s, and that is refused: %v", page, c.Name, err)
				}
			}
		}
	}
	if shown == 0 {
		t.Error("no page shows a Canary")
	}
}
