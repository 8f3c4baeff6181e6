package command

import (
	"errors"
	"fmt"
	"regexp"
	"strings"

	"github.com/linnet-delivery/linnet/pkg/loadtest/acceptance"
)

// grep reads the flags of grep without files.
func grep(args []string) (acceptance.Grep, error) {
	f := longFlags()
	var (
		quiet      = f.BoolP("quiet", "q", false, "")
		invert     = f.BoolP("invert-match", "v", false, "")
		ignoreCase = f.BoolP("ignore-case", "i", false, "")
		only       = f.BoolP("only-matching", "o", false, "")
		extended   = f.BoolP("extended-regexp", "E", false, "")
		fixed      = f.BoolP("fixed-strings", "F", false, "")
		wholeWord  = f.BoolP("word-regexp", "w", false, "")
		pattern    = f.StringP("regexp", "e", "", "")
	)
	if err := parseFlags(f.Parse, args); err != nil {
		return acceptance.Grep{}, err
	}
	patterns := f.Args()
	if *pattern != "" {
		patterns = append([]string{*pattern}, patterns...)
	}
	if len(patterns) != 1 {
		return acceptance.Grep{}, fmt.Errorf("want one pattern and no file, and there are %q", patterns)
	}
	text, err := expression(patterns[0], *extended, *fixed)
	if err != nil {
		return acceptance.Grep{}, err
	}
	if *wholeWord {
		text = `\b(?:` + text + `)\b`
	}
	if *ignoreCase {
		text = "(?i)" + text
	}
	re, err := regexp.Compile(text)
	if err != nil {
		return acceptance.Grep{}, fmt.Errorf("the pattern %q can't be read: %w", patterns[0], err)
	}
	return acceptance.Grep{Pattern: re, Invert: *invert, OnlyMatches: *only, Quiet: *quiet}, nil
}

// expression returns grep's pattern the way Go writes it.
func expression(pattern string, extended, fixed bool) (string, error) {
	if fixed {
		return regexp.QuoteMeta(pattern), nil
	}
	if extended {
		return pattern, nil
	}
	if strings.Contains(pattern, `\`) {
		return "", errors.New(`a pattern with \ is built in with -E only`)
	}
	// In a basic pattern these characters stand for themselves.
	return strings.NewReplacer("+", `\+`, "?", `\?`, "(", `\(`, ")", `\)`, "{", `\{`, "}", `\}`, "|", `\|`).Replace(pattern), nil
}
