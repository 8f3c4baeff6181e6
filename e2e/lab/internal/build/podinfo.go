package build

import "github.com/linnet-delivery/linnet/e2e/lab/internal/image"

// Faults are the tags of the podinfo images that do not work, each in its own way.
const (
	TagErrors  = faultyVersion + "-errors"
	TagUnready = faultyVersion + "-unready"
	TagCrash   = faultyVersion + "-crash"
)

// podinfoImages returns the images of the demo application: versions that work, one that answers 500
// to a share of requests, one that never becomes ready and one that ends at once.
//
// They are laid out as podinfo's own image is, so that manifests with "command: [./podinfo, …]"
// and with podcli probes work. A fault therefore does not hang on the entrypoint's arguments.
func (b *Builder) podinfoImages() []image.Spec {
	var specs []image.Spec
	for _, version := range PodinfoVersions {
		specs = append(specs, b.podinfoImage(version, "podinfo-"+version))
	}
	broken := b.podinfoImage(TagErrors, "podinfo-errors")
	broken.Files = append(broken.Files, image.File{Path: "/home/app/podinfo-" + faultyVersion, Source: b.cache.Bin("podinfo-" + faultyVersion)})
	unready := b.podinfoImage(TagUnready, "podinfo-"+faultyVersion)
	unready.Env = append(unready.Env, "PODINFO_UNREADY=true")
	return append(specs, broken, unready, b.podinfoImage(TagCrash, "podinfo-crash"))
}

func (b *Builder) podinfoImage(tag, program string) image.Spec {
	return image.Spec{
		Name: Registry + "/podinfo:" + tag,
		Files: []image.File{
			{Path: "/home/app/podinfo", Source: b.cache.Bin(program)},
			{Path: "/usr/local/bin/podcli", Source: b.cache.Bin("podcli")},
		},
		Dirs:       []string{"/tmp", "/data"},
		Entrypoint: []string{"./podinfo", "--port=9898", "--port-metrics=9797", "--grpc-port=9999"},
		User:       "100",
		WorkingDir: "/home/app",
	}
}
