package apiserver

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	istiov1 "istio.io/client-go/pkg/apis/networking/v1"
	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/linnet-delivery/linnet/e2e/framework"
	flaggerv1 "github.com/linnet-delivery/linnet/pkg/apis/flagger/v1beta1"
)

// application makes the application with a ConfigMap that it reads, and its Canary.
func application(t *testing.T, namespace string, edits ...func(*flaggerv1.Canary)) {
	t.Helper()
	create(t, settings(namespace, "settings", "green"), framework.Podinfo(namespace, "6.0.0", readingSettings), framework.NewCanary(namespace, edits...))
}

func readingSettings(d *appsv1.Deployment) {
	d.Spec.Template.Spec.Containers[0].EnvFrom = []corev1.EnvFromSource{{
		ConfigMapRef: &corev1.ConfigMapEnvSource{LocalObjectReference: corev1.LocalObjectReference{Name: "settings"}},
	}}
}

// ship gives the application a new version.
func ship(t *testing.T, namespace, version string) {
	t.Helper()
	d := &appsv1.Deployment{ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: framework.App}}
	update(t, d, func(d *appsv1.Deployment) { d.Spec.Template.Spec.Containers[0].Image = framework.Image(version) })
}

var fiveSteps = []int{10, 20, 30, 40, 50}

// A release of five steps costs a known number of requests, and an idle Canary none.
func TestARelease(t *testing.T) {
	t.Parallel()
	namespace := newNamespace(t)
	l := startLinnet(t, namespace, newPrometheus(t))
	start := l.mark()
	application(t, namespace, framework.Steps(fiveSteps...))
	awaitPhase(t, namespace, flaggerv1.PhaseInitialized)
	l.awaitTold(t, start, "Initialized")
	t.Logf("requests of the initialisation:\n%s", table(l.since(start)))

	start = l.mark()
	ship(t, namespace, "6.0.1")
	for _, weight := range append(fiveSteps, 100, 0) { // all on the canary while the primary is replaced
		awaitRoute(t, namespace, fmt.Sprintf("at canary weight %d", weight), func(vs *istiov1.VirtualService) bool {
			return canaryWeight(vs) == int64(weight)
		})
	}
	awaitPhase(t, namespace, flaggerv1.PhaseSucceeded)
	l.awaitTold(t, start, "Succeeded")
	idle := l.rest(t)
	release := l.since(start)
	t.Logf("requests of a release of %d steps:\n%s", len(fiveSteps), table(release))

	steps := cutByWeight(t, release)
	checkWeights(t, steps)
	checkStepCost(t, steps)
	checkLiveReads(t, release)
	checkOneRoll(t, release)
	checkNoContentWatched(t, l.watches())
	if len(idle) > 0 {
		t.Errorf("%d requests of an idle Canary in %s, want none:\n%s", len(idle), *idleTime, listed(idle))
	}
}

// rest returns what the controller asks while nothing happens.
func (l *linnet) rest(t *testing.T) []entry {
	t.Helper()
	l.settle(t, 0)
	start := l.mark()
	window := time.NewTimer(*idleTime)
	defer window.Stop()
	select {
	case <-window.C:
	case <-l.done:
		t.Fatal("the controller ended by itself")
	}
	return l.since(start)
}

// step is what was written from one weight of the route to the next.
type step struct {
	weight int64
	writes []entry
}

// cutByWeight cuts the writes of a release before each write of the VirtualService. What comes
// before the first has weight -1.
func cutByWeight(t *testing.T, release []entry) []step {
	t.Helper()
	steps := []step{{weight: -1}}
	for _, e := range writes(release) {
		if e.Resource == "virtualservices" {
			steps = append(steps, step{weight: weightIn(t, e)})
		}
		last := &steps[len(steps)-1]
		last.writes = append(last.writes, e)
	}
	return steps
}

func checkWeights(t *testing.T, steps []step) {
	t.Helper()
	var weights []int64
	for _, s := range steps[1:] {
		weights = append(weights, s.weight)
	}
	// The promotion sends everything to the canary, and then to the new primary.
	if want := []int64{10, 20, 30, 40, 50, 100, 0}; !slices.Equal(weights, want) {
		t.Errorf("the route got the canary weights %v, want %v", weights, want)
	}
}

// A step writes the route, the status and an event: one each.
func checkStepCost(t *testing.T, steps []step) {
	t.Helper()
	for _, s := range steps {
		if s.weight >= 10 && s.weight <= 40 && len(s.writes) > 3 {
			t.Errorf("%d writes at weight %d, want at most 3:\n%s", len(s.writes), s.weight, listed(s.writes))
		}
	}
}

// Decisions are made from caches. Only what cannot be taken back is read live before it is written:
// the target, and the configuration of which the primary gets a copy.
func checkLiveReads(t *testing.T, release []entry) {
	t.Helper()
	reads := pick(release, func(e entry) bool { return !e.Writes() })
	unguarded := pick(reads, func(e entry) bool {
		return e.String() != fmt.Sprintf("200 get deployments %s/%s", e.Namespace, framework.App) &&
			e.String() != fmt.Sprintf("200 get configmaps %s/settings", e.Namespace)
	})
	if len(unguarded) > 0 || len(reads) > 2 {
		t.Errorf("live reads during a release, want the target and its ConfigMap once each:\n%s", listed(reads))
	}
}

// The primary's pods are replaced once.
func checkOneRoll(t *testing.T, release []entry) {
	t.Helper()
	rolls := pick(writes(release), func(e entry) bool {
		spec, _ := e.fields()["spec"].(map[string]any)
		return e.Resource == "deployments" && e.Name == framework.App+"-primary" && spec["template"] != nil
	})
	if len(rolls) != 1 {
		t.Errorf("the primary's template was written %d times, want once:\n%s", len(rolls), listed(rolls))
	}
}

// Nobody's passwords are kept in memory: ConfigMaps and Secrets are watched by their metadata alone.
func checkNoContentWatched(t *testing.T, watches []entry) {
	t.Helper()
	whole := pick(watches, func(e entry) bool {
		return (e.Resource == "configmaps" || e.Resource == "secrets") && !strings.Contains(e.accept, "PartialObjectMetadata")
	})
	if len(whole) > 0 {
		t.Errorf("the contents of ConfigMaps or Secrets are watched:\n%s", listed(whole))
	}
}

func listed(entries []entry) string {
	var b strings.Builder
	for _, e := range entries {
		fmt.Fprintf(&b, "  %s %s %s\n", e.At.Format("15:04:05.000"), e, e.body)
	}
	return b.String()
}
