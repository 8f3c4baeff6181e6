package workload

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"testing"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	autoscalingv2 "k8s.io/api/autoscaling/v2"
	corev1 "k8s.io/api/core/v1"
	discoveryv1 "k8s.io/api/discovery/v1"
	policyv1 "k8s.io/api/policy/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/client/fake"
	"sigs.k8s.io/controller-runtime/pkg/client/interceptor"

	"github.com/linnet-delivery/linnet/pkg/kube"
)

// noon is when every test takes place.
var noon = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

func ago(d time.Duration) metav1.Time { return metav1.NewTime(noon.Add(-d)) }

// fault says what happens at a write.
type fault int

const (
	_ fault = iota // none
	// dieBefore loses the write.
	dieBefore
	// dieAfter carries it out and loses the answer.
	dieAfter
)

var errFault = errors.New("injected fault")

// scheme knows the kinds that the adapter reads and writes.
var scheme = func() *runtime.Scheme {
	s := runtime.NewScheme()
	for _, add := range []func(*runtime.Scheme) error{
		appsv1.AddToScheme, autoscalingv2.AddToScheme, corev1.AddToScheme, discoveryv1.AddToScheme, policyv1.AddToScheme,
	} {
		if err := add(s); err != nil {
			panic(err)
		}
	}
	s.AddKnownTypeWithName(scaledObjectGVK, &unstructured.Unstructured{})
	s.AddKnownTypeWithName(scaledObjectGVK.GroupVersion().WithKind("ScaledObjectList"), &unstructured.UnstructuredList{})
	return s
}()

// world is an API server in memory that counts writes and reads past the cache, and can fail at one write.
type world struct {
	client.Client
	t         *testing.T
	writes    []string
	liveReads []string
	// rolls counts how often the primary's template changed; the first is its creation.
	rolls   int
	failAt  int
	failing fault
}

func newWorld(t *testing.T, objects ...client.Object) *world {
	t.Helper()
	w := &world{t: t}
	w.Client = fake.NewClientBuilder().WithScheme(scheme).WithObjects(objects...).
		WithInterceptorFuncs(interceptor.Funcs{
			Create: func(ctx context.Context, c client.WithWatch, obj client.Object, opts ...client.CreateOption) error {
				return w.write(ctx, c, "create", obj, func() error { return c.Create(ctx, obj, opts...) })
			},
			Update: func(ctx context.Context, c client.WithWatch, obj client.Object, opts ...client.UpdateOption) error {
				return w.write(ctx, c, "update", obj, func() error { return c.Update(ctx, obj, opts...) })
			},
			Patch: func(ctx context.Context, c client.WithWatch, obj client.Object, patch client.Patch, opts ...client.PatchOption) error {
				return w.write(ctx, c, "patch", obj, func() error { return c.Patch(ctx, obj, patch, opts...) })
			},
			Delete: func(ctx context.Context, c client.WithWatch, obj client.Object, opts ...client.DeleteOption) error {
				return w.write(ctx, c, "delete", obj, func() error { return c.Delete(ctx, obj, opts...) })
			},
		}).Build()
	return w
}

func (w *world) write(ctx context.Context, c client.Client, verb string, obj client.Object, do func() error) error {
	w.writes = append(w.writes, fmt.Sprintf("%s %s %s", verb, kindOf(obj), obj.GetName()))
	fails := w.failAt == len(w.writes)
	if fails && w.failing == dieBefore {
		return errFault
	}
	before := w.template(ctx, c)
	if err := do(); err != nil {
		return err
	}
	if w.template(ctx, c) != before {
		w.rolls++
	}
	if fails {
		return errFault
	}
	return nil
}

