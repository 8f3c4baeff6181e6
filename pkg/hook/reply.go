package hook

import (
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"
	"unicode"

	"github.com/linnet-delivery/linnet/pkg/analysis"
	flaggerv1 "github.com/linnet-delivery/linnet/pkg/apis/flagger/v1beta1"
)

const (
	maxBodyBytes    = 64 << 10
	maxExcerptRunes = 256
	maxNameRunes    = 64
)

// reply is what came of calling a webhook.
type reply struct {
	webhook flaggerv1.CanaryWebhook
	// err is why there was no answer; otherwise code and text are the answer.
	err   error
	code  int
	text  string
	tries int
	at    time.Time
	// final means that another try would end the same way.
	final bool
}

func (r reply) accepted() bool { return r.err == nil && r.code >= 200 && r.code <= 299 }

func (r reply) refused() bool { return !r.accepted() }

// passing reports whether the refusal may pass by itself, so that another try is worth it.
func (r reply) passing() bool {
	if r.err != nil {
		return !r.final
	}
	return r.code == http.StatusTooManyRequests || (r.code >= 500 && r.code != http.StatusNotImplemented)
}

// status returns the answer's code and name, or "no answer".
func (r reply) status() string {
	if r.err != nil {
		return "no answer"
	}
	return strings.TrimSpace(fmt.Sprintf("%d %s", r.code, http.StatusText(r.code)))
}

// sentence says for people what the webhook did.
func (r reply) sentence() string {
	s := fmt.Sprintf("webhook %q (%s)", clip(r.webhook.Name, maxNameRunes), typeOr(r.webhook.Type))
	switch {
	case r.err != nil:
		s += " could not be reached" + r.times() + ": " + clip(r.err.Error(), maxExcerptRunes)
	case r.code >= 300 && r.code <= 399:
		s += " answered " + r.status() + ", and redirects are not followed"
	case r.text == "":
		s += " answered " + r.status() + r.times()
	default:
		s += " answered " + r.status() + r.times() + ": " + r.text
	}
	return s
}

func (r reply) times() string {
	if r.tries < 2 {
		return ""
	}
	return fmt.Sprintf(" %d times", r.tries)
}

// check returns the reply as the result of a check.
func (r reply) check() analysis.Result {
	result := analysis.Result{
		Name: r.webhook.Name, Value: r.status(), Limits: "2xx", Outcome: analysis.Pass, At: r.at,
	}
	if r.refused() {
		result.Outcome, result.Message = analysis.Fail, r.sentence()
	}
	return result
}

// excerpt reads at most 64 KiB of a body and returns its beginning as one
// printable line. What cannot be read is left out: the code is the answer.
func excerpt(body io.Reader) string {
	read, _ := io.ReadAll(io.LimitReader(body, maxBodyBytes))
	return clip(string(read), maxExcerptRunes)
}

// clip returns s in one line of at most n printable characters.
func clip(s string, n int) string {
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
