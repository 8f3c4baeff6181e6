package controller_test

import (
	"context"
	"fmt"
	"testing"
	"time"

	istiov1 "istio.io/client-go/pkg/apis/networking/v1"
	appsv1 "k8s.io/api/apps/v1"
	autoscalingv2 "k8s.io/api/autoscaling/v2"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/equality"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/client/fake"

	flaggerv1 "github.com/linnet-delivery/linnet/pkg/apis/flagger/v1beta1"
	"github.com/linnet-delivery/linnet/pkg/controller"
	"github.com/linnet-delivery/linnet/pkg/rollout"
	"github.com/linnet-delivery/linnet/pkg/traffic"
	"github.com/linnet-delivery/linnet/pkg/traffic/istio"
	"github.com/linnet-delivery/linnet/pkg/traffic/service"
	"github.com/linnet-delivery/linnet/pkg/workload"
)

const namespace = "test"

// world is an API server in memory with the one application podinfo on it, a
// Deployment controller that needs two looks to roll pods, and a Linnet that
// can die and start again.
type world struct {
	t      *testing.T
	api    client.WithWatch // what everybody else writes through
	faults *faults
	linnet *controller.Reconciler
	now    time.Time
	// verdict answers every analysis.
	verdict func(c *flaggerv1.Canary) rollout.Verdict
	// rolls counts the primary's pod templates, its first included.
	rolls  int
	events []rollout.Event
	// broken lists images whose pods never become ready.
	broken map[string]bool
	// rolled is the generation that the Deployment controller has begun to roll.
	rolled map[string]int64
}

func newWorld(t *testing.T, edits ...func(*flaggerv1.Canary)) *world {
	t.Helper()
	w := &world{
		t: t, now: time.Date(2026, 11, 22, 10, 0, 0, 0, time.UTC),
		verdict: func(*flaggerv1.Canary) rollout.Verdict { return rollout.Pass },
		broken:  map[string]bool{}, rolled: map[string]int64{},
	}
	scheme := runtime.NewScheme()
	for _, add := range []func(*runtime.Scheme) error{corev1.AddToScheme, appsv1.AddToScheme, autoscalingv2.AddToScheme, istiov1.AddToScheme, flaggerv1.AddToScheme} {
		if err := add(scheme); err != nil {
			t.Fatal(err)
		}
	}
	c := canary()
	for _, edit := range edits {
		edit(c)
	}
	w.api = fake.NewClientBuilder().WithScheme(scheme).
		WithStatusSubresource(&flaggerv1.Canary{}, &appsv1.Deployment{}).
		WithIndex(&flaggerv1.Canary{}, controller.Touches, controller.Touched).
		WithIndex(&appsv1.Deployment{}, controller.RunsFlagger, controller.FlaggerIn).
		WithObjects(c, deployment("podinfo:1")).Build()
	w.faults = &faults{api: w.api, world: w}
	w.kubelet()
	w.start()
	return w
}

// start begins a new process: nothing that was in memory is left.
func (w *world) start() {
	c := w.faults.client()
	w.linnet = &controller.Reconciler{
		Client:   c,
		Workload: workload.New(workload.Options{Client: c, Live: c, Now: w.clock, ConfigTracking: true}),
		Router:   traffic.Chain{Services: service.New(c, service.Options{}), Mesh: istio.New(c, istio.Options{})},
		Analyst:  analyst{w}, Hooks: hooks{w}, Asker: inline{}, Teller: teller{w}, Meter: noMeter{},
		Now: w.clock, Barriers: rollout.DefaultBarriers(),
	}
}

func (w *world) clock() time.Time { return w.now }

// run reconciles until done says so and everything is at rest: a pass that wrote
// nothing and waits for nothing. It fails the test when that takes too many passes.
func (w *world) run(what string, done func(*flaggerv1.Canary) bool) {
	w.t.Helper()
	w.until(what, func(c *flaggerv1.Canary, atRest bool) bool { return atRest && done(c) })
}

