package build

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"

	"github.com/linnet-delivery/linnet/e2e/lab/internal/proc"
	"github.com/linnet-delivery/linnet/e2e/lab/internal/progress"
)

// debianPackage is a distribution package and how to see that it is there.
type debianPackage struct {
	name string
	// files are all there once the package is installed.
	files []string
	// program is found in PATH; used instead of files where any version will do.
	program string
	group   string
}

const xtables = "/usr/sbin/xtables-nft-multi"

var debianPackages = []debianPackage{
	{name: "iproute2", program: "ip", group: OnlyKubernetes},
	{name: "containerd", files: []string{"/usr/bin/containerd", "/usr/bin/ctr", "/usr/bin/containerd-shim-runc-v2"}},
	{name: "runc", files: []string{"/usr/sbin/runc"}},
	{name: "containernetworking-plugins", files: []string{"/usr/lib/cni/bridge", "/usr/lib/cni/host-local", "/usr/lib/cni/loopback"}},
	{name: "iptables", files: []string{xtables}},
	{name: "nftables", program: "nft"},
	{name: "mount", program: "mount"},
	{name: "python3-pip", program: "pip3"},
}

// MissingPackages returns the Debian packages that are not installed.
func MissingPackages(only string) []string {
	var missing []string
	for _, p := range debianPackages {
		if (only == "" || p.group == only) && !p.installed() {
			missing = append(missing, p.name)
		}
	}
	return missing
}

func (p debianPackage) installed() bool {
	if p.program != "" {
		_, err := exec.LookPath(p.program)
		return err == nil
	}
	for _, file := range p.files {
		if _, err := os.Stat(file); err != nil {
			return false
		}
	}
	return true
}

// installPackages installs what is missing with apt-get.
func (b *Builder) installPackages(ctx context.Context, only string) error {
	missing := MissingPackages(only)
	if len(missing) == 0 {
		b.report.Skipped("install packages", "all are there")
		return nil
	}
	if _, err := exec.LookPath("apt-get"); err != nil {
		return fmt.Errorf("install %s: this machine has no apt-get, install them by hand", strings.Join(missing, ", "))
	}
	log := b.cache.Path("log", "apt.log")
	if err := os.MkdirAll(filepath.Dir(log), 0o755); err != nil {
		return fmt.Errorf("create log folder: %w", err)
	}
	return b.report.Detailed("install packages "+strings.Join(missing, " "), func(detail func(string)) error {
		install := append([]string{"install", "--yes", "--no-install-recommends"}, missing...)
		for _, args := range [][]string{{"update"}, install} {
			cmd := exec.CommandContext(ctx, "apt-get", args...)
			cmd.Env = append(os.Environ(), "DEBIAN_FRONTEND=noninteractive")
			if err := runLogged(cmd, log, detail); err != nil {
				return fmt.Errorf("apt-get %s: %w\n  last lines of %s:\n%s", args[0], err, log, progress.Indent(proc.Tail(log, 10)))
			}
		}
		return nil
	})
}
