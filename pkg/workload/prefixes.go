package workload

import (
	"maps"
	"strings"
)

// prefixes lists beginnings of label and annotation keys; "*" is the beginning of all.
type prefixes []string

// notOurs are parts of keys that never go from one object to another: they tell another tool or
// controller which object it looks at.
var notOurs = []string{
	"toolkit.fluxcd.io", "kubectl.kubernetes.io/last-applied-configuration", "deployment.kubernetes.io/", "linnet.dev/",
	"deprecated.daemonset.template.generation", "scaledobject.keda.sh/name",
}

func copyable(key string) bool {
	for _, part := range notOurs {
		if strings.Contains(key, part) {
			return false
		}
	}
	return true
}

func (p prefixes) match(key string) bool {
	for _, prefix := range p {
		if prefix == "*" || strings.HasPrefix(key, prefix) {
			return copyable(key)
		}
	}
	return false
}

// pick returns the pairs whose key matches.
func (p prefixes) pick(from map[string]string) map[string]string {
	picked := maps.Clone(from)
	maps.DeleteFunc(picked, func(key, _ string) bool { return !p.match(key) })
	return picked
}

// sync returns to with its matching keys made those of from and then own added. Keys of others stay.
func (p prefixes) sync(to, from, own map[string]string) map[string]string {
	synced := map[string]string{}
	for key, value := range to {
		if _, stays := from[key]; stays || !p.match(key) {
			synced[key] = value
		}
	}
	maps.Copy(synced, p.pick(from))
	maps.Copy(synced, own)
	return synced
}
