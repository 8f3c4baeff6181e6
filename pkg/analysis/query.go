package analysis

import (
	"bytes"
	"errors"
	"fmt"
	"strings"
	"text/template"
	"text/template/parse"
)

// maxQuery bounds a rendered query, in bytes.
const maxQuery = 64 << 10

// Query holds what a query template can ask for. Each field is a function of
// the template, called by its name in lower case: {{ namespace }}.
type Query struct {
	// Name and Namespace are the Canary's.
	Name, Namespace string
	// Target is the workload's name, Service that of the Service, Ingress and Route those of the referenced objects.
	Target, Service, Ingress, Route string
	// Interval is the metric's interval as the API spells it, such as "1m".
	Interval string
	// Variables are the metric's own: {{ variables.code }}.
	Variables map[string]string
}

// Render fills in a query template and returns it on one line. Unknown functions
// and missing variables are errors. So are {{ range }} and {{ template }}, with
// which a few characters could keep the controller busy for hours.
func (q Query) Render(text string) (string, error) {
	t, err := template.New("query").Option("missingkey=error").Funcs(q.functions()).Parse(text)
	if err != nil {
		return "", fmt.Errorf("parse query template: %w", err)
	}
	for _, tree := range t.Templates() {
		if err := bounded(tree.Root); err != nil {
			return "", fmt.Errorf("parse query template: %w", err)
		}
	}
	var out capped
	if err := t.Execute(&out, nil); err != nil {
		return "", fmt.Errorf("render query template: %w", err)
	}
	query := Collapse(out.String())
	if query == "" {
		return "", errors.New("render query template: the query is empty")
	}
	return query, nil
}

func (q Query) functions() template.FuncMap {
	return template.FuncMap{
		"name":      func() string { return q.Name },
		"namespace": func() string { return q.Namespace },
		"target":    func() string { return q.Target },
		"service":   func() string { return q.Service },
		"ingress":   func() string { return q.Ingress },
		"route":     func() string { return q.Route },
		"interval":  func() string { return q.Interval },
		"variables": func() map[string]string { return q.Variables },
	}
}

// Collapse puts a query on one line with single spaces. A query with a '#'
// keeps its lines, because a comment ends only with its line.
func Collapse(query string) string {
	if !strings.Contains(query, "#") {
		return strings.Join(strings.Fields(query), " ")
	}
	var lines []string
	for line := range strings.Lines(query) {
		if line = strings.Join(strings.Fields(line), " "); line != "" {
			lines = append(lines, line)
		}
	}
	return strings.Join(lines, "\n")
}

// bounded returns an error if the template can do more work than it has characters.
func bounded(n parse.Node) error {
	switch n := n.(type) {
	case *parse.ListNode:
		return boundedList(n)
	case *parse.IfNode:
		return errors.Join(boundedList(n.List), boundedList(n.ElseList))
	case *parse.WithNode:
		return errors.Join(boundedList(n.List), boundedList(n.ElseList))
	case *parse.RangeNode:
		return errors.New("{{ range }} is not allowed")
	case *parse.TemplateNode:
		return errors.New("{{ template }} is not allowed")
	}
	return nil
}

func boundedList(l *parse.ListNode) error {
	if l == nil {
		return nil
	}
	for _, n := range l.Nodes {
		if err := bounded(n); err != nil {
			return err
		}
	}
	return nil
}

// capped is a buffer that refuses to grow beyond maxQuery.
type capped struct{ bytes.Buffer }

// Write appends p, or returns an error when the query would become too long.
func (c *capped) Write(p []byte) (int, error) {
	if c.Len()+len(p) > maxQuery {
		return 0, fmt.Errorf("the query is longer than %d bytes", maxQuery)
	}
	return c.Buffer.Write(p)
}
