package main

import (
	"flag"
	"fmt"
	"os"
)

func main() {
	crds := flag.String("crds", "artifacts/crd", "folder with the definitions")
	out := flag.String("out", "docs/api.md", "page to write")
	flag.Parse()
	if err := write(*crds, *out); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func write(crds, out string) error {
	text, err := page(crds)
	if err != nil {
		return err
	}
	if err := os.WriteFile(out, []byte(text), 0o644); err != nil { //nolint:gosec // a page is for everybody to read
		return fmt.Errorf("write the page: %w", err)
	}
	return nil
}