// template returns what the primary runs as text, empty without a primary.
func (w *world) template(ctx context.Context, c client.Client) string {
	var text string
	add := func(name string, template any) {
		if _, is := kube.SourceName(name); is {
			raw, _ := json.Marshal(template)
			text += string(raw)
		}
	}
	var (
		deployments appsv1.DeploymentList
		daemonSets  appsv1.DaemonSetList
		services    corev1.ServiceList
	)
	for _, list := range []client.ObjectList{&deployments, &daemonSets, &services} {
		if err := c.List(ctx, list); err != nil {
			w.t.Fatal(err)
		}
	}
	for _, dep := range deployments.Items {
		add(dep.Name, dep.Spec.Template)
	}
	for _, ds := range daemonSets.Items {
		add(ds.Name, ds.Spec.Template)
	}
	for _, svc := range services.Items {
		add(svc.Name, svc.Spec)
	}
	return text
}

func kindOf(obj client.Object) string {
	switch obj := obj.(type) {
	case *appsv1.Deployment:
		return "Deployment"
	case *appsv1.DaemonSet:
		return "DaemonSet"
	case *corev1.Service:
		return "Service"
	case *policyv1.PodDisruptionBudget:
		return "PodDisruptionBudget"
	case *unstructured.Unstructured:
		return obj.GetKind()
	case *corev1.ConfigMap:
		return "ConfigMap"
	case *corev1.Secret:
		return "Secret"
	case *autoscalingv2.HorizontalPodAutoscaler:
		return "HorizontalPodAutoscaler"
	default:
		return fmt.Sprintf("%T", obj)
	}
}

// live is the world read past the cache.
type live struct{ *world }

func (l live) Get(ctx context.Context, key client.ObjectKey, obj client.Object, opts ...client.GetOption) error {
	l.liveReads = append(l.liveReads, kindOf(obj)+" "+key.Name)
	return l.Client.Get(ctx, key, obj, opts...)
}

// adapter returns a Targets that has just been started in this world.
func (w *world) adapter(edits ...func(*Options)) *Targets {
	o := Options{Client: w.Client, Live: live{w}, Now: func() time.Time { return noon }, ConfigTracking: true}
	for _, edit := range edits {
		edit(&o)
	}
	return New(o)
}

func (w *world) get(name string, obj client.Object) bool {
	w.t.Helper()
	err := w.Get(w.t.Context(), client.ObjectKey{Namespace: "test", Name: name}, obj)
	if client.IgnoreNotFound(err) != nil {
		w.t.Fatal(err)
	}
	return err == nil
}

func (w *world) deployment(name string) *appsv1.Deployment {
	w.t.Helper()
	dep := &appsv1.Deployment{}
	if !w.get(name, dep) {
		w.t.Fatalf("Deployment %s does not exist", name)
	}
	return dep
}

func (w *world) hpa(name string) *autoscalingv2.HorizontalPodAutoscaler {
	w.t.Helper()
	hpa := &autoscalingv2.HorizontalPodAutoscaler{}
	if !w.get(name, hpa) {
		w.t.Fatalf("HorizontalPodAutoscaler %s does not exist", name)
	}
	return hpa
}

// edit changes an object behind the adapter's back, without counting as a write.
func edit[T client.Object](w *world, obj T, change func(T)) {
	w.t.Helper()
	if err := w.Get(w.t.Context(), client.ObjectKeyFromObject(obj), obj); err != nil {
		w.t.Fatal(err)
	}
	change(obj)
	writes, rolls, status := w.writes, w.rolls, obj.DeepCopyObject().(T)
	if err := w.Update(w.t.Context(), obj); err != nil {
		w.t.Fatal(err)
	}
	switch any(obj).(type) {
	case *appsv1.Deployment, *appsv1.DaemonSet:
		status.SetResourceVersion(obj.GetResourceVersion())
		if err := w.Status().Update(w.t.Context(), status); err != nil {
			w.t.Fatal(err)
		}
	}
	w.writes, w.rolls = writes, rolls
}

// forget starts counting afresh.
func (w *world) forget() { w.writes, w.liveReads, w.rolls = nil, nil, 0 }
