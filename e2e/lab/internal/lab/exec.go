package lab

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"strings"

	"golang.org/x/sys/unix"

	"github.com/linnet-delivery/linnet/e2e/lab/internal/netns"
)

// Exec replaces this program by the command, inside the lab: it returns only when it fails.
func (l *Lab) Exec(command []string) error {
	if err := l.Running(); err != nil {
		return err
	}
	env := environment(os.Environ(), map[string]string{
		"KUBECONFIG": l.Kubeconfig(),
		"PATH":       l.Cache.Path("bin") + ":" + os.Getenv("PATH"),
	})
	path, err := lookPath(command[0], l.Cache.Path("bin"))
	if err != nil {
		return err
	}
	runtime.LockOSThread()
	if err := l.useClusterDNS(); err != nil {
		return err
	}
	if err := netns.Join(l.NetNS()); err != nil {
		return err
	}
	return fmt.Errorf("run %s: %w", command[0], unix.Exec(path, command, env))
}

// useClusterDNS puts the lab's resolv.conf over the machine's, in a mount namespace that only
// the command sees.
func (l *Lab) useClusterDNS() error {
	if _, err := os.Stat(l.ResolvConf()); err != nil {
		return nil
	}
	if err := unix.Unshare(unix.CLONE_NEWNS); err != nil {
		return fmt.Errorf("unshare mount namespace: %w", err)
	}
	// Slave, not private: a volume that the kubelet unmounts later must go here as well.
	if err := unix.Mount("", "/", "", unix.MS_REC|unix.MS_SLAVE, ""); err != nil {
		return fmt.Errorf("detach mount namespace: %w", err)
	}
	if err := unix.Mount(l.ResolvConf(), "/etc/resolv.conf", "", unix.MS_BIND, ""); err != nil {
		return fmt.Errorf("mount resolv.conf: %w", err)
	}
	return nil
}

// lookPath finds a program among the lab's own and then in PATH.
func lookPath(name, bin string) (string, error) {
	if !strings.Contains(name, "/") {
		if path, err := exec.LookPath(bin + "/" + name); err == nil {
			return path, nil
		}
	}
	path, err := exec.LookPath(name)
	if err != nil && !errors.Is(err, exec.ErrDot) {
		return "", fmt.Errorf("find program: %w", err)
	}
	return path, nil
}

// environment returns env with some variables set anew.
func environment(env []string, set map[string]string) []string {
	var out []string
	for _, pair := range env {
		key, _, _ := strings.Cut(pair, "=")
		if _, replaced := set[key]; !replaced {
			out = append(out, pair)
		}
	}
	for key, value := range set {
		out = append(out, key+"="+value)
	}
	return out
}
