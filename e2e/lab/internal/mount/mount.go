// Package mount finds and detaches what has been mounted below a folder.
package mount

import (
	"fmt"
	"os"
	"sort"
	"strings"

	"golang.org/x/sys/unix"
)

// DetachBelow unmounts everything mounted below the folders, the deepest and latest first.
func DetachBelow(folders ...string) error {
	table, err := os.ReadFile("/proc/self/mountinfo")
	if err != nil {
		return fmt.Errorf("read mounts: %w", err)
	}
	for _, point := range below(string(table), folders) {
		if err := unix.Unmount(point, unix.MNT_DETACH|unix.UMOUNT_NOFOLLOW); err != nil && err != unix.EINVAL && err != unix.ENOENT {
			return fmt.Errorf("unmount %s: %w", point, err)
		}
	}
	return nil
}

// below returns the mount points below the folders in the order to unmount them.
func below(mountinfo string, folders []string) []string {
	var points []string
	for _, line := range strings.Split(mountinfo, "\n") {
		fields := strings.Fields(line)
		if len(fields) < 5 {
			continue
		}
		point := unescape.Replace(fields[4])
		for _, folder := range folders {
			if strings.HasPrefix(point, strings.TrimSuffix(folder, "/")+"/") {
				points = append(points, point)
				break
			}
		}
	}
	sort.SliceStable(points, func(i, j int) bool { return len(points[i]) > len(points[j]) })
	return points
}

// The kernel writes these characters of a path as octal numbers.
var unescape = strings.NewReplacer(`\040`, " ", `\011`, "\t", `\012`, "\n", `\134`, `\`)
