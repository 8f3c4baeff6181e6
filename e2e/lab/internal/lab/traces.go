package lab

import (
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strings"

	"github.com/linnet-delivery/linnet/e2e/lab/internal/host"
	"github.com/linnet-delivery/linnet/e2e/lab/internal/layout"
)

// Folders that containerd, the CNI plugins and the kubelet write to wherever they are told to
// keep their state. All labs of the machine, and foreign clusters as well, share them.
const (
	cniResults    = "/var/lib/cni/results"
	containerLogs = "/var/log/containers"
	kubeletFolder = "/var/lib/kubelet"
	devicePlugins = kubeletFolder + "/device-plugins"
	shimSockets   = "/run/containerd/s"
)

// removeTraces removes what this lab's pods have left in folders that it shares with others.
func (l *Lab) removeTraces() error {
	if err := l.removeShimSockets(); err != nil {
		return err
	}
	if err := l.removeCNIResults(); err != nil {
		return err
	}
	return l.removeLogLinks()
}

// removeShimSockets removes the sockets of killed shims; each shim's address stands in its bundle.
// It must be done before containerd starts again, which forgets dead shims but not their sockets.
func (l *Lab) removeShimSockets() error {
	files, err := filepath.Glob(l.Run("containerd", "io.containerd.runtime.v2.task", "*", "*", "address"))
	if err != nil {
		return fmt.Errorf("list shims: %w", err)
	}
	for _, file := range files {
		data, err := os.ReadFile(file)
		if err != nil {
			continue
		}
		socket, ok := strings.CutPrefix(strings.TrimSpace(string(data)), "unix://")
		if !ok {
			continue
		}
		if conn, err := net.Dial("unix", socket); err == nil {
			conn.Close()
			continue // it lives: only containerd was stopped
		}
		_ = os.Remove(socket)
	}
	return nil
}

// removeCNIResults removes the records of pods that were never taken down one by one. The record
// names the pod's network namespace, which lies in the lab's folder.
func (l *Lab) removeCNIResults() error {
	files, err := filepath.Glob(filepath.Join(cniResults, "*"))
	if err != nil {
		return fmt.Errorf("list CNI results: %w", err)
	}
	for _, file := range files {
		data, err := os.ReadFile(file)
		if err == nil && strings.Contains(string(data), `"`+l.Run()+"/") {
			_ = os.Remove(file)
		}
	}
	return nil
}

// removeLogLinks removes links to the lab's pod logs.
func (l *Lab) removeLogLinks() error {
	links, err := filepath.Glob(filepath.Join(containerLogs, "*"))
	if err != nil {
		return fmt.Errorf("list container logs: %w", err)
	}
	for _, link := range links {
		target, err := os.Readlink(link)
		if err == nil && strings.HasPrefix(target, l.Lab.State()+"/") {
			_ = os.Remove(link)
		}
	}
	return nil
}

// leaveMachine undoes, with the last lab, what labs have changed for the machine as a whole.
func (l *Lab) leaveMachine() error {
	names, err := layout.Names()
	if err != nil || len(names) > 0 {
		return err
	}
	if err := host.RestoreSysctls(l.sysctlFile()); err != nil {
		return err
	}
	if onlyEntry(kubeletFolder, "device-plugins") { // no other kubelet lives there
		_ = os.Remove(filepath.Join(devicePlugins, "kubelet.sock"))
	}
	// Folders with anything in them stay.
	for _, dir := range []string{
		devicePlugins, kubeletFolder, containerLogs, cniResults, filepath.Dir(cniResults),
		shimSockets, filepath.Dir(shimSockets), filepath.Dir(l.Run()),
	} {
		_ = os.Remove(dir)
	}
	return nil
}

// sysctlFile remembers the machine's settings from before the first lab.
func (l *Lab) sysctlFile() string { return filepath.Join(layout.StateRoot(), ".sysctls.json") }

func onlyEntry(dir, name string) bool {
	entries, err := os.ReadDir(dir)
	return err == nil && len(entries) == 1 && entries[0].Name() == name
}
