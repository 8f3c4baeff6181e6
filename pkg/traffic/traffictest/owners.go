package traffictest

import (
	"context"
	"errors"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	flaggerv1 "github.com/linnet-delivery/linnet/pkg/apis/flagger/v1beta1"
	"github.com/linnet-delivery/linnet/pkg/kube"
	"github.com/linnet-delivery/linnet/pkg/rollout"
)

func ownsWhatItMade(r *run) {
	r.mustEnsure(rollout.Traffic{})
	for _, obj := range r.objects() {
		if !metav1.IsControlledBy(obj, r.canary) {
			r.Errorf("%T is not controlled by the Canary: %v", obj, obj.GetOwnerReferences())
		}
	}
}

func refusesOthers(r *run) {
	r.mustEnsure(rollout.Traffic{})
	Edit(r, r.api, r.Routes(r.canary)[0], func(obj client.Object) {
		ref := *metav1.NewControllerRef(r.canary, flaggerv1.GroupVersion.WithKind(flaggerv1.CanaryKind))
		ref.Name, ref.UID = "another", "33333333-aaaa-4bbb-8ccc-444444444444"
		obj.SetOwnerReferences([]metav1.OwnerReference{ref})
	})
	r.mustWrite(0, func() {
		if err := r.ensure(rollout.Traffic{Canary: 10}); !errors.Is(err, kube.ErrRefused) {
			r.Fatalf("ensure returned %v, want kube.ErrRefused", err)
		}
		if err := r.router.Release(context.Background(), r.canary, Backend()); !errors.Is(err, kube.ErrRefused) {
			r.Fatalf("Release returned %v, want kube.ErrRefused", err)
		}
	})
}

func inherits(r *run) {
	r.mustEnsure(rollout.Traffic{})
	for _, obj := range r.Routes(r.canary) {
		Edit(r, r.api, obj, func(obj client.Object) { obj.SetOwnerReferences(staleOwner(r.canary)) })
	}
	r.mustEnsure(rollout.Traffic{})
	for _, obj := range r.objects() {
		if refs := obj.GetOwnerReferences(); len(refs) != 1 || refs[0].UID != r.canary.UID {
			r.Errorf("%T has owners %v, want the present Canary alone", obj, refs)
		}
	}
}

func releasesOnce(r *run) {
	r.mustEnsure(rollout.Traffic{Canary: 40})
	release := func() {
		r.Helper()
		if err := r.router.Release(context.Background(), r.canary, Backend()); err != nil {
			r.Fatalf("Release: %v", err)
		}
	}
	r.mustWrite(len(r.Routes(r.canary)), release)
	r.mustWrite(0, release)
}

func releasesNothing(r *run) {
	r.mustWrite(0, func() {
		if err := r.router.Release(context.Background(), r.canary, Backend()); err != nil {
			r.Fatalf("Release: %v", err)
		}
	})
}

func outlives(r *run) {
	r.mustEnsure(rollout.Traffic{})
	if err := r.router.Release(context.Background(), r.canary, Backend()); err != nil {
		r.Fatalf("Release: %v", err)
	}
	for _, obj := range r.objects() {
		if refs := obj.GetOwnerReferences(); len(refs) != 0 {
			r.Errorf("%T has owners %v and would go with the Canary", obj, refs)
		}
	}
}
