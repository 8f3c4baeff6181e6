package host

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
)

// kubeletSysctls are what a kubelet that runs as root sets for the whole machine.
var kubeletSysctls = []string{
	"vm/overcommit_memory", "vm/panic_on_oom", "kernel/panic", "kernel/panic_on_oops",
	"kernel/keys/root_maxkeys", "kernel/keys/root_maxbytes",
}

// Every container uses inotify instances of root, of which there are 128 by default.
const (
	inotifyInstances = "fs/inotify/max_user_instances"
	enoughInstances  = "8192"
)

// PrepareSysctls remembers the machine's settings in file, unless they are remembered already,
// and raises the one that many pods need.
func PrepareSysctls(file string) error {
	if _, err := os.Stat(file); err == nil {
		return nil
	}
	values := map[string]string{}
	for _, name := range append([]string{inotifyInstances}, kubeletSysctls...) {
		data, err := os.ReadFile(filepath.Join("/proc/sys", name))
		if err == nil {
			values[name] = strings.TrimSpace(string(data))
		}
	}
	data, err := json.Marshal(values)
	if err != nil {
		return fmt.Errorf("encode sysctls: %w", err)
	}
	if err := os.WriteFile(file, data, 0o644); err != nil {
		return fmt.Errorf("remember sysctls: %w", err)
	}
	return writeSysctl(inotifyInstances, enoughInstances)
}

// RestoreSysctls puts back the settings that PrepareSysctls remembered, and forgets them.
func RestoreSysctls(file string) error {
	data, err := os.ReadFile(file)
	if errors.Is(err, os.ErrNotExist) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("read remembered sysctls: %w", err)
	}
	var values map[string]string
	if err := json.Unmarshal(data, &values); err != nil {
		return fmt.Errorf("parse remembered sysctls: %w", err)
	}
	for name, value := range values {
		if err := writeSysctl(name, value); err != nil {
			return err
		}
	}
	return os.Remove(file)
}

func writeSysctl(name, value string) error {
	if err := os.WriteFile(filepath.Join("/proc/sys", name), []byte(value), 0o644); err != nil {
		return fmt.Errorf("set sysctl %s: %w", strings.ReplaceAll(name, "/", "."), err)
	}
	return nil
}
