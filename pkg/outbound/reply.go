package outbound

import (
	"fmt"
	"net/http"
	"strings"
	"time"
	"unicode"
)

const maxExcerptRunes = 256

// Reply is what came of posting.
type Reply struct {
	// Err is why there was no answer, without the address; otherwise Code and Body are the answer.
	Err  error
	Code int
	// Body is the beginning of the answer's body, at most 64 KiB.
	Body []byte
	// Tries is how often it was posted.
	Tries int

	// final means that another try would end the same way.
	final bool
	// after is the pause that the server asked for.
	after time.Duration
}

// Accepted reports whether the answer was 2xx.
func (r Reply) Accepted() bool { return r.Err == nil && r.Code >= 200 && r.Code <= 299 }

// passing reports whether the refusal may pass by itself, so that another try is worth it.
func (r Reply) passing() bool {
	if r.Err != nil {
		return !r.final
	}
	return r.Code == http.StatusTooManyRequests || (r.Code >= 500 && r.Code != http.StatusNotImplemented)
}

// Status returns the answer's code and name, or "no answer".
func (r Reply) Status() string {
	if r.Err != nil {
		return "no answer"
	}
	return strings.TrimSpace(fmt.Sprintf("%d %s", r.Code, http.StatusText(r.Code)))
}

// Sentence says for people what the receiver, which it begins with, did.
func (r Reply) Sentence(receiver string) string {
	excerpt := Line(string(r.Body), maxExcerptRunes)
	switch {
	case r.Err != nil:
		return receiver + " could not be reached" + r.times() + ": " + Line(r.Err.Error(), maxExcerptRunes)
	case r.Code >= 300 && r.Code <= 399:
		return receiver + " answered " + r.Status() + ", and redirects are not followed"
	case excerpt == "":
		return receiver + " answered " + r.Status() + r.times()
	}
	return receiver + " answered " + r.Status() + r.times() + ": " + excerpt
}

func (r Reply) times() string {
	if r.Tries < 2 {
		return ""
	}
	return fmt.Sprintf(" %d times", r.Tries)
}

// Line returns s in one line of at most n printable characters.
func Line(s string, n int) string {
	var line []rune
	gap := false
	for _, r := range s {
		if !unicode.IsGraphic(r) || unicode.IsSpace(r) || r == unicode.ReplacementChar {
			gap = true
			continue
		}
		if gap && len(line) > 0 {
			line = append(line, ' ')
		}
		gap = false
		line = append(line, r)
		if len(line) > n {
			return strings.TrimSpace(string(line[:n-1])) + "…"
		}
	}
	return string(line)
}
