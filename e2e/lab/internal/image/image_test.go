package image

import (
	"archive/tar"
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func testSpec(t *testing.T) Spec {
	t.Helper()
	program := filepath.Join(t.TempDir(), "program")
	if err := os.WriteFile(program, []byte("binary"), 0o755); err != nil {
		t.Fatal(err)
	}
	return Spec{
		Name:  "lab.local/app:1",
		Files: []File{{Path: "/usr/bin/app", Source: program}, {Path: "/etc/app.conf", Content: "x"}},
		Dirs:  []string{"/var/tmp"},
		Env:   []string{"A=b"},
		User:  "65532",
	}
}

// readTar returns the contents of a tar's files; a folder's content is its mode.
func readTar(t *testing.T, data io.Reader) map[string]string {
	t.Helper()
	files := map[string]string{}
	reader := tar.NewReader(data)
	for {
		header, err := reader.Next()
		if errors.Is(err, io.EOF) {
			return files
		}
		if err != nil {
			t.Fatal(err)
		}
		if header.ModTime.Unix() != 0 {
			t.Errorf("%s is of %v: the image would change with every build", header.Name, header.ModTime)
		}
		content, err := io.ReadAll(reader)
		if err != nil {
			t.Fatal(err)
		}
		files[header.Name] = string(content)
		if header.Typeflag == tar.TypeDir {
			files[header.Name] = header.FileInfo().Mode().String()
		}
	}
}

func writeAndRead(t *testing.T, spec Spec) (archive map[string]string, digest string) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "images", "app.tar")
	digest, err := Write(path, spec)
	if err != nil {
		t.Fatal(err)
	}
	file, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	return readTar(t, file), digest
}

func TestWriteMakesAnImageThatHangsTogether(t *testing.T) {
	archive, digest := writeAndRead(t, testSpec(t))
	var top index
	if err := json.Unmarshal([]byte(archive["index.json"]), &top); err != nil {
		t.Fatal(err)
	}
	if got := top.Manifests[0].Annotations["io.containerd.image.name"]; got != "lab.local/app:1" {
		t.Errorf("image is called %q", got)
	}
	if top.Manifests[0].Digest != digest {
		t.Errorf("index names %s, Write returned %s", top.Manifests[0].Digest, digest)
	}
	var m manifest
	blob(t, archive, top.Manifests[0], &m)
	var c config
	blob(t, archive, m.Config, &c)
	want := runConfig{User: "65532", Env: []string{defaultPath, "A=b"}, Entrypoint: []string{"/usr/bin/app"}, WorkingDir: "/"}
	if diff := cmp.Diff(want, c.Config); diff != "" {
		t.Errorf("config (-want +got):\n%s", diff)
	}
	layer := archive[m.Layers[0].file()]
	if len(layer) != int(m.Layers[0].Size) || c.RootFS.DiffIDs[0] != m.Layers[0].Digest {
		t.Errorf("layer has %d bytes and diff id %s, manifest says %d and %s", len(layer), c.RootFS.DiffIDs[0], m.Layers[0].Size, m.Layers[0].Digest)
	}
	wantFiles := map[string]string{
		"var/": "drwxr-xr-x", "var/tmp/": "dtrwxrwxrwx", "usr/": "drwxr-xr-x", "usr/bin/": "drwxr-xr-x",
		"usr/bin/app": "binary", "etc/": "drwxr-xr-x", "etc/app.conf": "x",
	}
	if diff := cmp.Diff(wantFiles, readTar(t, bytes.NewReader([]byte(layer)))); diff != "" {
		t.Errorf("layer (-want +got):\n%s", diff)
	}
}

// blob decodes a blob after checking that it is what the descriptor says.
func blob(t *testing.T, archive map[string]string, d descriptor, out any) {
	t.Helper()
	data := []byte(archive[d.file()])
	if got := describe(d.MediaType, data); got.Digest != d.Digest || got.Size != d.Size {
		t.Fatalf("blob %s has digest %s and %d bytes, want %d", d.Digest, got.Digest, got.Size, d.Size)
	}
	if err := json.Unmarshal(data, out); err != nil {
		t.Fatal(err)
	}
}

func TestWriteIsReproducible(t *testing.T) {
	spec := testSpec(t)
	_, first := writeAndRead(t, spec)
	_, second := writeAndRead(t, spec)
	if first != second {
		t.Errorf("digests are %s and %s", first, second)
	}
}

func TestWriteLeavesNothingBehindWhenItFails(t *testing.T) {
	spec := testSpec(t)
	spec.Files[0].Source = "/does/not/exist"
	dir := t.TempDir()
	if _, err := Write(filepath.Join(dir, "app.tar"), spec); err == nil {
		t.Fatal("no error for a missing file")
	}
	if entries, _ := os.ReadDir(dir); len(entries) != 0 {
		t.Errorf("%s is left", entries[0].Name())
	}
}

func TestParseFile(t *testing.T) {
	tests := map[string]struct {
		arg  string
		want File
		fail bool
	}{
		"a path and a file":          {"/app=bin/app", File{Path: "/app", Source: "bin/app"}, false},
		"a file with an equals sign": {"/app=a=b", File{Path: "/app", Source: "a=b"}, false},
		"a path that is relative":    {"app=bin/app", File{}, true},
		"no file":                    {"/app=", File{}, true},
		"no equals sign":             {"/app", File{}, true},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			got, err := ParseFile(tc.arg)
			if (err != nil) != tc.fail || got != tc.want {
				t.Errorf("ParseFile(%q) = %v, %v", tc.arg, got, err)
			}
		})
	}
}

func TestSharedLibrariesAreFoundToAnyDepth(t *testing.T) {
	program, err := os.Executable() // a Go test without cgo needs none
	if err != nil {
		t.Fatal(err)
	}
	if files, err := SharedLibraries(program); err != nil || len(files) > 4 {
		t.Errorf("libraries of this test: %v, %v", files, err)
	}
	files, err := SharedLibraries("/bin/sh")
	if err != nil {
		t.Fatal(err)
	}
	found := map[string]bool{}
	for _, file := range files {
		found[filepath.Base(file.Path)] = true
	}
	for _, want := range []string{"libc.so.6", "ld-linux-x86-64.so.2"} {
		if !found[want] {
			t.Errorf("the shell's %s is missing among %v", want, files)
		}
	}
}
