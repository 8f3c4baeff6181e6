package command

import (
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"path"
	"strings"
	"time"

	"github.com/linnet-delivery/linnet/pkg/loadtest/generator"
)

// ErrForeign is returned for a line whose program the load tester has nothing built in for.
var ErrForeign = errors.New("is not built in")

// tools are the load generators whose lines are understood, by program.
func tool(program string) (func(args []string) (generator.Plan, error), bool) {
	switch path.Base(program) {
	case "hey":
		return hey, true
	case "fortio":
		return fortio, true
	case "wrk", "wrk2":
		return wrk, true
	case "ghz":
		return ghz, true
	default:
		return nil, false
	}
}

// IsLoad says whether the program of a line is one that Load understands.
func IsLoad(line string) bool {
	_, known := tool(program(line))
	return known
}

// Load returns the plan that a command line of hey, fortio load, wrk or ghz stands for, with that tool's defaults. The
// error is a sentence for people, and wraps ErrForeign when the program is another one.
func Load(line string) (generator.Plan, error) {
	parse, known := tool(program(line))
	if !known {
		return generator.Plan{}, fmt.Errorf("%q %w", program(line), ErrForeign)
	}
	name := path.Base(program(line))
	pipeline, err := split(line)
	if err != nil {
		return generator.Plan{}, fmt.Errorf("%s: the command can't be read: %w", name, err)
	}
	if len(pipeline) > 1 {
		return generator.Plan{}, fmt.Errorf("%s: the command has a pipe, and what comes out of a load can't be piped", name)
	}
	plan, err := parse(pipeline[0][1:])
	if err != nil {
		return generator.Plan{}, fmt.Errorf("%s: %w", name, err)
	}
	if err := plan.Validate(); err != nil {
		return generator.Plan{}, fmt.Errorf("%s: %w", name, err)
	}
	return plan, nil
}

// program returns the first word of a line.
func program(line string) string {
	words := strings.Fields(line)
	if len(words) == 0 {
		return ""
	}
	return words[0]
}

// onlyURL returns the one argument besides flags, with http:// in front when it has no scheme.
func onlyURL(args []string) (string, error) {
	if len(args) != 1 {
		return "", fmt.Errorf("want one URL after the flags, and there are %d: %q", len(args), args)
	}
	if !strings.Contains(args[0], "://") {
		return "http://" + args[0], nil
	}
	return args[0], nil
}

// headers parses lines such as "X-Canary: always". Host is returned apart, as it is no header to Go.
func headers(lines []string) (http.Header, string, error) {
	h, host := http.Header{}, ""
	for _, line := range lines {
		key, value, ok := strings.Cut(line, ":")
		key, value = strings.TrimSpace(key), strings.TrimSpace(value)
		switch {
		case !ok || key == "":
			return nil, "", fmt.Errorf("the header %q is not of the form Name: value", line)
		case strings.EqualFold(key, "Host"):
			host = value
		default:
			h.Add(key, value)
		}
	}
	return h, host, nil
}

// setBasicAuth sets the header for user:password, if that is not empty.
func setBasicAuth(h http.Header, userAndPassword string) {
	if userAndPassword == "" {
		return
	}
	user, password, _ := strings.Cut(userAndPassword, ":")
	r := http.Request{Header: h}
	r.SetBasicAuth(user, password)
}

// seconds parses a number of seconds, or a duration with a unit.
func seconds(s string) (time.Duration, error) {
	if d, err := time.ParseDuration(s); err == nil {
		return d, nil
	}
	d, err := time.ParseDuration(s + "s")
	if err != nil {
		return 0, fmt.Errorf("%q is no duration", s)
	}
	return d, nil
}

// withScheme returns host:port as a URL.
func withScheme(address string, secure bool) string {
	u := url.URL{Scheme: "http", Host: address}
	if secure {
		u.Scheme = "https"
	}
	return u.String()
}

func secure(address string) bool { return strings.HasPrefix(address, "https://") }

func setIf(h http.Header, key, value string) {
	if value != "" {
		h.Set(key, value)
	}
}
