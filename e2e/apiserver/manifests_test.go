package apiserver

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/util/yaml"
)

// manifest is a YAML file. The bad ones among pkg/apis say in their first line who refuses them.
type manifest struct {
	objects []*unstructured.Unstructured
	// wants is what the API server's refusal must contain, empty when it accepts the file.
	wants string
	// byController is set when the controller is to refuse the file.
	byController bool
}

func readManifest(path string) (manifest, error) {
	content, err := os.ReadFile(path)
	if err != nil {
		return manifest{}, fmt.Errorf("read manifest: %w", err)
	}
	first, _, _ := strings.Cut(string(content), "\n")
	m := manifest{byController: first == "# refused by: controller"}
	m.wants, _ = strings.CutPrefix(first, "# wants: ")
	if m.wants == first {
		m.wants = ""
	}
	decoder := yaml.NewYAMLOrJSONDecoder(bytes.NewReader(content), 4096)
	for {
		o := &unstructured.Unstructured{}
		if err := decoder.Decode(o); errors.Is(err, io.EOF) {
			return m, nil
		} else if err != nil {
			return manifest{}, fmt.Errorf("decode %s: %w", path, err)
		}
		if len(o.Object) > 0 {
			m.objects = append(m.objects, o)
		}
	}
}

// apiManifests returns the manifests of a folder of the API package's testdata, by file name.
func apiManifests(folder string) (map[string]manifest, error) {
	files, err := filepath.Glob(filepath.Join(repository, "pkg/apis/flagger/v1beta1/testdata", folder, "*.yaml"))
	if err != nil || len(files) == 0 {
		return nil, fmt.Errorf("find %s manifests: %d files, %w", folder, len(files), err)
	}
	manifests := map[string]manifest{}
	for _, file := range files {
		if manifests[filepath.Base(file)], err = readManifest(file); err != nil {
			return nil, err
		}
	}
	return manifests, nil
}
