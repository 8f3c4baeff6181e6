package onlab

import (
	"context"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"sync/atomic"
	"testing"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/types"
)

var canaries = schema.GroupVersionResource{Group: "flagger.app", Version: "v1beta1", Resource: "canaries"}

// app is an application under release, in a namespace of its own.
type app struct {
	*testing.T
	namespace string
}

// newApp makes the application of testdata/app.yaml and waits until it is under release.
func newApp(t *testing.T, name string) app {
	t.Helper()
	a := app{T: t, namespace: fmt.Sprintf("chart-%s-%d", name, os.Getpid())}
	makeNamespace(t, a.namespace, map[string]string{"istio-injection": "enabled"})
	text, err := os.ReadFile(filepath.Join("testdata", "app.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	for _, o := range parse(t, string(text)) {
		o.SetNamespace(a.namespace)
		if o.GetKind() == "Canary" {
			if err := unstructured.SetNestedStringSlice(o.Object, []string{a.host()}, "spec", "service", "hosts"); err != nil {
				t.Fatal(err)
			}
		}
		if err := apply(t.Context(), o); err != nil {
			t.Fatal(err)
		}
	}
	a.until("the Canary to be initialised", func(s state) bool { return s.phase == "Initialized" })
	return a
}

// host returns the name by which the application is called through the gateway.
func (a app) host() string { return a.namespace + ".example.com" }

// state is where a Canary stands.
type state struct {
	phase          string
	weight, failed int64
}

func (a app) canary(ctx context.Context) (*unstructured.Unstructured, state, error) {
	c, err := objects.Resource(canaries).Namespace(a.namespace).Get(ctx, "podinfo", metav1.GetOptions{})
	if err != nil {
		return nil, state{}, fmt.Errorf("get the Canary: %w", err)
	}
	var s state
	s.phase, _, _ = unstructured.NestedString(c.Object, "status", "phase")
	s.weight, _, _ = unstructured.NestedInt64(c.Object, "status", "canaryWeight")
	s.failed, _, _ = unstructured.NestedInt64(c.Object, "status", "failedChecks")
	return c, s, nil
}

// until waits for a state, and returns those that were seen before it and it.
func (a app) until(what string, fits func(state) bool) []state {
	a.Helper()
	var seen []state
	await(a.T, 4*time.Minute, what, func(ctx context.Context) (bool, error) {
		_, s, err := a.canary(ctx)
		if err != nil {
			return false, err
		}
		if len(seen) == 0 || seen[len(seen)-1] != s {
			seen = append(seen, s)
		}
		return fits(s), nil
	})
	return seen
}

// ship gives the application another version.
func (a app) ship(version string) {
	a.Helper()
	patch := fmt.Sprintf(`{"spec":{"template":{"spec":{"containers":[{"name":"podinfo","image":"lab.local/podinfo:%s"}]}}}}`, version)
	_, err := clients.AppsV1().Deployments(a.namespace).
		Patch(a.Context(), "podinfo", types.StrategicMergePatchType, []byte(patch), metav1.PatchOptions{})
	if err != nil {
		a.Fatalf("ship %s: %v", version, err)
	}
}

// primaryImage returns the image that users are served by.
func (a app) primaryImage() string {
	a.Helper()
	d, err := clients.AppsV1().Deployments(a.namespace).Get(a.Context(), "podinfo-primary", metav1.GetOptions{})
	if err != nil {
		a.Fatalf("get the primary: %v", err)
	}
	return d.Spec.Template.Spec.Containers[0].Image
}

// users call the application until the end of a test.
type users struct{ answered, lost atomic.Int64 }

// call begins to send requests through the gateway, twenty a second and one after the other.
func (a app) call() *users {
	a.Helper()
	gateway, err := clients.CoreV1().Services(system).Get(a.Context(), "istio-ingressgateway", metav1.GetOptions{})
	if err != nil {
		a.Fatalf("find the gateway: %v", err)
	}
	u := &users{}
	go u.run(a.Context(), "http://"+gateway.Spec.ClusterIP+"/", a.host())
	await(a.T, time.Minute, "the gateway to answer", func(context.Context) (bool, error) { return u.answered.Load() > 0, nil })
	u.lost.Store(0) // until the gateway knew the route
	return u
}

func (u *users) run(ctx context.Context, url, host string) {
	client := &http.Client{Timeout: 20 * time.Second}
	tick := time.NewTicker(50 * time.Millisecond)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		if ok := get(ctx, client, url, host); ok {
			u.answered.Add(1)
		} else if ctx.Err() == nil {
			u.lost.Add(1)
		}
	}
}

// get reports whether a request was answered with 200.
func get(ctx context.Context, client *http.Client, url, host string) bool {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, url, http.NoBody)
	if err != nil {
		return false
	}
	request.Host = host
	response, err := client.Do(request)
	if err != nil {
		return false
	}
	defer func() { _ = response.Body.Close() }()
	return response.StatusCode == http.StatusOK
}

// goOn waits for further answers, and fails the test when a request was lost so far.
func (u *users) goOn(t *testing.T, when string) {
	t.Helper()
	want := u.answered.Load() + 60
	await(t, time.Minute, "further answers "+when, func(context.Context) (bool, error) { return u.answered.Load() >= want, nil })
	if lost := u.lost.Load(); lost != 0 {
		t.Errorf("%d of %d requests were lost %s, want none", lost, lost+u.answered.Load(), when)
	}
}
