package acceptance

import (
	"fmt"
	"regexp"
	"strings"
)

// Grep keeps the lines that match a pattern, or those that don't.
type Grep struct {
	Pattern *regexp.Regexp
	// Invert keeps the lines that don't match.
	Invert bool
	// OnlyMatches keeps what matched instead of the whole line.
	OnlyMatches bool
	// Quiet keeps nothing, and only says whether a line matched.
	Quiet bool
}

// filter returns the lines that are kept, and an error when there is none.
func (g Grep) filter(text string) (string, error) {
	var kept []string
	for line := range strings.Lines(text) {
		line = strings.TrimSuffix(line, "\n")
		if g.Pattern.MatchString(line) == g.Invert {
			continue
		}
		if g.OnlyMatches {
			kept = append(kept, g.Pattern.FindAllString(line, -1)...)
			continue
		}
		kept = append(kept, line)
	}
	if len(kept) == 0 {
		return "", fmt.Errorf("no line of the answer %s %q: %s", g.verb(), g.Pattern, beginning(text))
	}
	if g.Quiet {
		return "", nil
	}
	return strings.Join(kept, "\n") + "\n", nil
}

func (g Grep) verb() string {
	if g.Invert {
		return "is without"
	}
	return "has"
}

// beginning returns the first 200 characters of a text in quotes, or that it is empty.
func beginning(text string) string {
	if text == "" {
		return "the answer is empty"
	}
	if r := []rune(text); len(r) > 200 {
		text = string(r[:200])
	}
	return fmt.Sprintf("it begins with %q", text)
}