// until reconciles until done says so of the Canary and of whether everything is at rest.
func (w *world) until(what string, done func(c *flaggerv1.Canary, atRest bool) bool) {
	w.t.Helper()
	for range 500 {
		writes := w.faults.writes
		wake := w.pass()
		moved := w.kubelet()
		if done(w.canary(), wake == 0 && !moved && w.faults.writes == writes) {
			return
		}
		w.now = w.now.Add(max(wake, 100*time.Millisecond))
	}
	c := w.canary()
	w.t.Fatalf("%s: never happened; phase %s, stage %q, weight %d: %s", what, c.Status.Phase, c.Status.Stage, c.Status.CanaryWeight, c.Status.Message)
}

// pass is one reconcile; a death in the middle of it starts a new process.
func (w *world) pass() (wake time.Duration) {
	defer func() {
		if r := recover(); r != nil {
			if _, died := r.(death); !died {
				panic(r)
			}
			w.start()
			wake = time.Second
		}
	}()
	return w.reconcile("podinfo")
}

func (w *world) reconcile(name string) time.Duration {
	result, err := w.linnet.Reconcile(context.Background(), ctrl.Request{NamespacedName: key(name)})
	if err != nil {
		return time.Second // the queue backs off
	}
	return result.RequeueAfter
}

// kubelet plays the Deployment controller and the nodes: a new template is seen
// at the first look and runs at the second. It reports whether something changed.
func (w *world) kubelet() (moved bool) {
	for _, name := range []string{"podinfo", "podinfo-primary"} {
		d := &appsv1.Deployment{}
		if err := w.api.Get(context.Background(), key(name), d); apierrors.IsNotFound(err) {
			delete(w.rolled, name)
			continue
		} else if err != nil {
			w.t.Fatal(err)
		}
		n := *d.Spec.Replicas
		ready := n
		if w.rolled[name] != d.Generation || w.broken[d.Spec.Template.Spec.Containers[0].Image] {
			ready = 0
		}
		w.rolled[name] = d.Generation
		before := d.Status
		d.Status = appsv1.DeploymentStatus{
			ObservedGeneration: d.Generation, Replicas: n, UpdatedReplicas: ready, ReadyReplicas: n, AvailableReplicas: n,
		}
		if name == "podinfo" || w.broken[d.Spec.Template.Spec.Containers[0].Image] {
			d.Status.ReadyReplicas, d.Status.AvailableReplicas = ready, ready
		}
		if equality.Semantic.DeepEqual(before, d.Status) {
			continue
		}
		moved = true
		if err := w.api.Status().Update(context.Background(), d); err != nil {
			w.t.Fatal(err)
		}
	}
	return moved
}

// ship gives the target a new image, as a user would.
func (w *world) ship(image string) {
	w.t.Helper()
	d := w.deployment("podinfo")
	d.Spec.Template.Spec.Containers[0].Image = image
	d.Generation++
	if err := w.api.Update(context.Background(), d); err != nil {
		w.t.Fatal(err)
	}
}

func (w *world) canary() *flaggerv1.Canary {
	c := &flaggerv1.Canary{}
	if err := w.api.Get(context.Background(), key("podinfo"), c); err != nil {
		w.t.Fatal(err)
	}
	return c
}

func (w *world) deployment(name string) *appsv1.Deployment {
	d := &appsv1.Deployment{}
	if err := w.api.Get(context.Background(), key(name), d); err != nil {
		w.t.Fatal(err)
	}
	return d
}

// end is what matters when everything has come to rest.
type end struct {
	Phase                flaggerv1.CanaryPhase
	Weight, Route        int
	Target, Primary      int32
	Image, Apex          string
	LastApplied, Conditi string
	// Cookie is the one to take back, and Routes how many routes there are.
	Cookie string
	Routes int
}

