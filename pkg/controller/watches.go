package controller

import (
	"context"
	"fmt"
	"slices"
	"strings"

	istiov1 "istio.io/client-go/pkg/apis/networking/v1"
	appsv1 "k8s.io/api/apps/v1"
	autoscalingv2 "k8s.io/api/autoscaling/v2"
	corev1 "k8s.io/api/core/v1"
	discoveryv1 "k8s.io/api/discovery/v1"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/types"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/builder"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/controller"
	"sigs.k8s.io/controller-runtime/pkg/event"
	"sigs.k8s.io/controller-runtime/pkg/handler"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"
	"sigs.k8s.io/controller-runtime/pkg/source"

	flaggerv1 "github.com/linnet-delivery/linnet/pkg/apis/flagger/v1beta1"
	"github.com/linnet-delivery/linnet/pkg/kube"
)

// Touches is the cache index from "Kind/name" to the Canaries of the same
// namespace that read or write that object.
const Touches = "touches"

// SetupWithManager registers the controller: every object that a Canary reads
// or writes wakes it, so nothing polls. Answers arrive through woken. Kinds of
// other projects are watched where the cluster knows them.
func (r *Reconciler) SetupWithManager(ctx context.Context, mgr ctrl.Manager, workers int, woken <-chan event.GenericEvent) error {
	if err := mgr.GetFieldIndexer().IndexField(ctx, &flaggerv1.Canary{}, Touches, Touched); err != nil {
		return fmt.Errorf("index Canaries: %w", err)
	}
	if err := mgr.GetFieldIndexer().IndexField(ctx, &appsv1.Deployment{}, RunsFlagger, FlaggerIn); err != nil {
		return fmt.Errorf("index Deployments: %w", err)
	}
	b := ctrl.NewControllerManagedBy(mgr).
		Named("canary").
		For(&flaggerv1.Canary{}).
		WithOptions(controller.Options{MaxConcurrentReconciles: workers}).
		WatchesRawSource(source.Channel(woken, &handler.EnqueueRequestForObject{}))
	for kind, object := range map[string]client.Object{
		"Deployment":              &appsv1.Deployment{},
		"DaemonSet":               &appsv1.DaemonSet{},
		"Service":                 &corev1.Service{},
		"HorizontalPodAutoscaler": &autoscalingv2.HorizontalPodAutoscaler{},
	} {
		b = b.Watches(object, r.wakes(kind, client.Object.GetName))
	}
	scaledObject := &unstructured.Unstructured{}
	scaledObject.SetGroupVersionKind(schema.GroupVersionKind{Group: "keda.sh", Version: "v1alpha1", Kind: "ScaledObject"})
	for kind, object := range map[string]client.Object{
		"VirtualService":  &istiov1.VirtualService{},
		"DestinationRule": &istiov1.DestinationRule{},
		"ScaledObject":    scaledObject,
	} {
		known, err := knows(mgr, object)
		if err != nil {
			return err
		}
		if known {
			b = b.Watches(object, r.wakes(kind, client.Object.GetName))
		}
	}
	if err := r.watchReferences(b).Complete(r); err != nil {
		return fmt.Errorf("set up the Canary controller: %w", err)
	}
	return nil
}

// watchReferences adds what targets and Canaries refer to.
func (r *Reconciler) watchReferences(b *builder.Builder) *builder.Builder {
	b = b.Watches(&corev1.Pod{}, handler.EnqueueRequestsFromMapFunc(func(ctx context.Context, o client.Object) []reconcile.Request {
		if owner := workloadOf(o); owner != "" {
			return r.touching(ctx, owner, client.InNamespace(o.GetNamespace()))
		}
		return nil
	}))
	b = b.Watches(&discoveryv1.EndpointSlice{}, r.wakes("Service", func(o client.Object) string {
		return o.GetLabels()[discoveryv1.LabelServiceName]
	}))
	if r.ConfigTracking {
		b = r.watchConfigs(b)
	}
	b = b.Watches(&flaggerv1.MetricTemplate{}, handler.EnqueueRequestsFromMapFunc(func(ctx context.Context, o client.Object) []reconcile.Request {
		return r.touching(ctx, templateKey(o.GetNamespace(), o.GetName()))
	}))
	b = b.Watches(&appsv1.Deployment{}, handler.EnqueueRequestsFromMapFunc(r.rivalled))
	return b.Watches(&flaggerv1.Canary{}, handler.EnqueueRequestsFromMapFunc(r.rivals))
}

// watchConfigs adds the metadata of everybody's configuration: its content stays where it is.
func (r *Reconciler) watchConfigs(b *builder.Builder) *builder.Builder {
	for kind, object := range map[string]*metav1.PartialObjectMetadata{
		"configmap": {TypeMeta: metav1.TypeMeta{APIVersion: "v1", Kind: "ConfigMap"}},
		"secret":    {TypeMeta: metav1.TypeMeta{APIVersion: "v1", Kind: "Secret"}},
	} {
		b = b.Watches(object, r.wakes(kind, client.Object.GetName), builder.OnlyMetadata)
	}
	return b
}

// knows reports whether the cluster serves the kind of an object.
func knows(mgr ctrl.Manager, o client.Object) (bool, error) {
	gvk, err := mgr.GetClient().GroupVersionKindFor(o)
	if err != nil {
		return false, fmt.Errorf("look up %T: %w", o, err)
	}
	_, err = mgr.GetRESTMapper().RESTMapping(gvk.GroupKind(), gvk.Version)
	if meta.IsNoMatchError(err) {
		return false, nil
	}
	if err != nil {
		return false, fmt.Errorf("look up %s: %w", gvk, err)
	}
	return true, nil
}

