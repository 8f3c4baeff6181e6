package cluster

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"

	"golang.org/x/sys/unix"
)

const (
	cgroupMount  = "/sys/fs/cgroup"
	cgroup2Magic = 0x63677270
)

// CreateCgroups makes the cgroup that the kubelet puts all pods into. It must exist in every
// hierarchy before the kubelet starts.
func (c Cluster) CreateCgroups() error {
	if isCgroup2(cgroupMount) {
		return createUnified(c.CgroupRoot())
	}
	hierarchies, err := hierarchies()
	if err != nil {
		return err
	}
	for _, hierarchy := range hierarchies {
		if isCgroup2(hierarchy) {
			continue // the empty unified mount of a hybrid layout has no controllers
		}
		if err := createInHierarchy(hierarchy, c.CgroupRoot()); err != nil {
			return err
		}
	}
	return nil
}

// RemoveCgroups removes the pods' cgroups; it fails while processes are left in them.
func (c Cluster) RemoveCgroups() error {
	roots, err := c.cgroups()
	if err != nil {
		return err
	}
	for _, root := range roots {
		if err := removeTree(root); err != nil {
			return fmt.Errorf("remove cgroup %s: %w", root, err)
		}
	}
	return nil
}

// PodProcesses returns the processes inside the lab's cgroups, which only pods are put into.
func (c Cluster) PodProcesses() ([]int, error) {
	roots, err := c.cgroups()
	if err != nil {
		return nil, err
	}
	seen := map[int]bool{}
	var pids []int
	for _, root := range roots {
		err := filepath.WalkDir(root, func(path string, entry os.DirEntry, err error) error {
			if err != nil || entry.Name() != "cgroup.procs" {
				return ignoreGone(err)
			}
			for _, pid := range readPIDs(path) {
				if !seen[pid] {
					seen[pid] = true
					pids = append(pids, pid)
				}
			}
			return nil
		})
		if err != nil {
			return nil, fmt.Errorf("list pod processes: %w", err)
		}
	}
	return pids, nil
}

// cgroups returns the lab's existing cgroup in each hierarchy.
func (c Cluster) cgroups() ([]string, error) {
	candidates := []string{cgroupMount}
	if !isCgroup2(cgroupMount) {
		var err error
		if candidates, err = hierarchies(); err != nil {
			return nil, err
		}
	}
	var roots []string
	for _, hierarchy := range candidates {
		root := hierarchy + c.CgroupRoot()
		if _, err := os.Stat(root); err == nil {
			roots = append(roots, root)
		}
	}
	return roots, nil
}

func hierarchies() ([]string, error) {
	entries, err := os.ReadDir(cgroupMount)
	if err != nil {
		return nil, fmt.Errorf("list cgroup hierarchies: %w", err)
	}
	var dirs []string
	for _, entry := range entries {
		if entry.IsDir() { // cpu and cpuacct may be links to one folder
			dirs = append(dirs, filepath.Join(cgroupMount, entry.Name()))
		}
	}
	return dirs, nil
}

// createInHierarchy makes a cgroup of version 1. In cpuset the new group starts without any
// processor or memory node, and nothing could run in it.
func createInHierarchy(hierarchy, name string) error {
	root := hierarchy + name
	if err := os.MkdirAll(root, 0o755); err != nil {
		return fmt.Errorf("create cgroup: %w", err)
	}
	if _, err := os.Stat(filepath.Join(hierarchy, "cpuset.cpus")); err != nil {
		return nil
	}
	for _, file := range []string{"cpuset.cpus", "cpuset.mems"} {
		data, err := os.ReadFile(filepath.Join(hierarchy, file))
		if err != nil {
			return fmt.Errorf("read %s: %w", file, err)
		}
		if err := os.WriteFile(filepath.Join(root, file), data, 0o644); err != nil {
			return fmt.Errorf("set %s of %s: %w", file, root, err)
		}
	}
	return os.WriteFile(filepath.Join(root, "cgroup.clone_children"), []byte("1"), 0o644)
}

// createUnified makes a cgroup of version 2 and passes all controllers on to it.
func createUnified(name string) error {
	data, err := os.ReadFile(filepath.Join(cgroupMount, "cgroup.controllers"))
	if err != nil {
		return fmt.Errorf("read cgroup controllers: %w", err)
	}
	root := cgroupMount + name
	if err := os.MkdirAll(root, 0o755); err != nil {
		return fmt.Errorf("create cgroup: %w", err)
	}
	for _, controller := range strings.Fields(string(data)) {
		for _, dir := range []string{cgroupMount, root} {
			file := filepath.Join(dir, "cgroup.subtree_control")
			if err := os.WriteFile(file, []byte("+"+controller), 0o644); err != nil {
				return fmt.Errorf("pass controller %s on: %w", controller, err)
			}
		}
	}
	return nil
}

// removeTree removes a cgroup from its leaves up; the files in it cannot be removed and need not be.
func removeTree(root string) error {
	entries, err := os.ReadDir(root)
	if err != nil {
		return ignoreGone(err)
	}
	for _, entry := range entries {
		if entry.IsDir() {
			if err := removeTree(filepath.Join(root, entry.Name())); err != nil {
				return err
			}
		}
	}
	return ignoreGone(syscall.Rmdir(root))
}

func ignoreGone(err error) error {
	if errors.Is(err, os.ErrNotExist) || errors.Is(err, syscall.ENODEV) {
		return nil
	}
	return err
}

func readPIDs(file string) []int {
	data, err := os.ReadFile(file)
	if err != nil {
		return nil
	}
	var pids []int
	for _, field := range strings.Fields(string(data)) {
		if pid, err := strconv.Atoi(field); err == nil && pid > 0 {
			pids = append(pids, pid)
		}
	}
	return pids
}

func isCgroup2(path string) bool {
	var fs unix.Statfs_t
	return unix.Statfs(path, &fs) == nil && int64(fs.Type) == cgroup2Magic
}
