package conformance

import (
	"fmt"
	"os"
	"regexp"
	"strings"
	"testing"
)

const (
	repository = "../.."
	page       = repository + "/docs/conformance.md"
)

// row is a line of a table: what is promised, and the tests that show it.
type row struct {
	line  int
	about string
	shown []reference
}

// reference names a test as `path/to/file_test.go: TestName/sub test`.
type reference struct {
	file, test, sub string
}

var named = regexp.MustCompile("`([^`: ]+_test\\.go): ((?:Test|Fuzz)\\w+)(?:/([^`]+))?`")

// readPage returns the rows of all tables, without their heads.
func readPage() ([]row, error) {
	content, err := os.ReadFile(page)
	if err != nil {
		return nil, fmt.Errorf("read the page: %w", err)
	}
	var rows []row
	head := true
	for i, line := range strings.Split(string(content), "\n") {
		cells := strings.Split(strings.Trim(line, "|"), " | ")
		switch {
		case !strings.HasPrefix(line, "|"):
			head = true
		case strings.HasPrefix(line, "|---"):
			head = false
		case !head:
			rows = append(rows, row{i + 1, strings.TrimSpace(cells[0]), referencesIn(cells[len(cells)-1])})
		}
	}
	return rows, nil
}

func referencesIn(cell string) []reference {
	var found []reference
	for _, m := range named.FindAllStringSubmatch(cell, -1) {
		found = append(found, reference{m[1], m[2], m[3]})
	}
	return found
}

func TestEveryRowNamesATestThatExists(t *testing.T) {
	rows, err := readPage()
	if err != nil {
		t.Fatal(err)
	}
	if len(rows) < 200 {
		t.Fatalf("the page has %d rows, so it was not understood", len(rows))
	}
	for _, r := range rows {
		if len(r.shown) == 0 {
			t.Errorf("docs/conformance.md:%d: %s: the last column names no test as `path/to/file_test.go: TestName`", r.line, r.about)
		}
		for _, ref := range r.shown {
			if err := ref.check(); err != nil {
				t.Errorf("docs/conformance.md:%d: %s: %v", r.line, r.about, err)
			}
		}
	}
}

func TestReferencesAreRead(t *testing.T) {
	for cell, want := range map[string][]reference{
		"nothing": nil,
		"`pkg/a/b_test.go: TestC`, `d_test.go: TestE/one, or two/three`": {{"pkg/a/b_test.go", "TestC", ""}, {"d_test.go", "TestE", "one, or two/three"}},
		"`pkg/a/b.go: TestC`":    nil,
		"pkg/a/b_test.go: TestC": nil,
	} {
		if got := referencesIn(cell); fmt.Sprint(got) != fmt.Sprint(want) {
			t.Errorf("referencesIn(%q) = %v, want %v", cell, got, want)
		}
	}
}
