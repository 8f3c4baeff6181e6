package kube

import (
	"fmt"
	"regexp"

	"sigs.k8s.io/yaml"
)

// Object is any Kubernetes object.
type Object map[string]any

var separator = regexp.MustCompile(`(?m)^---.*$`)

// Parse reads a YAML stream of objects; empty documents are left out.
func Parse(data []byte) ([]Object, error) {
	var objects []Object
	for i, document := range separator.Split(string(data), -1) {
		var object Object
		if err := yaml.Unmarshal([]byte(document), &object); err != nil {
			return nil, fmt.Errorf("parse document %d: %w", i+1, err)
		}
		if len(object) == 0 {
			continue
		}
		if object.Kind() == "" || object.Name() == "" {
			return nil, fmt.Errorf("parse document %d: no kind or no name", i+1)
		}
		objects = append(objects, object)
	}
	return objects, nil
}

// APIVersion returns group/version, or just the version for the core group.
func (o Object) APIVersion() string { return text(o["apiVersion"]) }

// Kind returns the object's kind.
func (o Object) Kind() string { return text(o["kind"]) }

// Name returns the object's name.
func (o Object) Name() string { return text(o.metadata()["name"]) }

// Namespace returns the object's namespace, or "".
func (o Object) Namespace() string { return text(o.metadata()["namespace"]) }

// Is reports whether the object has this kind and name.
func (o Object) Is(kind, name string) bool { return o.Kind() == kind && o.Name() == name }

// String returns "Kind name", for messages.
func (o Object) String() string { return o.Kind() + " " + o.Name() }

func (o Object) metadata() map[string]any {
	metadata, _ := o["metadata"].(map[string]any)
	return metadata
}

func text(value any) string {
	s, _ := value.(string)
	return s
}
