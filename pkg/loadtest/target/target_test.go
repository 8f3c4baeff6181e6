package target_test

import (
	"context"
	"errors"
	"net"
	"testing"

	"github.com/linnet-delivery/linnet/pkg/loadtest/target"
)

func TestDialer(t *testing.T) {
	policy := target.Policy{Allow: []string{"*.Example.com", "10.0.0.7"}}
	tests := map[string]struct {
		address string
		want    string // what is dialled; empty when refused
	}{
		"a Service by its plain name":                  {"podinfo:80", "podinfo:80"},
		"a Service and its namespace":                  {"podinfo-canary.test:9898", "podinfo-canary.test.svc:9898"},
		"a name of two parts never leaves the cluster": {"example.com:80", "example.com.svc:80"},
		"a Service in short":                           {"podinfo.test.svc:80", "podinfo.test.svc:80"},
		"a Service in full":                            {"podinfo.test.svc.cluster.local.:80", "podinfo.test.svc.cluster.local:80"},
		"upper case is the same name":                  {"Podinfo.Test:80", "podinfo.test.svc:80"},
		"an allowed host":                              {"shop.example.com:443", "shop.example.com:443"},
		"an allowed address":                           {"10.0.0.7:80", "10.0.0.7:80"},
		"another address":                              {"10.0.0.8:80", ""},
		"the metadata service":                         {"169.254.169.254:80", ""},
		"loopback":                                     {"127.0.0.1:80", ""},
		"loopback by IPv6":                             {"[::1]:80", ""},
		"loopback by name":                             {"localhost:80", ""},
		"a host on the internet":                       {"www.example.org:80", ""},
		"an address in disguise":                       {"0x7f.1.2.3:80", ""},
		"no host":                                      {":80", ""},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			var got string
			dial := policy.Dialer(func(_ context.Context, _, address string) (net.Conn, error) {
				got = address
				return nil, nil
			})
			_, err := dial(t.Context(), "tcp", tt.address)
			if got != tt.want || errors.Is(err, target.ErrRefused) != (tt.want == "") {
				t.Errorf("dialled %q, %v, want %q", got, err, tt.want)
			}
		})
	}
}

func TestValidateRefusesAPatternThatIsNone(t *testing.T) {
	if err := (target.Policy{Allow: []string{"["}}).Validate(); err == nil {
		t.Error("Validate() of [ = nil, want an error")
	}
}
