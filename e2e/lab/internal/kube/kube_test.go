package kube

import (
	"context"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestParse(t *testing.T) {
	tests := map[string]struct {
		yaml string
		want []string
		fail bool
	}{
		"two documents":                 {"kind: A\nmetadata: {name: a}\n---\nkind: B\nmetadata: {name: b}\n", []string{"A a", "B b"}, false},
		"a mark at begin and end":       {"---\nkind: A\nmetadata: {name: a}\n---\n", []string{"A a"}, false},
		"a comment behind the mark":     {"kind: A\nmetadata: {name: a}\n--- # next\nkind: B\nmetadata: {name: b}\n", []string{"A a", "B b"}, false},
		"a document of comments":        {"# nothing\n---\nkind: A\nmetadata: {name: a}\n", []string{"A a"}, false},
		"dashes inside a text":          {"kind: A\nmetadata: {name: a}\ndata: |\n  ---\n  x\n", []string{"A a"}, false},
		"nothing":                       {"", nil, false},
		"a document without a kind":     {"metadata: {name: a}\n", nil, true},
		"a document without a name":     {"kind: A\n", nil, true},
		"a document that is no mapping": {"- kind: A\n", nil, true},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			objects, err := Parse([]byte(tc.yaml))
			if (err != nil) != tc.fail {
				t.Fatalf("error %v, want failure %v", err, tc.fail)
			}
			var got []string
			for _, o := range objects {
				got = append(got, o.String())
			}
			if diff := cmp.Diff(tc.want, got); diff != "" {
				t.Errorf("objects (-want +got):\n%s", diff)
			}
		})
	}
}

func TestConfigSurvivesItsFile(t *testing.T) {
	want := Config{Server: "https://127.0.0.1:6443", User: "admin", CA: []byte("ca"), Cert: []byte("cert"), Key: []byte("key")}
	path := filepath.Join(t.TempDir(), "kubeconfig")
	if err := want.Write(path); err != nil {
		t.Fatal(err)
	}
	got, err := ReadConfig(path)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("config (-want +got):\n%s", diff)
	}
}

// fakeAPI serves discovery of two groups and records every other request as "METHOD path".
type fakeAPI struct {
	requests []string
	bodies   []string
}

func (f *fakeAPI) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	discovery := map[string]string{
		"/api/v1":       `{"resources":[{"name":"services","kind":"Service","namespaced":true},{"name":"services/status","kind":"Service","namespaced":true},{"name":"namespaces","kind":"Namespace"}]}`,
		"/apis/apps/v1": `{"resources":[{"name":"deployments","kind":"Deployment","namespaced":true}]}`,
	}
	if answer, ok := discovery[r.URL.Path]; ok {
		f.requests = append(f.requests, "discover "+r.URL.Path)
		_, _ = io.WriteString(w, answer)
		return
	}
	body, _ := io.ReadAll(r.Body)
	f.requests = append(f.requests, r.Method+" "+r.URL.RequestURI())
	f.bodies = append(f.bodies, string(body))
	if r.URL.Path == "/api/v1/namespaces/gone" {
		w.WriteHeader(http.StatusNotFound)
		_, _ = io.WriteString(w, `{"kind":"Status","message":"namespaces \"gone\" not found"}`)
	}
}

func newTestClient(t *testing.T, api http.Handler) *Client {
	t.Helper()
	server := httptest.NewServer(api)
	t.Cleanup(server.Close)
	return &Client{http: server.Client(), server: server.URL}
}

func TestApplyPatchesEachObjectAtItsPath(t *testing.T) {
	api := &fakeAPI{}
	client := newTestClient(t, api)
	objects := []Object{
		{"apiVersion": "v1", "kind": "Namespace", "metadata": map[string]any{"name": "test"}},
		{"apiVersion": "v1", "kind": "Service", "metadata": map[string]any{"name": "a", "namespace": "test"}},
		{"apiVersion": "apps/v1", "kind": "Deployment", "metadata": map[string]any{"name": "a"}},
	}
	if err := client.Apply(context.Background(), objects...); err != nil {
		t.Fatal(err)
	}
	const query = "?fieldManager=linnet-lab&force=true"
	want := []string{
		"discover /api/v1",
		"PATCH /api/v1/namespaces/test" + query,
		"PATCH /api/v1/namespaces/test/services/a" + query,
		"discover /apis/apps/v1",
		"PATCH /apis/apps/v1/namespaces/default/deployments/a" + query,
	}
	if diff := cmp.Diff(want, api.requests); diff != "" {
		t.Errorf("requests (-want +got):\n%s", diff)
	}
	var sent Object
	if err := json.Unmarshal([]byte(api.bodies[1]), &sent); err != nil || !sent.Is("Service", "a") {
		t.Errorf("second body is %s", api.bodies[1])
	}
}

func TestApplyOfAKindThatIsNotServed(t *testing.T) {
	client := newTestClient(t, &fakeAPI{})
	err := client.Apply(context.Background(), Object{"apiVersion": "v1", "kind": "Unknown", "metadata": map[string]any{"name": "a"}})
	if err == nil {
		t.Error("no error")
	}
}

func TestAnswersOtherThanSuccess(t *testing.T) {
	client := newTestClient(t, &fakeAPI{})
	err := client.Get(context.Background(), "/api/v1/namespaces/gone", nil)
	if !IsNotFound(err) || err.Error() != `404: namespaces "gone" not found` {
		t.Errorf("Get: %v", err)
	}
	if err := client.Delete(context.Background(), "/api/v1/namespaces/gone"); err != nil {
		t.Errorf("Delete of what is gone: %v", err)
	}
}
