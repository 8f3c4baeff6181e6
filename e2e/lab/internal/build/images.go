package build

import (
	"context"
	"fmt"
	"path/filepath"
	"strings"

	"github.com/linnet-delivery/linnet/e2e/lab/internal/cluster"
	"github.com/linnet-delivery/linnet/e2e/lab/internal/image"
	"github.com/linnet-delivery/linnet/e2e/lab/internal/mesh"
)

// Registry is the name that all images of a lab begin with; nothing is ever pulled from there.
const Registry = "lab.local"

// writeImages writes every image whose parts have changed.
func (b *Builder) writeImages(ctx context.Context) error {
	proxy, err := b.proxyImage(ctx)
	if err != nil {
		return err
	}
	specs := append([]image.Spec{b.pauseImage(), b.pilotImage(), proxy}, b.podinfoImages()...)
	for _, spec := range specs {
		if err := b.writeImage(spec); err != nil {
			return err
		}
	}
	return nil
}

func (b *Builder) writeImage(spec image.Spec) error {
	name := strings.NewReplacer(Registry+"/", "", ":", "-").Replace(spec.Name)
	target := b.cache.Image(name)
	parts := []string{fmt.Sprintf("%+v", spec)}
	var sources []string
	for _, file := range spec.Files {
		if file.Source != "" {
			sources = append(sources, file.Source)
		}
	}
	files, err := fileStamp(sources)
	if err != nil {
		return err
	}
	want := newStamp(append(parts, string(files))...)
	if b.stamps.fresh("image-"+name, want, target) {
		b.report.Skipped("write image "+spec.Name, "unchanged")
		return nil
	}
	err = b.report.Step("write image "+spec.Name, func() error {
		_, err := image.Write(target, spec)
		return err
	})
	if err != nil {
		return err
	}
	return b.stamps.save("image-"+name, want)
}

func (b *Builder) pauseImage() image.Spec {
	return image.Spec{Name: cluster.PauseImage, Files: []image.File{{Path: "/pause", Source: b.cache.Bin("pause")}}}
}

// istioUser is the user that Istio's charts run their containers as.
const istioUser = "1337"

func (b *Builder) pilotImage() image.Spec {
	return image.Spec{
		Name:       Registry + "/pilot:1",
		Files:      append(accounts(), image.File{Path: "/usr/local/bin/pilot-discovery", Source: b.cache.Bin("pilot-discovery")}),
		Entrypoint: []string{"/usr/local/bin/pilot-discovery"},
		Dirs:       []string{"/tmp"},
		User:       istioUser,
	}
}

// proxyImage is stock Envoy with Istio's agent, and iptables for the init container.
func (b *Builder) proxyImage(ctx context.Context) (image.Spec, error) {
	template, err := b.istioSource(ctx, "tools/packaging/common/envoy_bootstrap.json")
	if err != nil {
		return image.Spec{}, err
	}
	files := append(accounts(),
		image.File{Path: "/usr/local/bin/pilot-agent", Source: b.cache.Bin("pilot-agent")},
		image.File{Path: "/usr/local/bin/envoy", Source: b.cache.Bin("envoy")},
		image.File{Path: "/lab/stat-namespace.wasm", Content: string(mesh.StatNamespaceModule())},
		image.File{Path: "/etc/istio/custom-bootstrap/bootstrap.yaml", Content: mesh.Bootstrap},
		image.File{Path: "/var/lib/istio/envoy/envoy_bootstrap_tmpl.json", Source: template},
	)
	rules, err := iptables()
	if err != nil {
		return image.Spec{}, err
	}
	libraries, err := image.SharedLibraries(b.cache.Bin("envoy"), xtables)
	if err != nil {
		return image.Spec{}, err
	}
	return image.Spec{
		Name:       Registry + "/proxyv2:1",
		Files:      append(append(files, rules...), libraries...),
		Entrypoint: []string{"/usr/local/bin/pilot-agent"},
		Dirs:       []string{"/tmp", "/run"},
	}, nil
}

// iptables returns Debian's iptables under all names that Istio's agent calls, with its extensions.
func iptables() ([]image.File, error) {
	var files []image.File
	for _, tool := range []string{"iptables", "ip6tables"} {
		for _, variant := range []string{"", "-save", "-restore", "-nft", "-nft-save", "-nft-restore"} {
			files = append(files, image.File{Path: "/usr/sbin/" + tool + variant, Source: xtables})
		}
	}
	extensions, err := filepath.Glob("/usr/lib/x86_64-linux-gnu/xtables/lib*.so")
	if err != nil || len(extensions) == 0 {
		return nil, fmt.Errorf("find the extensions of iptables: none in /usr/lib/x86_64-linux-gnu/xtables")
	}
	for _, path := range extensions {
		files = append(files, image.File{Path: path, Source: path})
	}
	return files, nil
}

func accounts() []image.File {
	return []image.File{
		{Path: "/etc/passwd", Content: "root:x:0:0:root:/root:/bin/false\nistio-proxy:x:1337:1337::/home/istio-proxy:/bin/false\n"},
		{Path: "/etc/group", Content: "root:x:0:\nistio-proxy:x:1337:\n"},
		{Path: "/etc/nsswitch.conf", Content: "hosts: files dns\n"},
	}
}
