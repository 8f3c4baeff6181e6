package metrics

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/prometheus/common/config"
)

// endpoint says where a query goes and how.
type endpoint struct {
	address string
	// headers may belong to a cached object and are only read.
	headers  map[string][]string
	insecure bool
	auth     credentials
}

// credentials come from a Secret. Without a token, username and password are used.
type credentials struct {
	// secret names the Secret and its version, and stands for the rest in a key.
	secret                    string
	token, username, password string
}

// key is equal for endpoints that can share connections.
func (e endpoint) key() string {
	parts := []string{fmt.Sprintf("%q %t %q", e.address, e.insecure, e.auth.secret)}
	for _, name := range slices.Sorted(maps.Keys(e.headers)) {
		parts = append(parts, fmt.Sprintf("%q=%q", name, e.headers[name]))
	}
	return strings.Join(parts, " ")
}

// config returns the HTTP settings. Redirects are not followed, so credentials
// stay with the host that they are meant for.
func (e endpoint) config() config.HTTPClientConfig {
	cfg := config.HTTPClientConfig{
		FollowRedirects: false,
		EnableHTTP2:     true,
		TLSConfig:       config.TLSConfig{InsecureSkipVerify: e.insecure},
		HTTPHeaders:     &config.Headers{Headers: map[string]config.Header{}},
	}
	for name, values := range e.headers {
		cfg.HTTPHeaders.Headers[name] = config.Header{Values: slices.Clone(values)}
	}
	switch {
	case e.auth.token != "":
		cfg.Authorization = &config.Authorization{Type: "Bearer", Credentials: config.Secret(e.auth.token)}
	case e.auth.username != "":
		cfg.BasicAuth = &config.BasicAuth{Username: e.auth.username, Password: config.Secret(e.auth.password)}
	}
	return cfg
}
