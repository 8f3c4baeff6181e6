package admission

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"k8s.io/apimachinery/pkg/util/json"
	"sigs.k8s.io/yaml"
)

const testdata = "../../../pkg/apis/flagger/v1beta1/testdata"

func TestCRDsAreAccepted(t *testing.T) {
	for name, kind := range kinds(t) {
		t.Run(name, func(t *testing.T) {
			if err := kind.Check(t.Context()); err != nil {
				t.Errorf("Check() = %v", err)
			}
		})
	}
}

func TestGoodManifestsAreAdmitted(t *testing.T) {
	known := kinds(t)
	for _, path := range manifests(t, "good") {
		t.Run(filepath.Base(path), func(t *testing.T) {
			if err := admit(t, known, path); err != nil {
				t.Errorf("Admit() = %v", err)
			}
		})
	}
}

// A bad manifest says in its first line who refuses it: the API server, with a
// sentence that contains the words after "wants:", or the controller.
func TestBadManifestsAreRefused(t *testing.T) {
	known := kinds(t)
	refused := 0
	for _, path := range manifests(t, "bad") {
		t.Run(filepath.Base(path), func(t *testing.T) {
			wants, byServer := strings.CutPrefix(firstLine(t, path), "# wants: ")
			err := admit(t, known, path)
			switch {
			case !byServer && err != nil:
				t.Errorf("Admit() = %v, want this left to the controller", err)
			case !byServer:
			case err == nil:
				t.Errorf("Admit() = nil, want %q", wants)
			case !strings.Contains(err.Error(), wants):
				t.Errorf("Admit() = %v, want %q", err, wants)
			default:
				refused++
				t.Log(err)
			}
		})
	}
	if refused < 30 {
		t.Errorf("%d manifests refused by the API server, want at least 30", refused)
	}
}

func kinds(t *testing.T) map[string]*Kind {
	t.Helper()
	known := map[string]*Kind{}
	files, err := filepath.Glob("../flagger.app_*.yaml")
	if err != nil || len(files) == 0 {
		t.Fatalf("find CRDs: %v, %v", files, err)
	}
	for _, file := range files {
		kind, err := NewKind(read(t, file))
		if err != nil {
			t.Fatalf("%s: %v", file, err)
		}
		known[kind.Name()] = kind
	}
	return known
}

// admit tries every document of a file and returns the first refusal.
func admit(t *testing.T, known map[string]*Kind, path string) error {
	t.Helper()
	for _, doc := range bytes.Split(read(t, path), []byte("\n---\n")) {
		obj := decode(t, path, doc)
		kind, ok := known[obj["kind"].(string)]
		if !ok {
			continue
		}
		if err := kind.Admit(t.Context(), obj); err != nil {
			return err
		}
	}
	return nil
}

// decode reads a document as the API server does, which tells integers from
// other numbers.
func decode(t *testing.T, path string, doc []byte) map[string]any {
	t.Helper()
	asJSON, err := yaml.YAMLToJSON(doc)
	if err != nil {
		t.Fatalf("%s: %v", path, err)
	}
	obj := map[string]any{}
	if err := json.Unmarshal(asJSON, &obj); err != nil {
		t.Fatalf("%s: %v", path, err)
	}
	return obj
}

func manifests(t *testing.T, folder string) []string {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(testdata, folder, "*.yaml"))
	if err != nil || len(files) == 0 {
		t.Fatalf("find %s manifests: %v, %v", folder, files, err)
	}
	return files
}

func firstLine(t *testing.T, path string) string {
	t.Helper()
	line, _, _ := strings.Cut(string(read(t, path)), "\n")
	return line
}

func read(t *testing.T, path string) []byte {
	t.Helper()
	content, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return content
}
