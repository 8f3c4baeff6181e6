package main

import (
	"fmt"
	"strings"
)

// typeOf returns a schema's type as a reader would say it, such as "list of object".
func typeOf(s schema) string {
	switch {
	case s.IntOrString:
		return "integer or string"
	case s.Items != nil:
		return "list of " + typeOf(*s.Items)
	case s.AdditionalProperties != nil:
		return "map of " + typeOf(*s.AdditionalProperties)
	case s.Type == "" && s.Anything:
		return "anything"
	case s.Format == "date-time":
		return "time"
	}
	return s.Type
}

// defaultOf returns the default that the API server fills in, or that there must be a value.
func defaultOf(s schema, required bool) string {
	switch {
	case len(s.Default) > 0:
		return code(string(s.Default))
	case required:
		return "required"
	}
	return ""
}

// limitsOf returns what the API server refuses about a value.
func limitsOf(s schema) string {
	var limits []string
	add := func(format string, args ...any) { limits = append(limits, fmt.Sprintf(format, args...)) }
	if values := enum(s); values != "" {
		add("one of %s", values)
	}
	addRange(add, "", s.Minimum, s.Maximum)
	if s.MinLength != nil && *s.MinLength == 1 && s.MaxLength == nil {
		add("not empty")
	} else {
		addRange(add, " characters", s.MinLength, s.MaxLength)
	}
	addRange(add, " entries", s.MinItems, s.MaxItems)
	if s.Pattern != "" {
		add("matches %s", code(s.Pattern))
	}
	for _, r := range s.Rules {
		add("%s", sentence(r))
	}
	if s.Items != nil && len(s.Items.Properties) == 0 {
		if each := limitsOf(*s.Items); each != "" {
			add("each %s", each)
		}
	}
	return strings.Join(limits, "; ")
}

// addRange says between which numbers something must be; either may be missing.
func addRange[N int | float64](add func(string, ...any), what string, least, most *N) {
	switch {
	case least != nil && most != nil:
		add("%v to %v%s", *least, *most, what)
	case least != nil:
		add("at least %v%s", *least, what)
	case most != nil:
		add("at most %v%s", *most, what)
	}
}

func enum(s schema) string {
	var values []string
	for _, v := range s.Enum {
		values = append(values, code(string(v)))
	}
	return strings.Join(values, ", ")
}

// sentence returns the words with which a rule refuses, or the rule itself.
func sentence(r rule) string {
	if r.Message != "" {
		return text(r.Message)
	}
	return code(r.Rule)
}

// code sets a value in a table's cell. JSON's quotes say nothing to a reader, except around nothing.
func code(value string) string {
	if inner, ok := strings.CutPrefix(value, `"`); ok && len(inner) > 1 {
		value = strings.TrimSuffix(inner, `"`)
	}
	return "`" + strings.ReplaceAll(value, "|", `\|`) + "`"
}

// text sets a comment in a table's cell: on one line, without anything that markdown or HTML would read.
func text(s string) string {
	s = strings.Join(strings.Fields(s), " ")
	return strings.NewReplacer("|", `\|`, "<", "&lt;").Replace(s)
}
