package netns

import (
	"fmt"
	"os"
	"path/filepath"
	"strconv"

	"golang.org/x/sys/unix"
)

// Members returns the processes whose network namespace is the one mounted on path.
// Pods without host networking have namespaces of their own and are not among them.
func Members(path string) ([]int, error) {
	if !Exists(path) {
		return nil, nil
	}
	want, err := inode(path)
	if err != nil {
		return nil, err
	}
	files, err := filepath.Glob("/proc/[0-9]*/ns/net")
	if err != nil {
		return nil, fmt.Errorf("list processes: %w", err)
	}
	var pids []int
	for _, file := range files {
		got, err := inode(file)
		if err != nil || got != want { // a process may end while we look
			continue
		}
		pid, err := strconv.Atoi(filepath.Base(filepath.Dir(filepath.Dir(file))))
		if err == nil && pid != os.Getpid() {
			pids = append(pids, pid)
		}
	}
	return pids, nil
}

func inode(path string) (uint64, error) {
	var st unix.Stat_t
	if err := unix.Stat(path, &st); err != nil {
		return 0, fmt.Errorf("stat %s: %w", path, err)
	}
	return st.Ino, nil
}