func (w *world) end() end {
	w.t.Helper()
	c, target, primary := w.canary(), w.deployment("podinfo"), w.deployment("podinfo-primary")
	apex := &corev1.Service{}
	if err := w.api.Get(context.Background(), key("podinfo"), apex); err != nil {
		w.t.Fatal(err)
	}
	e := end{
		Phase: c.Status.Phase, Weight: c.Status.CanaryWeight, Route: w.route(),
		Target: *target.Spec.Replicas, Primary: *primary.Spec.Replicas,
		Image: primary.Spec.Template.Spec.Containers[0].Image, Apex: apex.Spec.Selector["app"],
		LastApplied: c.Status.LastAppliedSpec, Cookie: c.Status.PreviousSessionAffinityCookie, Routes: len(w.virtualService().Spec.Http),
	}
	for _, cond := range c.Status.Conditions {
		e.Conditi += fmt.Sprintf("%s=%s/%s ", cond.Type, cond.Status, cond.Reason)
	}
	return e
}

// route returns the canary's weight in the VirtualService, -1 without one.
func (w *world) route() int {
	vs := &istiov1.VirtualService{}
	if err := w.api.Get(context.Background(), key("podinfo"), vs); err != nil {
		return -1
	}
	for _, d := range vs.Spec.Http[len(vs.Spec.Http)-1].Route {
		if d.Destination.Host == "podinfo-canary" {
			return int(d.Weight)
		}
	}
	return -1
}

// countRoll notices a new pod template on the primary.
func (w *world) countRoll(before, after *appsv1.Deployment) {
	if before == nil || !equality.Semantic.DeepEqual(before.Spec.Template, after.Spec.Template) {
		w.rolls++
	}
}

// inline is an Asker that answers at once.
type inline struct{}

func (inline) Ask(_ string, _ rollout.Question, work func(context.Context) rollout.Answer) rollout.Answer {
	return work(context.Background())
}
func (inline) Forget(string) {}

// analyst gives the world's verdict and always finds silence.
type analyst struct{ *world }

func (a analyst) Check(context.Context, *flaggerv1.Canary) error { return nil }

func (a analyst) Analyse(_ context.Context, c *flaggerv1.Canary) rollout.Answer {
	return rollout.Answer{Verdict: a.verdict(c), Reason: "as the test says", At: a.now}
}

func (a analyst) Silent(context.Context, *flaggerv1.Canary, string) rollout.Answer {
	return rollout.Answer{Verdict: rollout.Pass, At: a.now}
}

// hooks opens every gate.
type hooks struct{ *world }

func (h hooks) Ask(context.Context, *flaggerv1.Canary, flaggerv1.HookType, rollout.Phase) rollout.Answer {
	return rollout.Answer{Verdict: rollout.Pass, At: h.now}
}

// teller keeps what it is told.
type teller struct{ *world }

func (t teller) Tell(_ *flaggerv1.Canary, events []rollout.Event) {
	t.events = append(t.events, events...)
}

func (t teller) PostRollout(*flaggerv1.Canary, rollout.Phase) {}

type noMeter struct{}

func (noMeter) Observe(string, string, rollout.Record) {}
func (noMeter) Forget(string, string)                  {}

func key(name string) client.ObjectKey { return client.ObjectKey{Namespace: namespace, Name: name} }

func canary() *flaggerv1.Canary {
	return &flaggerv1.Canary{
		ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: "podinfo", UID: "canary-uid", Generation: 1},
		Spec: flaggerv1.CanarySpec{
			TargetRef: flaggerv1.TargetReference{APIVersion: "apps/v1", Kind: "Deployment", Name: "podinfo"},
			Service:   flaggerv1.CanaryService{Port: 9898},
			Analysis: flaggerv1.CanaryAnalysis{
				Interval: "10s", Threshold: 2, StepWeights: []int{20, 50},
				Metrics: []flaggerv1.CanaryMetric{{Name: "request-success-rate"}},
			},
		},
	}
}

func deployment(image string) *appsv1.Deployment {
	two := int32(2)
	labels := map[string]string{"app": "podinfo"}
	return &appsv1.Deployment{
		ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: "podinfo", UID: "target-uid", Generation: 1},
		Spec: appsv1.DeploymentSpec{
			Replicas: &two,
			Selector: &metav1.LabelSelector{MatchLabels: labels},
			Template: corev1.PodTemplateSpec{
				ObjectMeta: metav1.ObjectMeta{Labels: labels},
				Spec:       corev1.PodSpec{Containers: []corev1.Container{{Name: "podinfod", Image: image}}},
			},
		},
	}
}
