package main

import (
	"cmp"
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"sigs.k8s.io/yaml"
)

// schema is what the page tells of an OpenAPI schema.
type schema struct {
	Type        string
	Format      string
	Description string
	Default     json.RawMessage
	Enum        []json.RawMessage
	Minimum     *float64
	Maximum     *float64
	MinLength   *int
	MaxLength   *int
	MinItems    *int
	MaxItems    *int
	Pattern     string
	Required    []string
	Properties  map[string]schema
	Items       *schema
	// AdditionalProperties is the schema of a map's values.
	AdditionalProperties *schema
	IntOrString          bool   `json:"x-kubernetes-int-or-string"`
	Anything             bool   `json:"x-kubernetes-preserve-unknown-fields"`
	Rules                []rule `json:"x-kubernetes-validations"`
}

// rule is a condition that the API server checks, with the sentence that it refuses with.
type rule struct{ Rule, Message string }

// kind is a definition of ours.
type kind struct {
	name, version string
	schema        schema
}

// readKinds returns the kinds of a folder of definitions, by the names of their files.
func readKinds(folder string) ([]kind, error) {
	files, err := filepath.Glob(filepath.Join(folder, "flagger.app_*.yaml"))
	if err != nil || len(files) == 0 {
		return nil, fmt.Errorf("find definitions in %s: there are %d, %w", folder, len(files), cmp.Or(err, os.ErrNotExist))
	}
	var kinds []kind
	for _, file := range files {
		k, err := readKind(file)
		if err != nil {
			return nil, fmt.Errorf("read %s: %w", file, err)
		}
		kinds = append(kinds, k)
	}
	return kinds, nil
}

func readKind(file string) (kind, error) {
	raw, err := os.ReadFile(file) //nolint:gosec // the file that the caller names is what is to be read
	if err != nil {
		return kind{}, err
	}
	var definition struct {
		Spec struct {
			Group    string
			Names    struct{ Kind string }
			Versions []struct {
				Name   string
				Schema struct {
					OpenAPIV3Schema schema `json:"openAPIV3Schema"`
				}
			}
		}
	}
	if err := yaml.Unmarshal(raw, &definition); err != nil {
		return kind{}, err
	}
	spec := definition.Spec
	if len(spec.Versions) != 1 {
		return kind{}, fmt.Errorf("it has %d versions, and the page is made for one", len(spec.Versions))
	}
	v := spec.Versions[0]
	return kind{spec.Names.Kind, spec.Group + "/" + v.Name, v.Schema.OpenAPIV3Schema}, nil
}

// fields returns the names of a schema's properties: required ones first, then by name.
func (s schema) fields() []string {
	return slices.SortedFunc(maps.Keys(s.Properties), func(a, b string) int {
		return cmp.Or(-compareBool(s.requires(a), s.requires(b)), strings.Compare(a, b))
	})
}

func compareBool(a, b bool) int {
	switch {
	case a == b:
		return 0
	case a:
		return 1
	}
	return -1
}

func (s schema) requires(field string) bool { return slices.Contains(s.Required, field) }

// inside returns the object whose fields a field leads to, and what its path gets appended: "[]" for each
// list, ".KEY" for each map. It is false for a field without an object of known fields.
func (s schema) inside() (object schema, suffix string, ok bool) {
	switch {
	case s.Items != nil:
		object, suffix, ok = s.Items.inside()
		return object, "[]" + suffix, ok
	case s.AdditionalProperties != nil:
		object, suffix, ok = s.AdditionalProperties.inside()
		return object, ".KEY" + suffix, ok
	}
	return s, "", len(s.Properties) > 0
}
