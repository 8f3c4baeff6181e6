// Package layout says where a lab keeps its things: every path, name and address is decided here.
package layout

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
)

// Environment variables that move the cache and the state.
const (
	CacheEnv = "LINNET_LAB_CACHE"
	StateEnv = "LINNET_LAB_STATE"
)

const (
	defaultState = "/var/lib/linnet-lab"
	runRoot      = "/run/linnet-lab"
)

// The name becomes part of a socket path (108 bytes at most) and of cgroup names.
var namePattern = regexp.MustCompile(`^[a-z]([a-z0-9-]{0,18}[a-z0-9])?$`)

// Lab holds the paths of one lab.
type Lab struct {
	// Name is what the user calls the lab.
	Name string
	// Cache holds the binaries and images, shared by all labs.
	Cache Cache
	state string
}

// New returns the layout of the lab called name.
// It refuses names that are not 1 to 20 characters of a-z, 0-9 and '-', beginning with a letter.
func New(name string) (Lab, error) {
	if !namePattern.MatchString(name) {
		return Lab{}, fmt.Errorf("%q is no lab name: use 1 to 20 characters of a-z, 0-9 and '-', beginning with a letter", name)
	}
	cache, err := NewCache()
	if err != nil {
		return Lab{}, err
	}
	return Lab{Name: name, Cache: cache, state: StateRoot()}, nil
}

// StateRoot returns the folder that holds one folder per lab.
func StateRoot() string {
	if dir := os.Getenv(StateEnv); dir != "" {
		return dir
	}
	return defaultState
}

// State returns a path inside the lab's state folder.
func (l Lab) State(elem ...string) string {
	return filepath.Join(append([]string{l.state, l.Name}, elem...)...)
}

// Run returns a path inside the lab's folder of sockets and mounts, which a reboot may or may not empty.
func (l Lab) Run(elem ...string) string {
	return filepath.Join(append([]string{runRoot, l.Name}, elem...)...)
}

// Lock returns the file that two commands on the same lab take turns with.
func (l Lab) Lock() string { return filepath.Join(l.state, "."+l.Name+".lock") }

// NetNS returns the file that the lab's network namespace is mounted on.
func (l Lab) NetNS() string { return l.Run("netns") }

// Socket returns containerd's socket.
func (l Lab) Socket() string { return l.Run("containerd.sock") }

// CgroupRoot returns the name of the lab's cgroup in every hierarchy, with a leading slash.
func (l Lab) CgroupRoot() string { return "/linnet-lab-" + l.Name }

// PKI returns a path inside the folder of keys and certificates.
func (l Lab) PKI(file string) string { return l.State("pki", file) }

// Kubeconfig returns the administrator's kubeconfig; it works inside the lab's network namespace only.
func (l Lab) Kubeconfig() string { return l.State("kubeconfig") }

// AuditLog returns the API server's audit log.
func (l Lab) AuditLog() string { return l.State("audit.log") }

// Logs returns the folder of the components' logs.
func (l Lab) Logs() string { return l.State("log") }

// Processes returns the folder of the records of running processes.
func (l Lab) Processes() string { return l.State("proc") }

// ResolvConf returns the resolver configuration that points at the cluster's DNS.
func (l Lab) ResolvConf() string { return l.State("resolv.conf") }

// Exists reports whether the lab has left a state folder.
func (l Lab) Exists() bool {
	_, err := os.Stat(l.State())
	return err == nil
}

// Names returns the names of all labs that have a state folder, in alphabetical order.
func Names() ([]string, error) {
	entries, err := os.ReadDir(StateRoot())
	if os.IsNotExist(err) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("list labs: %w", err)
	}
	var names []string
	for _, entry := range entries {
		if entry.IsDir() && namePattern.MatchString(entry.Name()) {
			names = append(names, entry.Name())
		}
	}
	return names, nil
}
