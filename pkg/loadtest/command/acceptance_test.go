package command_test

import (
	"net/http"
	"regexp"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/linnet-delivery/linnet/pkg/loadtest/acceptance"
	"github.com/linnet-delivery/linnet/pkg/loadtest/command"
)

func request(edits ...func(*acceptance.Request)) acceptance.Request {
	r := acceptance.Request{Method: http.MethodGet, URL: "http://podinfo-canary.test:9898/", Header: http.Header{}}
	for _, edit := range edits {
		edit(&r)
	}
	return r
}

func grep(pattern string) func(*acceptance.Request) {
	return func(r *acceptance.Request) {
		r.Greps = append(r.Greps, acceptance.Grep{Pattern: regexp.MustCompile(pattern)})
	}
}

func TestAcceptance(t *testing.T) {
	const url = " http://podinfo-canary.test:9898/"
	tests := map[string]struct {
		line string
		want acceptance.Test
	}{
		"curl posts data, and grep looks for a word": {
			line: "curl -sd 'test'" + url + " | grep token",
			want: request(grep("token"), func(r *acceptance.Request) {
				r.Method, r.Body = http.MethodPost, []byte("test")
				r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
			}),
		},
		"curl's other flags": {
			line: `curl -sSfLk -X PUT -H 'Host: shop' -H "X-A: b" -A me -m 2.5` + url,
			want: request(func(r *acceptance.Request) {
				r.Method, r.Host, r.Timeout = http.MethodPut, "shop", 2500*time.Millisecond
				r.FailOnStatus, r.FollowRedirects, r.Insecure = true, true, true
				r.Header.Set("X-A", "b")
				r.Header.Set("User-Agent", "me")
			}),
		},
		"the status is printed": {
			line: `curl -s -o /dev/null -w "%{http_code}\n"` + url + " | grep 200",
			want: request(grep("200"), func(r *acceptance.Request) { r.DropBody, r.Append = true, "%{http_code}\n" }),
		},
		"a basic pattern has characters that stand for themselves": {
			line: `curl -s` + url + ` | grep '{"a": (1+1)}' | grep -E 'a|b' | grep -F 'a.b' | grep -iw 'ok'`,
			want: request(grep(`\{"a": \(1\+1\)\}`), grep(`a|b`), grep(`a\.b`), grep(`(?i)\b(?:ok)\b`)),
		},
		"grep's switches": {
			line: `curl -s` + url + ` | grep -qv error`,
			want: request(func(r *acceptance.Request) {
				r.Greps = []acceptance.Grep{{Pattern: regexp.MustCompile("error"), Quiet: true, Invert: true}}
			}),
		},
		"grpc_health_probe": {
			line: "grpc_health_probe -connect-timeout 5s -addr=podinfo-canary.test:9898",
			want: acceptance.Probe{
				Address: "podinfo-canary.test:9898", ConnectTimeout: 5 * time.Second, CallTimeout: time.Second, UserAgent: "grpc_health_probe",
			},
		},
		"grpc_health_probe over TLS": {
			line: "/bin/grpc_health_probe -addr=a.b:1 -tls -tls-no-verify -tls-server-name c -service s -rpc-timeout 2s",
			want: acceptance.Probe{
				Address: "a.b:1", ConnectTimeout: time.Second, CallTimeout: 2 * time.Second, UserAgent: "grpc_health_probe",
				TLS: true, Insecure: true, ServerName: "c", Service: "s",
			},
		},
	}
	byText := cmp.Comparer(func(a, b *regexp.Regexp) bool { return a.String() == b.String() })
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			got, err := command.Acceptance(tt.line)
			if err != nil {
				t.Fatalf("Acceptance(%q): %v", tt.line, err)
			}
			if diff := cmp.Diff(tt.want, got, byText, cmpopts.EquateEmpty()); diff != "" {
				t.Errorf("Acceptance(%q) (-want +got):\n%s", tt.line, diff)
			}
		})
	}
}

func TestAcceptanceRefuses(t *testing.T) {
	tests := map[string]struct{ line, want string }{
		"an unknown flag":            {"curl -s --netrc http://a.b/", "curl: the flag --netrc is not supported by the built-in load generator"},
		"data from a file":           {"curl -d @/etc/passwd http://a.b/", "curl: --data @/etc/passwd would read a file"},
		"output to a file":           {"curl -o /tmp/x http://a.b/", "curl: --output /tmp/x would write a file"},
		"an unknown variable":        {"curl -w '%{time_total}' http://a.b/", "curl: --write-out %{time_total}: only %{http_code} is built in"},
		"two URLs":                   {"curl http://a.b/ http://c.d/", `curl: want one URL after the flags, and there are 2: ["http://a.b/" "http://c.d/"]`},
		"another program behind":     {"curl http://a.b/ | jq .", `curl: only grep may follow after the pipe, not ["jq" "."]`},
		"a grep that reads a file":   {"curl http://a.b/ | grep root /etc/passwd", `grep: want one pattern and no file, and there are ["root" "/etc/passwd"]`},
		"a pattern that is none":     {"curl http://a.b/ | grep -E '('", "grep: the pattern \"(\" can't be read: error parsing regexp: missing closing ): `(`"},
		"a backslash in a pattern":   {`curl http://a.b/ | grep 'a\b'`, `grep: a pattern with \ is built in with -E only`},
		"a probe without an address": {"grpc_health_probe -addr=a", "grpc_health_probe: -addr must be host:port"},
		"a probe with a pipe":        {"grpc_health_probe -addr=a:1 | grep x", "grpc_health_probe: the command has a pipe, and only curl may have one"},
		"a shell":                    {"curl http://a.b/ || exit 0", `curl: the command can't be read: it has "|" outside of quotes, which only a shell can act on`},
		"another program":            {"bash -c true", `"bash" is not built in`},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			_, err := command.Acceptance(tt.line)
			if err == nil || err.Error() != tt.want {
				t.Errorf("Acceptance(%q) = %v, want %s", tt.line, err, tt.want)
			}
		})
	}
}
