package main

import (
	"encoding/json"
	"os"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"sigs.k8s.io/yaml"
)

const definitions = "../../../artifacts/crd"

func TestThePageIsUpToDate(t *testing.T) {
	want, err := page(definitions)
	if err != nil {
		t.Fatal(err)
	}
	got, err := os.ReadFile("../../api.md")
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, string(got)); diff != "" {
		t.Errorf("docs/api.md is out of date, run make generate (-want +got):\n%s", diff)
	}
}

func TestEverySpecAndStatusHasASection(t *testing.T) {
	text, err := page(definitions)
	if err != nil {
		t.Fatal(err)
	}
	kinds, err := readKinds(definitions)
	if err != nil {
		t.Fatal(err)
	}
	for _, k := range kinds {
		for _, top := range []string{"spec", "status"} {
			object, ok := k.schema.Properties[top]
			if !ok || len(object.Properties) == 0 {
				continue
			}
			section := "\n### " + k.name + "." + top + "\n"
			if !strings.Contains(text, section) {
				t.Errorf("the page has no section %q", section)
			}
		}
	}
	if rows := strings.Count(text, "\n| `"); rows < 200 {
		t.Errorf("the page has %d fields, so the definitions were not understood", rows)
	}
}

func TestCellsSayWhatTheSchemaSays(t *testing.T) {
	for about, tc := range map[string]struct {
		schema                      string
		required                    bool
		wantType, wantDefault, want string
	}{
		"a required text that may not be empty": {
			schema: `{type: string, minLength: 1}`, required: true,
			wantType: "string", wantDefault: "required", want: "not empty",
		},
		"a number between two others, with a default": {
			schema:   `{type: integer, minimum: 0, maximum: 100, default: 10}`,
			wantType: "integer", wantDefault: "`10`", want: "0 to 100",
		},
		"one of some words": {
			schema:   `{type: string, enum: ["", info]}`,
			wantType: "string", want: "one of `\"\"`, `info`",
		},
		"a list says what each entry must be": {
			schema:   `{type: array, maxItems: 3, items: {type: integer, minimum: 1}}`,
			wantType: "list of integer", want: "at most 3 entries; each at least 1",
		},
		"a map of lists": {
			schema:   `{type: object, additionalProperties: {type: array, items: {type: string}}}`,
			wantType: "map of list of string",
		},
		"a rule refuses with its own sentence": {
			schema:   `{type: string, x-kubernetes-validations: [{rule: "a||b", message: "a | b"}]}`,
			wantType: "string", want: `a \| b`,
		},
		"a number or a name": {
			schema:   `{x-kubernetes-int-or-string: true}`,
			wantType: "integer or string",
		},
	} {
		t.Run(about, func(t *testing.T) {
			s := parse(t, tc.schema)
			got := []string{typeOf(s), defaultOf(s, tc.required), limitsOf(s)}
			if diff := cmp.Diff([]string{tc.wantType, tc.wantDefault, tc.want}, got); diff != "" {
				t.Errorf("type, default and limits (-want +got):\n%s", diff)
			}
		})
	}
}

func TestObjectsInsideListsAndMapsAreFound(t *testing.T) {
	s := parse(t, `{type: array, items: {type: object, additionalProperties: {type: object, properties: {a: {type: string}}}}}`)
	object, suffix, ok := s.inside()
	if !ok || suffix != "[].KEY" || len(object.Properties) != 1 {
		t.Errorf("inside() = %d properties, %q, %t, want 1, [].KEY, true", len(object.Properties), suffix, ok)
	}
	if _, _, ok := parse(t, `{type: array, items: {type: string}}`).inside(); ok {
		t.Error("a list of texts was taken for objects")
	}
}

func parse(t *testing.T, text string) schema {
	t.Helper()
	raw, err := yaml.YAMLToJSON([]byte(text))
	if err != nil {
		t.Fatal(err)
	}
	var s schema
	if err := json.Unmarshal(raw, &s); err != nil {
		t.Fatal(err)
	}
	return s
}
