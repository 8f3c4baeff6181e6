package main

import (
	"fmt"
	"strings"
)

const head = `# API reference

<!-- Written by docs/internal/apidoc from artifacts/crd. Edit the comments in pkg/apis, then run make generate. -->

Every field of Linnet's kinds as the API server knows it. [Canary reference](canary-reference.md) says how the fields work together, which defaults the controller fills in, and which fields have no effect with Istio.
A *limit* is what the API server refuses when you apply the object.
`

// page returns the whole page for a folder of definitions.
func page(folder string) (string, error) {
	kinds, err := readKinds(folder)
	if err != nil {
		return "", err
	}
	var b strings.Builder
	b.WriteString(head)
	b.WriteString("\n")
	for _, k := range kinds {
		fmt.Fprintf(&b, "- [%s](#%s)\n", k.name, strings.ToLower(k.name))
	}
	for _, k := range kinds {
		writeKind(&b, k)
	}
	return b.String(), nil
}

func writeKind(b *strings.Builder, k kind) {
	fmt.Fprintf(b, "\n## %s\n\n`apiVersion: %s`, `kind: %s`\n\n%s\n", k.name, k.version, k.name, text(k.schema.Description))
	writeRules(b, k.schema)
	for _, field := range k.schema.fields() {
		if object, suffix, ok := k.schema.Properties[field].inside(); ok {
			writeObject(b, k.name+"."+field+suffix, object)
		}
	}
}

// writeObject writes the table of an object's fields, then those of the objects in it.
func writeObject(b *strings.Builder, path string, s schema) {
	fmt.Fprintf(b, "\n### %s\n\n", path)
	if s.Description != "" {
		fmt.Fprintf(b, "%s\n\n", text(s.Description))
	}
	b.WriteString("| field | type | default | limits | description |\n|---|---|---|---|---|\n")
	for _, name := range s.fields() {
		field := s.Properties[name]
		fmt.Fprintf(b, "| `%s` | %s | %s | %s | %s |\n",
			name, typeOf(field), defaultOf(field, s.requires(name)), limitsOf(field), text(field.Description))
	}
	for _, name := range s.fields() {
		if object, suffix, ok := s.Properties[name].inside(); ok {
			writeObject(b, path+"."+name+suffix, object)
		}
	}
}

// writeRules lists what is refused about a kind as a whole.
func writeRules(b *strings.Builder, s schema) {
	if len(s.Rules) == 0 {
		return
	}
	b.WriteString("\nRefused as a whole with:\n\n")
	for _, r := range s.Rules {
		fmt.Fprintf(b, "- %s\n", sentence(r))
	}
}
