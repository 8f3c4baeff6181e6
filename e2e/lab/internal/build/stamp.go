package build

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
)

// stamp is a digest of everything that decides what a build makes.
type stamp string

// newStamp digests the parts; their number and borders count.
func newStamp(parts ...string) stamp {
	sum := sha256.New()
	for _, part := range parts {
		fmt.Fprintf(sum, "%d:%s", len(part), part)
	}
	return stamp(hex.EncodeToString(sum.Sum(nil)))
}

// stampOf returns the stamp of a program: its module's files, how it is compiled, and by which Go.
func (p program) stampOf(modules, goVersion string) (stamp, error) {
	parts := []string{goVersion, p.name, p.pkg, p.tags, p.ldflags, strings.Join(p.links, ",")}
	root := filepath.Join(modules, p.module)
	err := filepath.WalkDir(root, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() || !isSource(entry.Name()) {
			return err
		}
		data, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		name, err := filepath.Rel(root, path)
		parts = append(parts, name, string(data))
		return err
	})
	if err != nil {
		return "", fmt.Errorf("read module of %s: %w", p.name, err)
	}
	return newStamp(parts...), nil
}

func isSource(name string) bool {
	return name == "go.mod" || name == "go.sum" || strings.HasSuffix(name, ".go")
}

// stamps remembers with which stamp each product in the cache was made.
type stamps struct{ dir string }

// fresh reports whether every file exists and was made with this stamp.
func (s stamps) fresh(name string, want stamp, files ...string) bool {
	got, err := os.ReadFile(filepath.Join(s.dir, name))
	if err != nil || string(got) != string(want) {
		return false
	}
	for _, file := range files {
		if _, err := os.Stat(file); err != nil {
			return false
		}
	}
	return true
}

func (s stamps) save(name string, made stamp) error {
	if err := os.MkdirAll(s.dir, 0o755); err != nil {
		return fmt.Errorf("create stamp folder: %w", err)
	}
	if err := os.WriteFile(filepath.Join(s.dir, name), []byte(made), 0o644); err != nil {
		return fmt.Errorf("write stamp of %s: %w", name, err)
	}
	return nil
}

// fileStamp digests names, sizes and times of files: enough for large files that builds replace as a whole.
func fileStamp(files []string) (stamp, error) {
	var parts []string
	for _, file := range files {
		info, err := os.Stat(file)
		if err != nil {
			return "", fmt.Errorf("stat %s: %w", file, err)
		}
		parts = append(parts, fmt.Sprintf("%s %d %d", file, info.Size(), info.ModTime().UnixNano()))
	}
	return newStamp(parts...), nil
}
