package workload

import (
	"fmt"
	"slices"
	"strings"
)

// nothing is how an empty object prints.
const nothing = "map[]"

// serverDefaults lists what the API server fills into a pod template, by path below its spec. A "*"
// stands for every element of a list; the value is compared as printed. Defaults that depend on
// other fields are in derivedDefaults.
var serverDefaults = expand([]pathDefault{
	{"dnsPolicy", "ClusterFirst"},
	{"restartPolicy", "Always"},
	{"schedulerName", "default-scheduler"},
	{"securityContext", nothing},
	{"terminationGracePeriodSeconds", "30"},

	{"CONTAINER.terminationMessagePath", "/dev/termination-log"},
	{"CONTAINER.terminationMessagePolicy", "File"},
	{"CONTAINER.resources", nothing},
	{"CONTAINER.ports.*.protocol", "TCP"},
	{"CONTAINER.securityContext.procMount", "Default"},
	{"CONTAINER.env.*.valueFrom.fieldRef.apiVersion", "v1"},
	{"CONTAINER.env.*.valueFrom.resourceFieldRef.divisor", "0"},
	{"CONTAINER.env.*.valueFrom.fileKeyRef.optional", "false"},
	{"PROBE.timeoutSeconds", "1"},
	{"PROBE.periodSeconds", "10"},
	{"PROBE.successThreshold", "1"},
	{"PROBE.failureThreshold", "3"},
	{"PROBE.grpc.service", ""},
	{"HANDLER.httpGet.path", "/"},
	{"HANDLER.httpGet.scheme", "HTTP"},

	{"volumes.*.emptyDir", nothing},
	{"volumes.*.secret.defaultMode", "420"},
	{"volumes.*.configMap.defaultMode", "420"},
	{"volumes.*.downwardAPI.defaultMode", "420"},
	{"volumes.*.downwardAPI.items.*.fieldRef.apiVersion", "v1"},
	{"volumes.*.downwardAPI.items.*.resourceFieldRef.divisor", "0"},
	{"volumes.*.projected.defaultMode", "420"},
	{"volumes.*.projected.sources.*.downwardAPI.items.*.fieldRef.apiVersion", "v1"},
	{"volumes.*.projected.sources.*.downwardAPI.items.*.resourceFieldRef.divisor", "0"},
	{"volumes.*.projected.sources.*.serviceAccountToken.expirationSeconds", "3600"},
	{"volumes.*.hostPath.type", ""},
	{"volumes.*.ephemeral.volumeClaimTemplate.spec.volumeMode", "Filesystem"},
	{"volumes.*.ephemeral.volumeClaimTemplate.spec.resources", nothing},
	{"volumes.*.ephemeral.volumeClaimTemplate.metadata", nothing},
	{"volumes.*.iscsi.iscsiInterface", "default"},
	{"volumes.*.rbd.pool", "rbd"},
	{"volumes.*.rbd.user", "admin"},
	{"volumes.*.rbd.keyring", "/etc/ceph/keyring"},
	{"volumes.*.azureDisk.cachingMode", "ReadWrite"},
	{"volumes.*.azureDisk.fsType", "ext4"},
	{"volumes.*.azureDisk.kind", "Shared"},
	{"volumes.*.azureDisk.readOnly", "false"},
	{"volumes.*.scaleIO.storageMode", "ThinProvisioned"},
	{"volumes.*.scaleIO.fsType", "xfs"},
})

type pathDefault struct{ path, value string }

// expand replaces the words in capitals by every path that they stand for.
func expand(short []pathDefault) []pathDefault {
	containers := []string{"containers.*", "initContainers.*"}
	probes := []string{"CONTAINER.livenessProbe", "CONTAINER.readinessProbe", "CONTAINER.startupProbe"}
	handlers := append([]string{"CONTAINER.lifecycle.postStart", "CONTAINER.lifecycle.preStop"}, probes...)
	defaults := replaceEach(short, "HANDLER", handlers)
	defaults = replaceEach(defaults, "PROBE", probes)
	return replaceEach(defaults, "CONTAINER", containers)
}

