package dashboards

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
)

// Dashboard is what a file says.
type Dashboard struct {
	// File is the name of the file, without its folder.
	File       string `json:"-"`
	UID        string
	Title      string
	Panels     []Panel
	Templating struct{ List []Variable }
	// Annotations are marks on the time axis, one source of them each.
	Annotations struct{ List []Annotation }
}

// Panel is one picture.
type Panel struct {
	ID          int
	Type, Title string
	// GridPos is where it stands, in cells of a grid that is 24 wide.
	GridPos struct{ X, Y, W, H int }
	Targets []Target
}

// Target is one query of a panel.
type Target struct{ RefID, Expr string }

// Variable is what a reader chooses at the top of the page.
type Variable struct {
	Type, Name string
	Query      json.RawMessage
}

// Annotation is a query whose answers mark the time axis.
type Annotation struct{ Name, Expr string }

// Query is what is sent to Prometheus for a panel or an annotation.
type Query struct {
	// Dashboard is a file, and Panel the title of what asks.
	Dashboard, Panel string
	// Expr still has the dashboard's variables in it.
	Expr string
}

// Read returns the dashboards of a folder, by the names of their files. A folder without any is an error.
func Read(folder string) ([]Dashboard, error) {
	files, err := filepath.Glob(filepath.Join(folder, "*.json"))
	if err != nil {
		return nil, fmt.Errorf("find dashboards: %w", err)
	}
	if len(files) == 0 {
		return nil, fmt.Errorf("find dashboards in %s: %w", folder, os.ErrNotExist)
	}
	var boards []Dashboard
	for _, file := range files {
		board, err := readFile(file)
		if err != nil {
			return nil, err
		}
		boards = append(boards, board)
	}
	return boards, nil
}

func readFile(file string) (Dashboard, error) {
	content, err := os.ReadFile(file) //nolint:gosec // the file that the caller names is what is to be read
	if err != nil {
		return Dashboard{}, fmt.Errorf("read dashboard: %w", err)
	}
	board := Dashboard{File: filepath.Base(file)}
	if err := json.Unmarshal(content, &board); err != nil {
		return Dashboard{}, fmt.Errorf("read dashboard %s: %w", file, err)
	}
	return board, nil
}

// Queries returns everything that a dashboard asks, in the order of its file.
func (d Dashboard) Queries() []Query {
	var queries []Query
	for _, p := range d.Panels {
		for _, t := range p.Targets {
			queries = append(queries, Query{d.File, p.Title, t.Expr})
		}
	}
	for _, a := range d.Annotations.List {
		queries = append(queries, Query{d.File, "annotation " + a.Name, a.Expr})
	}
	return queries
}
