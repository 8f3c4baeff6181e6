package image

import (
	"archive/tar"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"os"
	"path"
	"strings"
)

// writeLayer writes the image's files as one layer and describes it.
func writeLayer(out io.Writer, spec Spec) (descriptor, error) {
	sum := sha256.New()
	count := new(counter)
	archive := tar.NewWriter(io.MultiWriter(out, sum, count))
	made := map[string]bool{}
	for _, dir := range spec.Dirs {
		if err := addDir(archive, made, path.Dir(dir), 0o755); err != nil {
			return descriptor{}, err
		}
		if err := addDir(archive, made, dir, 0o1777); err != nil {
			return descriptor{}, err
		}
	}
	for _, file := range spec.Files {
		if err := addDir(archive, made, path.Dir(file.Path), 0o755); err != nil {
			return descriptor{}, err
		}
		if err := addFile(archive, file); err != nil {
			return descriptor{}, err
		}
	}
	if err := archive.Close(); err != nil {
		return descriptor{}, err
	}
	return descriptor{MediaType: layerType, Digest: digest(sum.Sum(nil)), Size: int64(*count)}, nil
}

// addDir adds a folder and its parents, each once.
func addDir(archive *tar.Writer, made map[string]bool, dir string, mode int64) error {
	dir = strings.Trim(path.Clean(dir), "/")
	if dir == "" || dir == "." || made[dir] {
		return nil
	}
	if err := addDir(archive, made, path.Dir(dir), 0o755); err != nil {
		return err
	}
	made[dir] = true
	return archive.WriteHeader(&tar.Header{Name: dir + "/", Typeflag: tar.TypeDir, Mode: mode, ModTime: epoch})
}

func addFile(archive *tar.Writer, file File) error {
	name := strings.TrimPrefix(file.Path, "/")
	if file.Source == "" {
		return add(archive, name, 0o644, int64(len(file.Content)), strings.NewReader(file.Content))
	}
	source, err := os.Open(file.Source)
	if err != nil {
		return err
	}
	defer source.Close()
	info, err := source.Stat()
	if err != nil {
		return err
	}
	if !info.Mode().IsRegular() {
		return fmt.Errorf("%s is not a file", file.Source)
	}
	return add(archive, name, int64(info.Mode().Perm()), info.Size(), source)
}

type counter int64

func (c *counter) Write(p []byte) (int, error) {
	*c += counter(len(p))
	return len(p), nil
}

func digest(sum []byte) string { return "sha256:" + hex.EncodeToString(sum) }
