package analysis

import (
	"strings"
	"testing"
)

func TestRender(t *testing.T) {
	q := Query{
		Name: "app", Namespace: "test", Target: "podinfo", Service: "web", Ingress: "in", Route: "ro", Interval: "30s",
		Variables: map[string]string{"code": "5.*"},
	}
	tests := map[string]struct {
		text, want string
		// wantErr is part of the error.
		wantErr string
	}{
		"every function has its value": {
			text: "{{ name }} {{ namespace }} {{ target }} {{ service }} {{ ingress }} {{ route }} {{ interval }} {{ variables.code }}",
			want: "app test podinfo web in ro 30s 5.*",
		},
		"lines become one line with single spaces": {
			text: "\n  sum(\n\t\trate(x[{{ interval }}])\n  )\n", want: "sum( rate(x[30s]) )",
		},
		"a query with comments keeps its lines": {
			text: "sum(x) # all of   it\n\n  / 2", want: "sum(x) # all of it\n/ 2",
		},
		"a condition is allowed": {
			text: `{{ if eq target "podinfo" }}a{{ else }}b{{ end }}{{ with variables.code }}{{ . }}{{ end }}`, want: "a5.*",
		},
		"a missing variable is an error":        {text: "{{ variables.region }}", wantErr: `no entry for key "region"`},
		"an unknown function is an error":       {text: "{{ pod }}", wantErr: `function "pod" not defined`},
		"a field instead of a function is one":  {text: "{{ .Namespace }}", wantErr: "render query template"},
		"a syntax error is an error":            {text: "{{ name", wantErr: "parse query template"},
		"an empty query is an error":            {text: " {{/* nothing */}} ", wantErr: "the query is empty"},
		"a loop is an error":                    {text: "{{ range 1000000000 }}{{ end }}", wantErr: "{{ range }} is not allowed"},
		"a loop in a condition is an error":     {text: "{{ if true }}{{ range 9 }}{{ end }}{{ end }}", wantErr: "{{ range }} is not allowed"},
		"a loop in an else is an error":         {text: "{{ with name }}{{ else }}{{ range 9 }}{{ end }}{{ end }}", wantErr: "{{ range }} is not allowed"},
		"a loop after a condition is an error":  {text: "{{ if true }}{{ else }}{{ range 9 }}{{ end }}{{ end }}", wantErr: "{{ range }} is not allowed"},
		"recursion is an error":                 {text: `{{ define "a" }}{{ template "a" }}{{ end }}x`, wantErr: "{{ template }} is not allowed"},
		"a block is an error":                   {text: `{{ block "a" . }}{{ end }}`, wantErr: "{{ template }} is not allowed"},
		"an endless query is an error":          {text: `{{ printf "%99999d" 1 }}`, wantErr: "longer than 65536 bytes"},
		"a long query within bounds is allowed": {text: strings.Repeat("x", 60000), want: strings.Repeat("x", 60000)},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			got, err := q.Render(tc.text)
			switch {
			case tc.wantErr == "" && err != nil:
				t.Errorf("Render() error = %v", err)
			case tc.wantErr != "" && (err == nil || !strings.Contains(err.Error(), tc.wantErr)):
				t.Errorf("Render() = %q, %v, want error with %q", got, err, tc.wantErr)
			case got != tc.want:
				t.Errorf("Render() = %q, want %q", got, tc.want)
			}
		})
	}
}

func TestRenderWithoutVariables(t *testing.T) {
	if got, err := (Query{}).Render("{{ variables.code }}"); err == nil {
		t.Errorf("Render() = %q, want an error", got)
	}
}
