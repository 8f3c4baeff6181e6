// Package host checks up front whether this machine can build and run a lab.
package host

import (
	"bufio"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"
)

const gib = 1 << 30

// What a lab needs.
const (
	MinMemory    = 6 * gib
	MinBuildDisk = 15 * gib
	MinLabDisk   = 5 * gib
)

// CheckPlatform returns an error unless this is root on Linux on x86-64 with enough memory.
func CheckPlatform() error {
	if runtime.GOOS != "linux" || runtime.GOARCH != "amd64" {
		return fmt.Errorf("a lab needs Linux on amd64, this is %s on %s", runtime.GOOS, runtime.GOARCH)
	}
	if os.Geteuid() != 0 {
		return errors.New("a lab needs root: it makes namespaces, mounts and cgroups")
	}
	total, err := memory()
	if err != nil {
		return err
	}
	if total < MinMemory {
		return fmt.Errorf("a lab needs %d GiB of memory, this machine has %.1f GiB", MinMemory/gib, float64(total)/gib)
	}
	return nil
}

// CheckDisk returns an error unless the filesystem of path has so many bytes free.
func CheckDisk(path string, need uint64, purpose string) error {
	dir := path
	for { // the folder itself may not exist yet
		if _, err := os.Stat(dir); err == nil {
			break
		}
		dir = filepath.Dir(dir)
	}
	var fs unix.Statfs_t
	if err := unix.Statfs(dir, &fs); err != nil {
		return fmt.Errorf("read free space of %s: %w", dir, err)
	}
	if free := fs.Bavail * uint64(fs.Bsize); free < need {
		return fmt.Errorf("%s needs %d GiB free below %s, there are %.1f GiB", purpose, need/gib, path, float64(free)/gib)
	}
	return nil
}

// CheckKernel returns an error unless the kernel has what pods and Services need.
// Debian has these as modules, which it tries to load first.
func CheckKernel() error {
	if _, err := os.Stat("/proc/sys/net/bridge"); err != nil {
		_ = exec.Command("modprobe", "br_netfilter").Run()
	}
	if _, err := os.Stat("/proc/sys/net/bridge"); err != nil {
		return errors.New("a lab needs the kernel's br_netfilter: Services would not work between pods")
	}
	if !hasFilesystem("overlay") {
		_ = exec.Command("modprobe", "overlay").Run()
	}
	if !hasFilesystem("overlay") {
		return errors.New("a lab needs the kernel's overlay filesystem: containers are mounted with it")
	}
	if err := exec.Command("nft", "list", "tables").Run(); err != nil {
		return errors.New("a lab needs the kernel's nf_tables: kube-proxy writes its rules there (\"nft list tables\" fails)")
	}
	if entries, err := os.ReadDir("/sys/fs/cgroup"); err != nil || len(entries) == 0 {
		return errors.New("a lab needs cgroups mounted at /sys/fs/cgroup")
	}
	return nil
}

func hasFilesystem(name string) bool {
	data, err := os.ReadFile("/proc/filesystems")
	if err != nil {
		return false
	}
	for _, line := range strings.Split(string(data), "\n") {
		if fields := strings.Fields(line); len(fields) > 0 && fields[len(fields)-1] == name {
			return true
		}
	}
	return false
}

// memory returns the machine's memory in bytes.
func memory() (uint64, error) {
	file, err := os.Open("/proc/meminfo")
	if err != nil {
		return 0, fmt.Errorf("read memory size: %w", err)
	}
	defer file.Close()
	scanner := bufio.NewScanner(file)
	for scanner.Scan() {
		if rest, ok := strings.CutPrefix(scanner.Text(), "MemTotal:"); ok {
			kib, err := strconv.ParseUint(strings.TrimSuffix(strings.TrimSpace(rest), " kB"), 10, 64)
			return kib << 10, err
		}
	}
	return 0, errors.New("read memory size: /proc/meminfo has no MemTotal")
}
