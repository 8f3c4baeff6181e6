package command_test

import (
	"os"
	"regexp"
	"strings"
	"testing"

	"github.com/linnet-delivery/linnet/pkg/loadtest/command"
)

// TestTheExamplesOfTheDocsAreUnderstood reads the commands of the Canary in docs/loadtester.md.
func TestTheExamplesOfTheDocsAreUnderstood(t *testing.T) {
	text, err := os.ReadFile("../../../docs/loadtester.md")
	if err != nil {
		t.Fatal(err)
	}
	found := regexp.MustCompile(`(?m)^ +cmd: (.+)$`).FindAllStringSubmatch(string(text), -1)
	if len(found) < 2 {
		t.Fatalf("%d commands, want 2 at least", len(found))
	}
	for _, match := range found {
		line := strings.TrimSpace(match[1])
		_, err := command.Acceptance(line)
		if command.IsLoad(line) {
			_, err = command.Load(line)
		}
		if err != nil {
			t.Errorf("%s: %v", line, err)
		}
	}
}
