package build

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"

	"github.com/linnet-delivery/linnet/e2e/lab/internal/proc"
	"github.com/linnet-delivery/linnet/e2e/lab/internal/progress"
)

// compile builds a program unless the cache has it already.
func (b *Builder) compile(ctx context.Context, p program) error {
	want, err := p.stampOf(b.modules, b.goVersion)
	if err != nil {
		return err
	}
	if b.stamps.fresh(p.name, want, b.cache.Bin(p.name)) {
		b.report.Skipped("compile "+p.name, "unchanged")
		return nil
	}
	err = b.report.Detailed("compile "+p.name, func(detail func(string)) error {
		if err := b.goBuild(ctx, p, detail); err != nil {
			return err
		}
		return b.link(p)
	})
	if err != nil {
		return err
	}
	return b.stamps.save(p.name, want)
}

// goBuild compiles into a file beside the old one and then replaces it, so that labs go on
// running with the program that they were started with.
func (b *Builder) goBuild(ctx context.Context, p program, detail func(string)) error {
	target := b.cache.Bin(p.name)
	partial := target + ".partial"
	for _, dir := range []string{filepath.Dir(target), b.cache.Path("log")} {
		if err := os.MkdirAll(dir, 0o755); err != nil {
			return fmt.Errorf("create cache folder: %w", err)
		}
	}
	args := []string{"build", "-v", "-mod=readonly", "-buildvcs=false", "-trimpath"}
	if p.tags != "" {
		args = append(args, "-tags", p.tags)
	}
	args = append(args, "-ldflags", p.ldflags, "-o", partial, p.pkg)
	cmd := exec.CommandContext(ctx, "go", args...)
	cmd.Dir = filepath.Join(b.modules, p.module)
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0", "GOWORK=off")
	log := b.cache.Path("log", "build-"+p.name+".log")
	if err := runLogged(cmd, log, packageCounter(detail)); err != nil {
		return fmt.Errorf("compile %s: %w\n  last lines of %s:\n%s", p.name, err, log, progress.Indent(proc.Tail(log, 15)))
	}
	if err := os.Rename(partial, target); err != nil {
		return fmt.Errorf("put %s into the cache: %w", p.name, err)
	}
	return nil
}

func (b *Builder) link(p program) error {
	for _, name := range p.links {
		path := b.cache.Bin(name)
		if err := os.Remove(path); err != nil && !os.IsNotExist(err) {
			return fmt.Errorf("replace link %s: %w", name, err)
		}
		if err := os.Symlink(p.name, path); err != nil {
			return fmt.Errorf("link %s: %w", name, err)
		}
	}
	return nil
}

// packageCounter turns Go's lines, one for each compiled package, into a count.
func packageCounter(detail func(string)) func(line string) {
	count := 0
	return func(line string) {
		switch {
		case strings.HasPrefix(line, "go: downloading"):
			detail(strings.TrimPrefix(line, "go: "))
		case line != "" && !strings.Contains(line, " "):
			count++
			detail(fmt.Sprintf("%d packages, now %s", count, line))
		}
	}
}

// runLogged runs a command with all its output in a log file, and shows each line to seen.
func runLogged(cmd *exec.Cmd, log string, seen func(line string)) error {
	file, err := os.Create(log)
	if err != nil {
		return fmt.Errorf("create log: %w", err)
	}
	defer file.Close()
	reader, writer := io.Pipe()
	cmd.Stdout, cmd.Stderr = writer, writer
	done := make(chan struct{})
	go func() {
		defer close(done)
		scanner := bufio.NewScanner(reader)
		scanner.Buffer(make([]byte, 64<<10), 1<<20)
		for scanner.Scan() {
			fmt.Fprintln(file, scanner.Text())
			seen(scanner.Text())
		}
		_, _ = io.Copy(io.Discard, reader) // a line too long must not stop the command
	}()
	err = cmd.Run()
	writer.Close()
	<-done
	return err
}
