package build

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"

	"github.com/linnet-delivery/linnet/e2e/lab/internal/kube"
	"github.com/linnet-delivery/linnet/e2e/lab/internal/mesh"
)

// MeshManifest is the file in the cache with what istioctl rendered.
const MeshManifest = "istio.yaml"

// renderMesh lets istioctl render Istio's charts, and keeps the result.
func (b *Builder) renderMesh(ctx context.Context) error {
	target := b.cache.Path(MeshManifest)
	program, err := fileStamp([]string{b.cache.Bin("istioctl")})
	if err != nil {
		return err
	}
	want := newStamp(string(program), string(mesh.Operator))
	if b.stamps.fresh("mesh", want, target) {
		b.report.Skipped("render Istio's manifests", "unchanged")
		return nil
	}
	err = b.report.Step("render Istio's manifests", func() error { return b.runIstioctl(ctx, target) })
	if err != nil {
		return err
	}
	return b.stamps.save("mesh", want)
}

func (b *Builder) runIstioctl(ctx context.Context, target string) error {
	cmd := exec.CommandContext(ctx, b.cache.Bin("istioctl"), "manifest", "generate", "--filename", "-")
	cmd.Stdin = strings.NewReader(string(mesh.Operator))
	var complaints strings.Builder
	cmd.Stderr = &complaints
	out, err := cmd.Output()
	if err != nil {
		return fmt.Errorf("run istioctl: %w: %s", err, strings.TrimSpace(complaints.String()))
	}
	objects, err := kube.Parse(out)
	if err != nil {
		return fmt.Errorf("read istioctl's output: %w", err)
	}
	if _, err := mesh.NewManifest(objects); err != nil {
		return err
	}
	if err := os.WriteFile(target, out, 0o644); err != nil {
		return fmt.Errorf("write manifest: %w", err)
	}
	return nil
}

// istioSource returns a file of the Istio module's sources.
func (b *Builder) istioSource(ctx context.Context, path string) (string, error) {
	cmd := exec.CommandContext(ctx, "go", "list", "-mod=readonly", "-m", "-f", "{{.Dir}}", "istio.io/istio")
	cmd.Dir = filepath.Join(b.modules, "istio")
	cmd.Env = append(os.Environ(), "GOWORK=off")
	out, err := cmd.Output()
	if err != nil {
		return "", fmt.Errorf("find the sources of Istio: %w", err)
	}
	return filepath.Join(strings.TrimSpace(string(out)), path), nil
}
