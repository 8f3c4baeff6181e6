package chart_test

import (
	"bufio"
	"errors"
	"io"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"helm.sh/helm/v4/pkg/chart/common"
	"helm.sh/helm/v4/pkg/chart/common/util"
	v2 "helm.sh/helm/v4/pkg/chart/v2"
	"helm.sh/helm/v4/pkg/chart/v2/loader"
	"helm.sh/helm/v4/pkg/engine"
	apiextensionsv1 "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/serializer"
	utilyaml "k8s.io/apimachinery/pkg/util/yaml"
	clientgoscheme "k8s.io/client-go/kubernetes/scheme"
	"sigs.k8s.io/yaml"
)

const (
	root      = "../.."
	namespace = "istio-system"
)

// charts are all charts, with the name that their releases have here.
var charts = map[string]string{"linnet": "linnet", "loadtester": "flagger-loadtester"}

func chartDir(name string) string { return filepath.Join(root, "charts", name) }

// valueSets returns the value sets of a chart's ci folder, by file name.
func valueSets(t *testing.T, name string) map[string]map[string]any {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(chartDir(name), "ci", "*-values.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	sets := map[string]map[string]any{}
	for _, file := range files {
		sets[filepath.Base(file)] = parse(t, read(t, file))
	}
	return sets
}

func read(t *testing.T, path string) string {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

func parse(t *testing.T, text string) map[string]any {
	t.Helper()
	values := map[string]any{}
	if err := yaml.UnmarshalStrict([]byte(text), &values); err != nil {
		t.Fatalf("parse %s: %v", text, err)
	}
	return values
}

func load(t *testing.T, name string) *v2.Chart {
	t.Helper()
	c, err := loader.LoadDir(chartDir(name))
	if err != nil {
		t.Fatalf("load the chart %s: %v", name, err)
	}
	return c
}

// templates renders a chart the way helm install does, schema included, and returns the text of each template.
func templates(t *testing.T, name string, values map[string]any, edits ...func(*v2.Chart)) (map[string]string, error) {
	t.Helper()
	c := load(t, name)
	for _, edit := range edits {
		edit(c)
	}
	release := common.ReleaseOptions{Name: charts[name], Namespace: namespace, Revision: 1, IsInstall: true}
	rendered, err := util.ToRenderValues(c, values, release, common.DefaultCapabilities)
	if err != nil {
		return nil, err
	}
	return engine.Engine{Strict: true}.RenderWithContext(t.Context(), c, rendered)
}

// render returns the objects of a chart, each decoded strictly.
func render(t *testing.T, name string, values map[string]any, edits ...func(*v2.Chart)) []runtime.Object {
	t.Helper()
	texts, err := templates(t, name, values, edits...)
	if err != nil {
		t.Fatalf("render %s: %v", name, err)
	}
	var objects []runtime.Object
	for _, path := range slices.Sorted(maps.Keys(texts)) {
		if strings.HasSuffix(path, ".yaml") {
			objects = append(objects, decode(t, path, texts[path])...)
		}
	}
	return objects
}

// decode reads the objects of a YAML text. A field that a kind does not have is an error.
func decode(t *testing.T, path, text string) []runtime.Object {
	t.Helper()
	decoder := serializer.NewCodecFactory(scheme(t), serializer.EnableStrict).UniversalDeserializer()
	var objects []runtime.Object
	for documents := utilyaml.NewYAMLReader(bufio.NewReader(strings.NewReader(text))); ; {
		document, err := documents.Read()
		if errors.Is(err, io.EOF) {
			return objects
		}
		if err != nil {
			t.Fatalf("read %s: %v", path, err)
		}
		if empty(t, document) {
			continue
		}
		object, _, err := decoder.Decode(document, nil, nil)
		if err != nil {
			t.Fatalf("decode an object of %s: %v\n%s", path, err, document)
		}
		objects = append(objects, object)
	}
}

// empty says whether a document is made of comments only.
func empty(t *testing.T, document []byte) bool {
	t.Helper()
	var content any
	if err := yaml.UnmarshalStrict(document, &content); err != nil {
		t.Fatalf("parse: %v\n%s", err, document)
	}
	return content == nil
}

func scheme(t *testing.T) *runtime.Scheme {
	t.Helper()
	s := runtime.NewScheme()
	for _, add := range []func(*runtime.Scheme) error{clientgoscheme.AddToScheme, apiextensionsv1.AddToScheme} {
		if err := add(s); err != nil {
			t.Fatal(err)
		}
	}
	s.AddKnownTypes(monitoring, &PodMonitor{}, &ServiceMonitor{}, &PrometheusRule{})
	metav1.AddToGroupVersion(s, monitoring)
	return s
}

// named returns the object of a type and a name.
func named[T metav1.Object](t *testing.T, objects []runtime.Object, name string) T {
	t.Helper()
	for _, object := range only[T](objects) {
		if object.GetName() == name {
			return object
		}
	}
	var none T
	t.Fatalf("no %T is called %s", none, name)
	return none
}

// only returns the objects of a type.
func only[T any](objects []runtime.Object) []T {
	var found []T
	for _, object := range objects {
		if o, ok := object.(T); ok {
			found = append(found, o)
		}
	}
	return found
}
