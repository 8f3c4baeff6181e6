package netns

import (
	"fmt"
	"os"
	"os/exec"
	"strings"
)

// Bridge describes the pods' bridge and the route that keeps Service addresses inside.
type Bridge struct {
	Name string
	// Address is the node's own address with its prefix length.
	Address string
	// ServiceCIDR is routed to the bridge: a Service address without endpoints is dropped there,
	// and without any route a connect from the node would fail before kube-proxy's rules see it.
	ServiceCIDR string
}

// Configure brings up loopback and the bridge and sets the sysctls that Services need.
// It may be called again on a namespace that already has the bridge.
func (b Bridge) Configure(path string) error {
	return Do(path, func() error {
		if exec.Command("ip", "link", "show", b.Name).Run() == nil {
			return nil
		}
		if err := ipBatch(b.commands()); err != nil {
			return err
		}
		return setSysctls(map[string]string{
			"net/ipv4/ip_forward":                "1",
			"net/bridge/bridge-nf-call-iptables": "1", // pod to Service to pod on one bridge
		})
	})
}

func (b Bridge) commands() []string {
	address, _, _ := strings.Cut(b.Address, "/")
	return []string{
		"link set lo up",
		"link add " + b.Name + " type bridge",
		"link set " + b.Name + " up",
		"addr add " + b.Address + " dev " + b.Name,
		"route add " + b.ServiceCIDR + " dev " + b.Name + " src " + address,
	}
}

func ipBatch(commands []string) error {
	cmd := exec.Command("ip", "-batch", "-")
	cmd.Stdin = strings.NewReader(strings.Join(commands, "\n") + "\n")
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("configure bridge: %w: %s", err, strings.TrimSpace(string(out)))
	}
	return nil
}

func setSysctls(values map[string]string) error {
	for name, value := range values {
		if err := os.WriteFile("/proc/sys/"+name, []byte(value), 0o644); err != nil {
			return fmt.Errorf("set sysctl %s: %w", strings.ReplaceAll(name, "/", "."), err)
		}
	}
	return nil
}
