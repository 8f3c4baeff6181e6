// Package image writes OCI images of static programs, without a base image and without a daemon.
package image

import (
	"archive/tar"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"time"
)

// Spec is an image to be written.
type Spec struct {
	// Name is the full reference, such as "lab.local/podinfo:6.0.0".
	Name string
	// Files go into the one layer of the image, with the mode of their sources.
	Files []File
	// Dirs are empty folders that everyone may write to.
	Dirs       []string
	Entrypoint []string
	Env        []string
	User       string
	// WorkingDir is "/" when empty.
	WorkingDir string
}

// File is one file of an image.
type File struct {
	// Path is absolute inside the image.
	Path string
	// Source is a file to copy; without one, Content is written.
	Source  string
	Content string
}

// ParseFile reads "/path=source".
func ParseFile(arg string) (File, error) {
	path, source, ok := strings.Cut(arg, "=")
	if !ok || !strings.HasPrefix(path, "/") || source == "" {
		return File{}, fmt.Errorf("parse %q: want /path/in/image=file", arg)
	}
	return File{Path: path, Source: source}, nil
}

// Check returns what is missing for the image to be of use.
func (s Spec) Check() error {
	if !strings.Contains(s.Name, ":") {
		return fmt.Errorf("image name %q has no tag: want a name such as lab.local/app:1", s.Name)
	}
	if len(s.Files) == 0 {
		return fmt.Errorf("image %s has no files", s.Name)
	}
	return nil
}

const (
	indexType    = "application/vnd.oci.image.index.v1+json"
	manifestType = "application/vnd.oci.image.manifest.v1+json"
	configType   = "application/vnd.oci.image.config.v1+json"
	// Layers are not compressed: packing and unpacking would cost more than the disk is worth.
	layerType = "application/vnd.oci.image.layer.v1.tar"
)

// The same files give the same image, whenever it is made.
var epoch = time.Unix(0, 0).UTC()

// Write writes the image as a tar in OCI layout, and returns the manifest's digest.
// The file appears under its name only when it is complete.
func Write(path string, spec Spec) (digest string, err error) {
	if err := spec.Check(); err != nil {
		return "", err
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return "", fmt.Errorf("create image folder: %w", err)
	}
	layer, err := os.CreateTemp(filepath.Dir(path), ".layer-*")
	if err != nil {
		return "", fmt.Errorf("create layer: %w", err)
	}
	defer os.Remove(layer.Name())
	defer layer.Close()
	diff, err := writeLayer(layer, spec)
	if err != nil {
		return "", fmt.Errorf("write image %s: %w", spec.Name, err)
	}
	partial := path + ".partial"
	if digest, err = writeArchive(partial, spec, layer, diff); err != nil {
		os.Remove(partial)
		return "", fmt.Errorf("write image %s: %w", spec.Name, err)
	}
	return digest, os.Rename(partial, path)
}

// writeArchive writes the OCI layout around the layer.
func writeArchive(path string, spec Spec, layer *os.File, diff descriptor) (string, error) {
	config, err := json.Marshal(spec.config(diff.Digest))
	if err != nil {
		return "", err
	}
	configBlob := describe(configType, config)
	manifest, err := json.Marshal(manifest{
		SchemaVersion: 2, MediaType: manifestType, Config: configBlob, Layers: []descriptor{diff},
	})
	if err != nil {
		return "", err
	}
	manifestBlob := describe(manifestType, manifest)
	named := manifestBlob
	named.Platform = &platform{Architecture: runtime.GOARCH, OS: "linux"}
	named.Annotations = map[string]string{
		"io.containerd.image.name":          spec.Name,
		"org.opencontainers.image.ref.name": spec.Name,
	}
	index, err := json.Marshal(index{SchemaVersion: 2, MediaType: indexType, Manifests: []descriptor{named}})
	if err != nil {
		return "", err
	}
	out, err := os.Create(path)
	if err != nil {
		return "", err
	}
	defer out.Close()
	archive := tar.NewWriter(out)
	for _, entry := range []struct {
		name string
		data []byte
	}{
		{"oci-layout", []byte(`{"imageLayoutVersion":"1.0.0"}`)},
		{"index.json", index},
		{manifestBlob.file(), manifest},
		{configBlob.file(), config},
	} {
		if err := add(archive, entry.name, 0o644, int64(len(entry.data)), strings.NewReader(string(entry.data))); err != nil {
			return "", err
		}
	}
	if _, err := layer.Seek(0, io.SeekStart); err != nil {
		return "", err
	}
	if err := add(archive, diff.file(), 0o644, diff.Size, layer); err != nil {
		return "", err
	}
	return manifestBlob.Digest, archive.Close()
}

func add(archive *tar.Writer, name string, mode, size int64, content io.Reader) error {
	header := &tar.Header{Name: name, Typeflag: tar.TypeReg, Mode: mode, Size: size, ModTime: epoch}
	if err := archive.WriteHeader(header); err != nil {
		return err
	}
	_, err := io.Copy(archive, content)
	return err
}
