// Package build makes everything that labs are started from: programs, images and manifests,
// each once, and anew only when what it is made of has changed.
package build

// Versions of what is built; modules' own versions stand in their go.mod files.
const (
	kubernetesVersion = "1.36.3"
	istioVersion      = "1.31.0-lab"
)

// program is one program to compile.
type program struct {
	// name is the file's name in the cache.
	name string
	// module is the folder under modules/ whose go.mod pins all versions.
	module string
	// pkg is the package to compile, "." for the module's own.
	pkg     string
	tags    string
	ldflags string
	// links are further names of the same program.
	links []string
	// group tells for which "--only" the program is needed.
	group string
}

// OnlyKubernetes builds what the extents apiserver and controlplane need.
const OnlyKubernetes = "kubernetes"

const strip = "-s -w"

// PodinfoVersions are the versions of podinfo that work.
var PodinfoVersions = []string{"6.0.0", "6.0.1", "6.0.2", "6.0.3"}

const faultyVersion = "6.0.9"

// programs returns all programs in the order in which they are built: the cluster first, so that
// a control plane can be started while the rest is still being compiled.
func programs() []program {
	const istioTags = "vtprotobuf,disable_pgv"
	list := []program{
		{
			name: "kubernetes", module: "kubernetes", pkg: ".", ldflags: kubernetesFlags(), group: OnlyKubernetes,
			links: []string{"etcd", "kube-apiserver", "kube-controller-manager", "kube-scheduler", "kube-proxy", "kubelet", "kubectl"},
		},
		{name: "pilot-discovery", module: "istio", pkg: "istio.io/istio/pilot/cmd/pilot-discovery", tags: istioTags, ldflags: istioFlags()},
		{name: "pilot-agent", module: "istio", pkg: "istio.io/istio/pilot/cmd/pilot-agent", tags: istioTags, ldflags: istioFlags()},
		{name: "istioctl", module: "istio", pkg: "istio.io/istio/istioctl/cmd/istioctl", tags: istioTags, ldflags: istioFlags()},
		{name: "coredns", module: "dns", pkg: ".", ldflags: strip},
		{
			name: "prometheus", module: "prometheus", pkg: "github.com/prometheus/prometheus/cmd/prometheus",
			tags: "remove_all_sd,enable_kubernetes_sd,netgo", ldflags: strip,
		},
		{name: "pause", module: "pause", pkg: ".", ldflags: strip},
	}
	return append(list, podinfoPrograms()...)
}

func podinfoPrograms() []program {
	list := []program{
		{name: "podcli", module: "podinfo", pkg: "github.com/stefanprodan/podinfo/cmd/podcli", ldflags: strip},
		{name: "podinfo-errors", module: "podinfo", pkg: "./errors", ldflags: strip},
		{name: "podinfo-crash", module: "podinfo", pkg: "./crash", ldflags: strip},
	}
	for _, version := range append(append([]string(nil), PodinfoVersions...), faultyVersion) {
		list = append(list, program{
			name: "podinfo-" + version, module: "podinfo", pkg: "github.com/stefanprodan/podinfo/cmd/podinfo",
			ldflags: strip + " -X github.com/stefanprodan/podinfo/pkg/version.VERSION=" + version,
		})
	}
	return list
}

// kubernetesFlags stamps the version: without it the API server calls itself v0.0.0 and
// feature gates that compare versions misbehave.
func kubernetesFlags() string {
	flags := strip
	for _, pkg := range []string{"k8s.io/component-base/version", "k8s.io/client-go/pkg/version"} {
		flags += " -X " + pkg + ".gitVersion=v" + kubernetesVersion +
			" -X " + pkg + ".gitMajor=1 -X " + pkg + ".gitMinor=36" +
			" -X " + pkg + ".gitTreeState=clean -X " + pkg + ".gitCommit=lab" +
			" -X " + pkg + ".buildDate=2026-01-01T00:00:00Z"
	}
	return flags
}

func istioFlags() string {
	const pkg = "istio.io/istio/pkg/version"
	return strip + " -X " + pkg + ".buildVersion=" + istioVersion +
		" -X " + pkg + ".buildTag=" + istioVersion + " -X " + pkg + ".buildStatus=Clean"
}
