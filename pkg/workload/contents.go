package workload

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"strings"
	"sync"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"

	flaggerv1 "github.com/linnet-delivery/linnet/pkg/apis/flagger/v1beta1"
	"github.com/linnet-delivery/linnet/pkg/kube"
)

// contents remembers the checksum of every ConfigMap and Secret that was read, so that content is
// fetched only when a resource version moves. It keeps no content. The zero value is ready to use.
type contents struct {
	mu   sync.Mutex
	seen map[contentKey]content
}

type contentKey struct {
	namespace string
	ref       kube.ConfigRef
}

type content struct {
	// version is the uid and resource version that the rest belongs to.
	version  string
	followed bool
	checksum string
}

func (cs *contents) get(key contentKey) (content, bool) {
	cs.mu.Lock()
	defer cs.mu.Unlock()
	c, ok := cs.seen[key]
	return c, ok
}

// remember stores and returns what obj, whose content is complete, comes to.
func (cs *contents) remember(key contentKey, obj client.Object) content {
	c := content{version: versionOf(obj), followed: isFollowed(obj), checksum: checksum(obj)}
	cs.mu.Lock()
	defer cs.mu.Unlock()
	if cs.seen == nil {
		cs.seen = map[contentKey]content{}
	}
	cs.seen[key] = c
	return c
}

func versionOf(obj metav1.Object) string {
	return string(obj.GetUID()) + "/" + obj.GetResourceVersion()
}

// cachedConfig reads metadata from the cache, and content past it if that version is new. An object
// that is gone keeps its last checksum, so that replacing it (delete, create) is not a new revision.
func (d *podTargets) cachedConfig(ctx context.Context, namespace string, ref kube.ConfigRef) (config, error) {
	meta, err := d.configMetadata(ctx, namespace, ref)
	if err != nil {
		return config{}, err
	}
	if meta == nil {
		return d.missingConfig(namespace, ref), nil
	}
	found := config{ConfigRef: ref, owners: meta.OwnerReferences}
	if optedOut(meta) {
		return found, nil
	}
	known, ok := d.contents.get(contentKey{namespace, ref})
	if !ok || known.version != versionOf(meta) {
		return d.liveConfig(ctx, namespace, ref)
	}
	found.followed, found.checksum = known.followed, known.checksum
	return found, nil
}

// configMetadata reads an object's metadata from the cache, nil when it does not exist.
func (d *podTargets) configMetadata(ctx context.Context, namespace string, ref kube.ConfigRef) (*metav1.PartialObjectMetadata, error) {
	meta := &metav1.PartialObjectMetadata{}
	meta.SetGroupVersionKind(corev1.SchemeGroupVersion.WithKind(string(ref.Kind)))
	if err := d.client.Get(ctx, types.NamespacedName{Namespace: namespace, Name: ref.Name}, meta); apierrors.IsNotFound(err) {
		return nil, nil
	} else if err != nil {
		return nil, fmt.Errorf("get metadata of %s %s: %w", ref.Kind, ref.Name, err)
	}
	return meta, nil
}

// liveConfig reads the whole object past the cache.
func (d *podTargets) liveConfig(ctx context.Context, namespace string, ref kube.ConfigRef) (config, error) {
	obj := newConfigObject(ref.Kind)
	err := d.live.Get(ctx, types.NamespacedName{Namespace: namespace, Name: ref.Name}, obj)
	if apierrors.IsNotFound(err) {
		return d.missingConfig(namespace, ref), nil
	}
	if err != nil {
		return config{}, fmt.Errorf("get %s %s: %w", ref.Kind, ref.Name, err)
	}
	c := d.contents.remember(contentKey{namespace, ref}, obj)
	return config{ConfigRef: ref, followed: c.followed, checksum: c.checksum, owners: obj.GetOwnerReferences(), object: obj}, nil
}

func (d *podTargets) missingConfig(namespace string, ref kube.ConfigRef) config {
	if last, ok := d.contents.get(contentKey{namespace, ref}); ok {
		return config{ConfigRef: ref, missing: true, followed: last.followed, checksum: last.checksum}
	}
	return config{ConfigRef: ref, missing: true, followed: true, checksum: neverSeen}
}

func newConfigObject(kind kube.ConfigKind) client.Object {
	if kind == kube.Secret {
		return &corev1.Secret{}
	}
	return &corev1.ConfigMap{}
}

func optedOut(obj metav1.Object) bool {
	return strings.HasPrefix(obj.GetAnnotations()[flaggerv1.ConfigTrackingAnnotation], "disable")
}

// isFollowed reports whether the object is part of revisions. Secrets that the cluster itself issues,
// such as service account tokens, are not.
func isFollowed(obj client.Object) bool {
	if optedOut(obj) {
		return false
	}
	secret, ok := obj.(*corev1.Secret)
	if !ok {
		return true
	}
	switch secret.Type {
	case "", corev1.SecretTypeOpaque, corev1.SecretTypeBasicAuth, corev1.SecretTypeSSHAuth, corev1.SecretTypeTLS:
		return true
	default:
		return false
	}
}

// checksum identifies an object's content in 16 hex digits. Without binary data they are those that
// Flagger writes.
func checksum(obj client.Object) string {
	hash := sha256.New()
	encoder := func(v any) {
		raw, _ := json.Marshal(v) // maps of strings and bytes always encode
		hash.Write(raw)
	}
	switch obj := obj.(type) {
	case *corev1.Secret:
		encoder(obj.Data)
	case *corev1.ConfigMap:
		encoder(obj.Data)
		if len(obj.BinaryData) > 0 {
			encoder(obj.BinaryData)
		}
	}
	return hex.EncodeToString(hash.Sum(nil)[:digestBytes])
}
