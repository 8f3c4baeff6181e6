package traffictest

import (
	"context"

	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/linnet-delivery/linnet/pkg/rollout"
)

func shares() []rollout.Traffic {
	return []rollout.Traffic{{}, {Canary: 1}, {Canary: 50}, {Canary: 99}, {Canary: 100}, {Canary: 50}, {Mirror: true}, {}}
}

func unknownBefore(r *run) {
	for _, do := range []func() error{
		func() error { return nil },
		func() error { return r.router.Prepare(context.Background(), r.canary, Backend()) },
	} {
		if err := do(); err != nil {
			r.Fatal(err)
		}
		if got, known, err := r.router.Observe(context.Background(), r.canary); known || err != nil {
			r.Fatalf("Observe() = %+v, %v, %v, want unknown", got, known, err)
		}
	}
}

func observesShares(r *run) {
	for _, share := range shares() {
		r.mustEnsure(share)
		r.mustObserve(share)
	}
}

func idempotent(r *run) {
	for _, share := range shares() {
		r.mustEnsure(share)
		r.mustWrite(0, func() { r.mustEnsure(share) })
	}
}

func repairsShare(r *run) {
	if r.Share == nil {
		return
	}
	for _, share := range shares() {
		for _, other := range []int{0, 1, 50, 99, 100} {
			if other == share.Canary {
				continue
			}
			r.mustEnsure(share)
			Edit(r, r.api, r.Routes(r.canary)[0], func(obj client.Object) { r.Share(obj, other) })
			if got, _, err := r.router.Observe(context.Background(), r.canary); err != nil || got.Canary != other {
				r.Fatalf("Observe() = %+v, %v after an edit to %d", got, err, other)
			}
			r.mustWrite(1, func() { r.mustEnsure(share) })
			r.mustObserve(share)
		}
	}
}

func keepsMetadata(r *run) {
	r.mustEnsure(rollout.Traffic{Canary: 10})
	for _, obj := range r.Routes(r.canary) {
		Edit(r, r.api, obj, func(obj client.Object) {
			obj.SetLabels(with(obj.GetLabels(), "argocd.argoproj.io/instance", "shop"))
			obj.SetAnnotations(with(obj.GetAnnotations(), "kiali.io/seen", "yes"))
			obj.SetFinalizers([]string{"example.com/hold"})
		})
	}
	r.mustWrite(0, func() { r.mustEnsure(rollout.Traffic{Canary: 10}) })
	r.mustObserve(rollout.Traffic{Canary: 10})
	r.mustEnsure(rollout.Traffic{Canary: 60})
	for _, obj := range r.objects() {
		if obj.GetLabels()["argocd.argoproj.io/instance"] != "shop" || obj.GetAnnotations()["kiali.io/seen"] != "yes" || len(obj.GetFinalizers()) != 1 {
			r.Errorf("%T lost metadata of others: %v %v %v", obj, obj.GetLabels(), obj.GetAnnotations(), obj.GetFinalizers())
		}
	}
}

func recreates(r *run) {
	share := rollout.Traffic{Canary: 20}
	r.mustEnsure(share)
	for _, obj := range r.Routes(r.canary) {
		if err := r.api.Delete(context.Background(), obj); err != nil {
			r.Fatal(err)
		}
	}
	r.mustEnsure(share)
	r.mustObserve(share)
}
