package lab

import (
	"fmt"
	"os"
	"syscall"
	"time"

	"github.com/linnet-delivery/linnet/e2e/lab/internal/cluster"
	"github.com/linnet-delivery/linnet/e2e/lab/internal/mount"
	"github.com/linnet-delivery/linnet/e2e/lab/internal/netns"
)

// Down takes the lab down and removes everything of it. A lab that does not exist is no error.
func (l *Lab) Down() error {
	unlock, err := l.lock()
	if err != nil {
		return err
	}
	defer unlock()
	err = l.report.Step("take lab "+l.Name+" down", l.clear)
	if err != nil {
		return err
	}
	if err := l.leaveMachine(); err != nil {
		return err
	}
	return os.Remove(l.Lock())
}

// clear stops all processes of the lab and removes its mounts, namespaces, cgroups and files.
// Every part is tried even when one before it failed.
func (l *Lab) clear() error {
	steps := []func() error{
		l.stopProcesses, l.killPods, l.killMembers,
		func() error { return mount.DetachBelow(l.Lab.State(), l.Run()) },
		l.removeCgroups,
		l.removeTraces,
		func() error { return netns.Delete(l.NetNS()) },
		func() error { return removeAll(l.Run(), l.Lab.State()) },
	}
	var first error
	for _, step := range steps {
		if err := step(); err != nil && first == nil {
			first = err
		}
	}
	return first
}

// stopProcesses stops the node's components first, so that nothing is started anew,
// then everything else, and etcd last.
func (l *Lab) stopProcesses() error {
	const grace = 2 * time.Second
	var rest []string
	for _, name := range l.processes.Names() {
		switch name {
		case cluster.Kubelet, cluster.Containerd, cluster.Etcd, cluster.APIServer:
		default:
			rest = append(rest, name)
		}
	}
	if err := l.processes.Stop(grace, append(rest, cluster.Kubelet)...); err != nil {
		return err
	}
	// A graceful stop would only keep watches open: nothing here is worth it.
	return l.processes.Stop(0, cluster.Containerd, cluster.APIServer, cluster.Etcd)
}

// killPods kills every process in the lab's cgroups; only pods are ever put there.
func (l *Lab) killPods() error {
	return killAll("pods", l.cluster(State{}).PodProcesses)
}

// killMembers kills what is left in the lab's network namespace: containerd's shims
// and programs that were started with "lab exec".
func (l *Lab) killMembers() error {
	return killAll("the network namespace", func() ([]int, error) { return netns.Members(l.NetNS()) })
}

// killAll kills processes until list finds none.
func killAll(where string, list func() ([]int, error)) error {
	deadline := time.Now().Add(15 * time.Second)
	for {
		pids, err := list()
		if err != nil {
			return err
		}
		if len(pids) == 0 {
			return nil
		}
		if time.Now().After(deadline) {
			return fmt.Errorf("kill the processes of %s: %d are left, one is %d", where, len(pids), pids[0])
		}
		for _, pid := range pids {
			_ = syscall.Kill(pid, syscall.SIGKILL)
		}
		time.Sleep(20 * time.Millisecond)
	}
}

// removeCgroups tries for a while: a cgroup stays busy until its last process has been reaped.
func (l *Lab) removeCgroups() error {
	deadline := time.Now().Add(10 * time.Second)
	for {
		err := l.cluster(State{}).RemoveCgroups()
		if err == nil || time.Now().After(deadline) {
			return err
		}
		time.Sleep(50 * time.Millisecond)
	}
}

func removeAll(dirs ...string) error {
	for _, dir := range dirs {
		if err := os.RemoveAll(dir); err != nil {
			return fmt.Errorf("remove %s: %w", dir, err)
		}
	}
	return nil
}
