package lab

import (
	"context"
	"fmt"
	"os"
	"time"

	"github.com/linnet-delivery/linnet/e2e/lab/internal/layout"
	"github.com/linnet-delivery/linnet/e2e/lab/internal/netns"
	"github.com/linnet-delivery/linnet/e2e/lab/internal/pki"
	"github.com/linnet-delivery/linnet/e2e/lab/internal/proc"
)

// Up starts the lab, or what is missing of it. A lab that is up already is left alone; one that a
// reboot or a broken start has left half-way is cleared away and made anew.
func (l *Lab) Up(ctx context.Context, extent Extent, auditUsers []string) error {
	unlock, err := l.lock()
	if err != nil {
		return err
	}
	defer unlock()
	state, known, err := l.ReadState()
	if err != nil {
		return err
	}
	if known && state.Complete && state.thisBoot() && netns.Exists(l.NetNS()) {
		return l.resume(ctx, state, extent)
	}
	if err := l.checkBuilt(extent); err != nil {
		return err
	}
	if l.Exists() || netns.Exists(l.NetNS()) {
		if err := l.report.Step("clear away what an earlier lab left", l.clear); err != nil {
			return err
		}
	}
	boot, err := proc.BootID()
	if err != nil {
		return err
	}
	state = State{Extent: extent, AuditUsers: auditUsers, Boot: boot}
	if err := l.create(ctx, state); err != nil {
		return fmt.Errorf("%w\nlab %s is half up: \"lab logs %s\" shows more, \"lab down %s\" removes it", err, l.Name, l.Name, l.Name)
	}
	state.Complete = true
	return l.writeState(state)
}

// create makes the lab from nothing.
func (l *Lab) create(ctx context.Context, s State) error {
	if err := l.writeState(s); err != nil {
		return err
	}
	if err := l.report.Step("namespace, certificates and configuration", func() error { return l.prepare(s) }); err != nil {
		return err
	}
	var containers *containerRuntime
	if s.Extent == Whole {
		containers = l.startRuntime(ctx, s)
	}
	if err := l.startAPIServer(ctx, s); err != nil || s.Extent == OnlyAPIServer {
		return err
	}
	if err := l.startControllers(ctx, s); err != nil || s.Extent == OnlyControlPlane {
		return err
	}
	return l.startNode(ctx, s, containers)
}

// prepare makes everything that processes need before they start.
func (l *Lab) prepare(s State) error {
	if err := netns.Create(l.NetNS()); err != nil {
		return err
	}
	bridge := netns.Bridge{
		Name:        layout.Bridge,
		Address:     layout.NodeIP + "/" + layout.PodCIDRBits,
		ServiceCIDR: layout.ServiceCIDR,
	}
	if err := bridge.Configure(l.NetNS()); err != nil {
		return err
	}
	c := l.cluster(s)
	if err := c.Certificates().WriteCluster(l.PKI(""), time.Now()); err != nil {
		return err
	}
	config, err := os.ReadFile(l.PKI(pki.Admin + ".kubeconfig"))
	if err != nil {
		return fmt.Errorf("read administrator's kubeconfig: %w", err)
	}
	if err := os.WriteFile(l.Kubeconfig(), config, 0o600); err != nil {
		return fmt.Errorf("write kubeconfig: %w", err)
	}
	return c.WriteConfig()
}

// checkBuilt refuses to start a lab whose programs have not been built.
func (l *Lab) checkBuilt(extent Extent) error {
	programs := []string{"kubernetes"}
	if extent == Whole {
		programs = append(programs, "coredns", "prometheus", "istioctl")
	}
	missing := l.Cache.Missing(programs...)
	if missing == "" {
		return nil
	}
	hint := "lab build"
	if extent != Whole {
		hint = "lab build --only kubernetes"
	}
	return fmt.Errorf("%s has not been built: run %q first (cache: %s)", missing, hint, l.Cache.Path())
}
