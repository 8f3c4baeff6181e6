package image

import (
	"debug/elf"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"sort"
	"strings"
)

// Folders that Debian keeps shared libraries in.
var libraryFolders = []string{"/lib/x86_64-linux-gnu", "/usr/lib/x86_64-linux-gnu", "/lib64", "/lib", "/usr/lib"}

// SharedLibraries returns what the dynamically linked programs need to run: their loader and,
// to any depth, their libraries, each at the path where the loader looks for it.
func SharedLibraries(programs ...string) ([]File, error) {
	found := map[string]string{} // path in the image to file
	queue := append([]string(nil), programs...)
	for len(queue) > 0 {
		program := queue[0]
		queue = queue[1:]
		needs, err := needed(program)
		if err != nil {
			return nil, err
		}
		for _, path := range needs {
			if _, ok := found[path]; !ok {
				found[path] = path
				queue = append(queue, path)
			}
		}
	}
	files := make([]File, 0, len(found))
	for path, source := range found {
		files = append(files, File{Path: path, Source: source})
	}
	sort.Slice(files, func(i, j int) bool { return files[i].Path < files[j].Path })
	return files, nil
}

// needed returns the paths of a program's loader and direct libraries.
func needed(program string) ([]string, error) {
	file, err := elf.Open(program)
	if err != nil {
		return nil, fmt.Errorf("read program %s: %w", program, err)
	}
	defer file.Close()
	var paths []string
	if loader := interpreter(file); loader != "" {
		paths = append(paths, loader)
	}
	libraries, err := file.ImportedLibraries()
	if err != nil {
		return nil, fmt.Errorf("list libraries of %s: %w", program, err)
	}
	for _, library := range libraries {
		path := findLibrary(library)
		if path == "" {
			return nil, fmt.Errorf("find %s, which %s needs: it is in none of %s", library, program, strings.Join(libraryFolders, ", "))
		}
		paths = append(paths, path)
	}
	return paths, nil
}

func interpreter(file *elf.File) string {
	for _, segment := range file.Progs {
		if segment.Type == elf.PT_INTERP {
			data, err := io.ReadAll(segment.Open())
			if err == nil {
				return strings.TrimRight(string(data), "\x00")
			}
		}
	}
	return ""
}

func findLibrary(name string) string {
	for _, folder := range libraryFolders {
		path := filepath.Join(folder, name)
		if _, err := os.Stat(path); err == nil {
			return path
		}
	}
	return ""
}
