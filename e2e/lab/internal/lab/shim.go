package lab

import (
	"os"
	"path/filepath"
	"strings"
)

// removeShimSockets removes the sockets that killed shims leave in a folder shared by all
// containerds of the machine. Each shim's address stands in its bundle.
func (l *Lab) removeShimSockets() error {
	files, err := filepath.Glob(l.Run("containerd", "io.containerd.runtime.v2.task", "*", "*", "address"))
	if err != nil {
		return err
	}
	for _, file := range files {
		data, err := os.ReadFile(file)
		if err != nil {
			continue
		}
		if socket, ok := strings.CutPrefix(strings.TrimSpace(string(data)), "unix://"); ok {
			_ = os.Remove(socket)
		}
	}
	return nil
}
