package onlab

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/util/wait"
	utilyaml "k8s.io/apimachinery/pkg/util/yaml"
	"k8s.io/client-go/dynamic"
	"sigs.k8s.io/yaml"
)

// parse returns the objects of a YAML text.
func parse(t *testing.T, text string) []*unstructured.Unstructured {
	t.Helper()
	var found []*unstructured.Unstructured
	for documents := utilyaml.NewYAMLReader(bufio.NewReader(strings.NewReader(text))); ; {
		document, err := documents.Read()
		if errors.Is(err, io.EOF) {
			return found
		}
		if err != nil {
			t.Fatalf("read YAML: %v", err)
		}
		o := &unstructured.Unstructured{}
		if err := yaml.Unmarshal(document, &o.Object); err != nil {
			t.Fatalf("parse: %v\n%s", err, document)
		}
		if len(o.Object) > 0 {
			found = append(found, o)
		}
	}
}

// resource returns where objects of the kind of o are, in its namespace.
func resource(o *unstructured.Unstructured) (dynamic.ResourceInterface, error) {
	gvk := o.GroupVersionKind()
	mapping, err := kinds.RESTMapping(gvk.GroupKind(), gvk.Version)
	if err != nil {
		return nil, fmt.Errorf("look up %s: %w", gvk, err)
	}
	if mapping.Scope.Name() == meta.RESTScopeNameNamespace {
		return objects.Resource(mapping.Resource).Namespace(o.GetNamespace()), nil
	}
	return objects.Resource(mapping.Resource), nil
}

// apply writes an object by server-side apply. A field that its kind does not have is an error.
func apply(ctx context.Context, o *unstructured.Unstructured, dryRun ...string) error {
	at, err := resource(o)
	if err != nil {
		return err
	}
	body, err := o.MarshalJSON()
	if err != nil {
		return fmt.Errorf("encode %s %s: %w", o.GetKind(), o.GetName(), err)
	}
	force := true
	_, err = at.Patch(ctx, o.GetName(), types.ApplyPatchType, body, metav1.PatchOptions{
		DryRun: dryRun, Force: &force, FieldManager: "linnet-chart-test", FieldValidation: metav1.FieldValidationStrict,
	})
	if err != nil {
		return fmt.Errorf("apply %s %s/%s: %w", o.GetKind(), o.GetNamespace(), o.GetName(), err)
	}
	return nil
}

// makeNamespace creates a namespace until the end of the test.
func makeNamespace(t *testing.T, name string, labels map[string]string) {
	t.Helper()
	ns := &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: name, Labels: labels}}
	if _, err := clients.CoreV1().Namespaces().Create(t.Context(), ns, metav1.CreateOptions{}); err != nil {
		if apierrors.IsAlreadyExists(err) && labels == nil {
			return // the lab's own
		}
		t.Fatalf("create Namespace %s: %v", name, err)
	}
	t.Cleanup(func() {
		if err := clients.CoreV1().Namespaces().Delete(context.Background(), name, metav1.DeleteOptions{}); err != nil {
			t.Errorf("delete Namespace %s: %v", name, err)
		}
	})
}

// await looks again and again until something holds.
func await(t *testing.T, limit time.Duration, what string, holds func(ctx context.Context) (bool, error)) {
	t.Helper()
	var last error
	err := wait.PollUntilContextTimeout(t.Context(), 250*time.Millisecond, limit, true, func(ctx context.Context) (bool, error) {
		held, err := holds(ctx)
		last = err
		return held && err == nil, nil
	})
	if err != nil {
		t.Fatalf("waited %s for %s: %v", limit, what, errors.Join(err, last))
	}
}
