package build

import (
	"context"
	"fmt"
	"os"

	"golang.org/x/sys/unix"

	"github.com/linnet-delivery/linnet/e2e/lab/internal/layout"
	"github.com/linnet-delivery/linnet/e2e/lab/internal/progress"
)

// Builder makes what is missing in the cache.
type Builder struct {
	cache  layout.Cache
	report *progress.Reporter
	stamps stamps
	// modules is the folder with one Go module per component.
	modules   string
	goVersion string
}

// New returns a builder; it finds the sources and the Go tool, and says so if one is missing.
func New(ctx context.Context, report *progress.Reporter) (*Builder, error) {
	cache, err := layout.NewCache()
	if err != nil {
		return nil, err
	}
	modules, err := findModules()
	if err != nil {
		return nil, err
	}
	version, err := goVersion(ctx)
	if err != nil {
		return nil, err
	}
	return &Builder{
		cache: cache, report: report, modules: modules, goVersion: version,
		stamps: stamps{dir: cache.Path("stamps")},
	}, nil
}

// Run builds everything, or with OnlyKubernetes just what a control plane needs.
func (b *Builder) Run(ctx context.Context, only string) error {
	unlock, err := b.lock()
	if err != nil {
		return err
	}
	defer unlock()
	if err := b.installPackages(ctx, only); err != nil {
		return err
	}
	for _, p := range programs() {
		if only != "" && p.group != only {
			continue
		}
		if err := b.compile(ctx, p); err != nil {
			return err
		}
	}
	if only != "" {
		return nil
	}
	for _, step := range []func(context.Context) error{b.fetchEnvoy, b.renderMesh, b.writeImages} {
		if err := step(ctx); err != nil {
			return err
		}
	}
	return nil
}

// lock keeps two builds from filling one cache at the same time.
func (b *Builder) lock() (unlock func(), err error) {
	if err := os.MkdirAll(b.cache.Path(), 0o755); err != nil {
		return nil, fmt.Errorf("create cache: %w", err)
	}
	file, err := os.OpenFile(b.cache.Path(".lock"), os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return nil, fmt.Errorf("open lock of the cache: %w", err)
	}
	if err := unix.Flock(int(file.Fd()), unix.LOCK_EX|unix.LOCK_NB); err == nil {
		return func() { file.Close() }, nil
	}
	err = b.report.Step("wait for another build to finish", func() error {
		return unix.Flock(int(file.Fd()), unix.LOCK_EX)
	})
	if err != nil {
		file.Close()
		return nil, fmt.Errorf("lock the cache: %w", err)
	}
	return func() { file.Close() }, nil
}