func replaceEach(defaults []pathDefault, word string, by []string) []pathDefault {
	var out []pathDefault
	for _, d := range defaults {
		rest, found := strings.CutPrefix(d.path, word)
		if !found {
			out = append(out, d)
			continue
		}
		for _, prefix := range by {
			out = append(out, pathDefault{prefix + rest, d.value})
		}
	}
	return out
}

// dropDefaults removes from the JSON tree of a pod template what the API server fills in: defaults, and
// those that follow from other fields.
func dropDefaults(template map[string]any, defaults []pathDefault) {
	spec, _ := template["spec"].(map[string]any)
	derivedDefaults(spec)
	for _, d := range defaults {
		dropAt(spec, strings.Split(d.path, "."), d.value)
	}
	for _, key := range []string{"metadata", "spec"} {
		if fmt.Sprint(template[key]) == nothing {
			delete(template, key)
		}
	}
}

func dropAt(node any, path []string, value string) {
	if list, ok := node.([]any); ok && path[0] == "*" {
		for _, element := range list {
			dropAt(element, path[1:], value)
		}
		return
	}
	object, ok := node.(map[string]any)
	if !ok {
		return
	}
	child, found := object[path[0]]
	if !found {
		return
	}
	if len(path) > 1 {
		dropAt(child, path[1:], value)
		return
	}
	if fmt.Sprint(child) == value {
		delete(object, path[0])
	}
}

// derivedDefaults removes defaults whose value follows from another field.
func derivedDefaults(spec map[string]any) {
	if spec["serviceAccount"] == spec["serviceAccountName"] {
		delete(spec, "serviceAccount")
	}
	for _, list := range []string{"containers", "initContainers"} {
		for container := range objects(spec[list]) {
			if container["imagePullPolicy"] == defaultPullPolicy(container["image"]) {
				delete(container, "imagePullPolicy")
			}
			dropHostPorts(container, spec["hostNetwork"] == true)
		}
	}
	for volume := range objects(spec["volumes"]) {
		image, ok := volume["image"].(map[string]any)
		if ok && image["pullPolicy"] == defaultPullPolicy(image["reference"]) {
			delete(image, "pullPolicy")
		}
	}
}

// dropHostPorts removes the host ports of a pod in the host's network, which must equal the
// container's and are filled in by some versions of the API server.
func dropHostPorts(container map[string]any, hostNetwork bool) {
	if !hostNetwork {
		return
	}
	for port := range objects(container["ports"]) {
		if port["hostPort"] == port["containerPort"] {
			delete(port, "hostPort")
		}
	}
}

// defaultPullPolicy returns what an unset pull policy becomes: Always for the tag latest, which is
// also the tag of a name without one.
func defaultPullPolicy(image any) any {
	name, digest, pinned := strings.Cut(fmt.Sprint(image), "@")
	_, tag, tagged := strings.Cut(name[strings.LastIndex(name, "/")+1:], ":")
	if tag == "latest" || !tagged && !(pinned && digest != "") {
		return "Always"
	}
	return "IfNotPresent"
}

// objects yields the objects of a JSON list.
func objects(list any) func(yield func(map[string]any) bool) {
	elements, _ := list.([]any)
	return func(yield func(map[string]any) bool) {
		for _, element := range elements {
			if object, ok := element.(map[string]any); ok && !yield(object) {
				return
			}
		}
	}
}

// dropNulls removes nulls and empty lists, which say the same as an absent field.
func dropNulls(node any) {
	switch node := node.(type) {
	case map[string]any:
		for key, child := range node {
			if list, ok := child.([]any); child == nil || ok && len(list) == 0 {
				delete(node, key)
				continue
			}
			dropNulls(child)
		}
	case []any:
		for _, child := range slices.All(node) {
			dropNulls(child)
		}
	}
}
