package workload

import (
	"context"
	"fmt"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/linnet-delivery/linnet/pkg/kube"
)

// neverSeen stands for the checksum of an object that is required, missing and unknown. It makes a
// template that names such an object a revision of its own, so its release starts and says what is missing.
const neverSeen = "missing"

// config is a ConfigMap or Secret as it was found.
type config struct {
	kube.ConfigRef
	// followed is false for what is neither part of the revision nor copied: it opted out, is a
	// Secret of a type that belongs to the cluster, or is optional and missing.
	followed bool
	missing  bool
	checksum string
	owners   []metav1.OwnerReference
	// object holds the content, when it was read past the cache.
	object client.Object
}

// copyRef names the primary's copy.
func (c config) copyRef() kube.ConfigRef {
	return kube.ConfigRef{Kind: c.Kind, Name: kube.PrimaryName(c.Name)}
}

// configs is the configuration that a workload refers to.
type configs struct {
	// workload is its kind and name.
	workload string
	all      []config
}

// tracked returns those that are part of the revision.
func (cs configs) tracked() []config {
	var out []config
	for _, c := range cs.all {
		if c.followed {
			out = append(out, c)
		}
	}
	return out
}

// copied reports whether the primary uses a copy of ref.
func (cs configs) copied(ref kube.ConfigRef) bool {
	for _, c := range cs.all {
		if c.ConfigRef == ref {
			return c.followed
		}
	}
	return false
}

// identity returns the checksums that the revision is made from.
func (cs configs) identity() map[string]string {
	sums := map[string]string{}
	for _, c := range cs.tracked() {
		sums[c.String()] = c.checksum
	}
	return sums
}

// digest identifies the content of everything tracked; it is empty when nothing is.
func (cs configs) digest() string {
	sums := cs.identity()
	if len(sums) == 0 {
		return ""
	}
	sum, _ := digest(sums) // a map of strings always encodes
	return sum
}

// checksums returns the checksums for people and watches. That of an object
// which nobody has seen is empty: its creation is waited for.
func (cs configs) checksums() map[string]string {
	sums := cs.identity()
	for name, sum := range sums {
		if sum == neverSeen {
			sums[name] = ""
		}
	}
	return sums
}

// missing says which required object does not exist, in a sentence; it is empty when all do.
func (cs configs) missing() string {
	for _, c := range cs.tracked() {
		if c.missing {
			return fmt.Sprintf("%s %s, which %s refers to, does not exist", c.Kind, c.Name, cs.workload)
		}
	}
	return ""
}

// configReader reads one object.
type configReader func(ctx context.Context, namespace string, ref kube.ConfigRef) (config, error)

// readConfigs reads what the workload's template refers to; nothing when tracking is off.
func (d *podTargets) readConfigs(ctx context.Context, w podOwner, read configReader) (configs, error) {
	cs := configs{workload: w.kind() + " " + w.GetName()}
	if !d.tracking {
		return cs, nil
	}
	for _, ref := range references(w.template().Spec) {
		found, err := read(ctx, w.GetNamespace(), ref.ConfigRef)
		if err != nil {
			return configs{}, fmt.Errorf("read configuration of %s: %w", cs.workload, err)
		}
		if found.missing && ref.optional {
			found.followed = false
		}
		cs.all = append(cs.all, found)
	}
	return cs, nil
}