// wakes maps an object to the Canaries that touch it, by a name that the object gives.
func (r *Reconciler) wakes(kind string, name func(client.Object) string) handler.EventHandler {
	return handler.EnqueueRequestsFromMapFunc(func(ctx context.Context, o client.Object) []reconcile.Request {
		return r.touching(ctx, kind+"/"+name(o), client.InNamespace(o.GetNamespace()))
	})
}

// touching returns the Canaries that read or write what key names.
func (r *Reconciler) touching(ctx context.Context, key string, where ...client.ListOption) []reconcile.Request {
	return r.toWake(ctx, key, append(where, client.MatchingFields{Touches: key})...)
}

// toWake returns the Canaries that are to look at a change of what, which is named where they cannot be found.
func (r *Reconciler) toWake(ctx context.Context, what string, which ...client.ListOption) []reconcile.Request {
	canaries := &flaggerv1.CanaryList{}
	if err := r.Client.List(ctx, canaries, which...); err != nil {
		ctrl.LoggerFrom(ctx).Error(err, "Find the Canaries to wake", "for", what)
		return nil
	}
	requests := make([]reconcile.Request, 0, len(canaries.Items))
	for i := range canaries.Items {
		requests = append(requests, reconcile.Request{NamespacedName: client.ObjectKeyFromObject(&canaries.Items[i])})
	}
	return requests
}

// rivals maps a Canary to those that want the same target: when it goes, one of them may have it.
func (r *Reconciler) rivals(ctx context.Context, o client.Object) []reconcile.Request {
	c, ok := o.(*flaggerv1.Canary)
	if !ok {
		return nil
	}
	wanting := r.touching(ctx, targetKey(c), client.InNamespace(c.Namespace))
	return slices.DeleteFunc(wanting, func(q reconcile.Request) bool { return q.Name == c.Name })
}

// targetKey names the Canary's target among what it touches.
func targetKey(c *flaggerv1.Canary) string {
	return c.Spec.TargetRef.Kind + "/" + c.Spec.TargetRef.Name
}

func templateKey(namespace, name string) string { return "MetricTemplate/" + namespace + "/" + name }

// Touched lists what a Canary reads or writes, as "Kind/name".
func Touched(o client.Object) []string {
	c, ok := o.(*flaggerv1.Canary)
	if !ok {
		return nil
	}
	target, apex := c.Spec.TargetRef.Name, c.ApexServiceName()
	keys := []string{
		targetKey(c), c.Spec.TargetRef.Kind + "/" + kube.PrimaryName(target),
		"Service/" + apex, "Service/" + kube.PrimaryName(apex), "Service/" + kube.CanaryName(apex),
		"VirtualService/" + apex,
		"DestinationRule/" + kube.PrimaryName(apex), "DestinationRule/" + kube.CanaryName(apex),
	}
	if a := c.Spec.AutoscalerRef; a != nil {
		keys = append(keys, a.Kind+"/"+a.Name, a.Kind+"/"+kube.PrimaryName(a.Name))
	}
	for _, m := range c.Spec.Analysis.Metrics {
		if m.TemplateRef != nil {
			keys = append(keys, templateKey(m.TemplateRef.NamespaceOr(c.Namespace), m.TemplateRef.Name))
		}
	}
	for config := range c.Status.TrackedConfigs {
		kind, name, _ := strings.Cut(config, "/")
		keys = append(keys, config, kind+"/"+kube.PrimaryName(name))
	}
	return keys
}

// workloadOf returns "Kind/name" of the workload that a Pod belongs to; empty for
// Pods of others. A Deployment's name is read off its ReplicaSet's.
func workloadOf(o client.Object) string {
	owner := metav1.GetControllerOf(o)
	switch {
	case owner == nil:
	case owner.Kind == "DaemonSet":
		return "DaemonSet/" + owner.Name
	case owner.Kind == "ReplicaSet":
		if i := strings.LastIndex(owner.Name, "-"); i >= 0 {
			return "Deployment/" + owner.Name[:i]
		}
	}
	return ""
}

// unclaimed refuses a Canary whose target an older Canary already releases.
func (r *Reconciler) unclaimed(ctx context.Context, c *flaggerv1.Canary) error {
	others := &flaggerv1.CanaryList{}
	key := targetKey(c)
	if err := r.Client.List(ctx, others, client.InNamespace(c.Namespace), client.MatchingFields{Touches: key}); err != nil {
		return fmt.Errorf("list the Canaries of %s: %w", key, err)
	}
	for i := range others.Items {
		o := &others.Items[i]
		if o.UID != c.UID && o.Spec.TargetRef == c.Spec.TargetRef && older(o, c) {
			return refuse("target %s is already released by Canary %s: delete one of the two", key, o.Name)
		}
	}
	return nil
}

func older(a, b *flaggerv1.Canary) bool {
	if a.CreationTimestamp.Equal(&b.CreationTimestamp) {
		return a.Name < b.Name
	}
	return a.CreationTimestamp.Before(&b.CreationTimestamp)
}

// Waker returns a function that wakes the Canary with the key "namespace/name",
// and the channel that SetupWithManager takes. It never blocks for long: the
// controller drains the channel.
func Waker() (wake func(key string), woken <-chan event.GenericEvent) {
	events := make(chan event.GenericEvent, 1024)
	return func(key string) {
		namespace, name, _ := strings.Cut(key, string(types.Separator))
		c := &flaggerv1.Canary{ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: name}}
		events <- event.GenericEvent{Object: c}
	}, events
}
