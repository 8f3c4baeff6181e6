package host

import (
	"path/filepath"
	"strings"
	"testing"
)

func TestCheckDisk(t *testing.T) {
	notYet := filepath.Join(t.TempDir(), "not", "yet", "there")
	if err := CheckDisk(notYet, 1, "a lab"); err != nil {
		t.Errorf("one byte: %v", err)
	}
	err := CheckDisk(notYet, 1<<60, "a lab")
	if err == nil || !strings.Contains(err.Error(), "a lab needs 1073741824 GiB") || strings.Contains(err.Error(), "\n") {
		t.Errorf("an exbibyte: %v", err)
	}
}

func TestMemoryIsRead(t *testing.T) {
	total, err := memory()
	if err != nil || total < 1<<28 {
		t.Errorf("memory() = %d, %v", total, err)
	}
}

func TestFilesystemsAreKnown(t *testing.T) {
	if !hasFilesystem("proc") || hasFilesystem("no-such-filesystem") {
		t.Error("hasFilesystem is wrong about proc or about one that does not exist")
	}
}
