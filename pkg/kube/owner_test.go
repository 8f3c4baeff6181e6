package kube

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"

	flaggerv1 "github.com/linnet-delivery/linnet/pkg/apis/flagger/v1beta1"
)

func canary(name, uid string) *flaggerv1.Canary {
	return &flaggerv1.Canary{ObjectMeta: metav1.ObjectMeta{Namespace: "test", Name: name, UID: types.UID(uid)}}
}

func helper(c *flaggerv1.Canary) metav1.OwnerReference {
	ref := ControllerRef(c)
	ref.Controller, ref.BlockOwnerDeletion = nil, nil
	return ref
}

func TestWithOwner(t *testing.T) {
	podinfo, backend := canary("podinfo", "1"), canary("backend", "2")
	somebody := metav1.OwnerReference{APIVersion: "apps/v1", Kind: "Deployment", Name: "podinfo", UID: "3", Controller: new(true)}
	tests := map[string]struct {
		refs    []metav1.OwnerReference
		want    []metav1.OwnerReference
		changed bool
	}{
		"the first owner controls":            {nil, []metav1.OwnerReference{ControllerRef(podinfo)}, true},
		"an owner is not added twice":         {[]metav1.OwnerReference{ControllerRef(podinfo)}, []metav1.OwnerReference{ControllerRef(podinfo)}, false},
		"a further owner does not control":    {[]metav1.OwnerReference{ControllerRef(backend)}, []metav1.OwnerReference{ControllerRef(backend), helper(podinfo)}, true},
		"nor beside something else":           {[]metav1.OwnerReference{somebody}, []metav1.OwnerReference{somebody, helper(podinfo)}, true},
		"a deleted Canary of the name yields": {[]metav1.OwnerReference{ControllerRef(canary("podinfo", "0"))}, []metav1.OwnerReference{ControllerRef(podinfo)}, true},
		"and leaves its place as it was": {
			[]metav1.OwnerReference{ControllerRef(backend), helper(canary("podinfo", "0"))},
			[]metav1.OwnerReference{ControllerRef(backend), helper(podinfo)},
			true,
		},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			before := append([]metav1.OwnerReference(nil), tc.refs...)
			got, changed := WithOwner(tc.refs, podinfo)
			if diff := cmp.Diff(tc.want, got); diff != "" || changed != tc.changed {
				t.Errorf("WithOwner() changed %t, want %t; references differ (-want +got):\n%s", changed, tc.changed, diff)
			}
			if diff := cmp.Diff(before, tc.refs); diff != "" {
				t.Errorf("WithOwner() changed its argument (-before +after):\n%s", diff)
			}
		})
	}
}

func TestController(t *testing.T) {
	podinfo := canary("podinfo", "1")
	tests := map[string]struct {
		refs  []metav1.OwnerReference
		found bool
		ours  bool
	}{
		"nobody":                          {nil, false, false},
		"an owner that does not control":  {[]metav1.OwnerReference{helper(podinfo)}, false, false},
		"the Canary":                      {[]metav1.OwnerReference{ControllerRef(podinfo)}, true, true},
		"an earlier Canary of its name":   {[]metav1.OwnerReference{ControllerRef(canary("podinfo", "0"))}, true, true},
		"another Canary":                  {[]metav1.OwnerReference{ControllerRef(canary("backend", "1"))}, true, false},
		"another kind with the same name": {[]metav1.OwnerReference{{APIVersion: "apps/v1", Kind: "Deployment", Name: "podinfo", Controller: new(true)}}, true, false},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			ref, ours := Controller(&corev1.Secret{ObjectMeta: metav1.ObjectMeta{OwnerReferences: tc.refs}}, podinfo)
			if (ref != nil) != tc.found || ours != tc.ours {
				t.Errorf("Controller() = %v, %t, want one: %t, ours: %t", ref, ours, tc.found, tc.ours)
			}
		})
	}
}

func TestSourceName(t *testing.T) {
	tests := map[string]struct {
		want string
		ok   bool
	}{
		"settings-primary": {"settings", true},
		"settings":         {"settings", false},
		"-primary":         {"", false},
	}
	for name, tc := range tests {
		if got, ok := SourceName(name); got != tc.want || ok != tc.ok {
			t.Errorf("SourceName(%q) = %q, %t, want %q, %t", name, got, ok, tc.want, tc.ok)
		}
	}
}

func TestConfigRefIsSpeltAsInTheStatus(t *testing.T) {
	for want, ref := range map[string]ConfigRef{
		"configmap/settings": {Kind: ConfigMap, Name: "settings"},
		"secret/token":       {Kind: Secret, Name: "token"},
	} {
		if got := ref.String(); got != want {
			t.Errorf("String() = %q, want %q", got, want)
		}
	}
}
