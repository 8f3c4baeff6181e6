package mount

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestBelowIsDeepestFirstAndOnlyBelow(t *testing.T) {
	const table = `24 1 252:0 / / rw - ext4 /dev/vda rw
30 24 0:5 / /var/lib/lab/dev/kubelet/pods/1/volumes/token rw - tmpfs tmpfs rw
31 24 0:6 / /var/lib/lab/dev2/kubelet rw - tmpfs tmpfs rw
32 24 0:7 / /var/lib/lab/dev/kubelet rw - tmpfs tmpfs rw
33 24 0:8 net:[1] /run/lab/dev/netns rw - nsfs nsfs rw
34 24 0:9 / /var/lib/lab/dev/a\040b rw - tmpfs tmpfs rw
35 24 0:9 / /var/lib/lab/dev rw - tmpfs tmpfs rw

36 24`
	got := below(table, []string{"/var/lib/lab/dev", "/run/lab/dev/"})
	want := []string{
		"/var/lib/lab/dev/kubelet/pods/1/volumes/token", "/var/lib/lab/dev/kubelet", "/var/lib/lab/dev/a b", "/run/lab/dev/netns",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("mount points (-want +got):\n%s", diff)
	}
}
