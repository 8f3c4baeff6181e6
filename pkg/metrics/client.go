package metrics

import (
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"sync"
	"time"

	"github.com/prometheus/client_golang/api"
	promv1 "github.com/prometheus/client_golang/api/prometheus/v1"
	"github.com/prometheus/common/config"

	"github.com/linnet-delivery/linnet/pkg/outbound"
)

// idle is how long an unused client, and an unused connection, is kept.
const idle = 5 * time.Minute

// clients keeps one client for each endpoint, so that connections are used
// again, and drops those that nobody has asked for.
type clients struct {
	maxBody int64
	now     func() time.Time

	mu    sync.Mutex
	byKey map[string]*openClient
}

type openClient struct {
	api   promv1.API
	http  *http.Client
	host  string
	used  time.Time
	close func()
}

func newClients(maxBody int64, now func() time.Time) *clients {
	return &clients{maxBody: maxBody, now: now, byKey: map[string]*openClient{}}
}

// open returns a client of Prometheus for the endpoint and the host that it talks to.
func (c *clients) open(e endpoint) (promv1.API, string, error) {
	o, err := c.get(e)
	if err != nil {
		return nil, "", err
	}
	return o.api, o.host, nil
}

// plain returns a client that speaks to the endpoint in any other language.
func (c *clients) plain(e endpoint) (*http.Client, error) {
	o, err := c.get(e)
	if err != nil {
		return nil, err
	}
	return o.http, nil
}

func (c *clients) get(e endpoint) (*openClient, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	key := e.key()
	o, ok := c.byKey[key]
	if !ok {
		var err error
		if o, err = c.dial(e); err != nil {
			return nil, err
		}
		c.sweep()
		c.byKey[key] = o
	}
	o.used = c.now()
	return o, nil
}

func (c *clients) sweep() {
	for key, o := range c.byKey {
		if c.now().Sub(o.used) > idle {
			o.close()
			delete(c.byKey, key)
		}
	}
}

func (c *clients) dial(e endpoint) (*openClient, error) {
	u, err := url.Parse(e.address)
	if err != nil || u.Host == "" || (u.Scheme != "http" && u.Scheme != "https") {
		return nil, errors.New("the address of its Prometheus is not an http or https URL such as http://prometheus.monitoring:9090")
	}
	dialer := outbound.NewDialer(true)
	client, err := config.NewClientFromConfig(e.config(), "linnet-metrics",
		config.WithDialContextFunc(dialer.DialContext), config.WithIdleConnTimeout(idle), config.WithUserAgent("linnet"))
	if err != nil {
		return nil, fmt.Errorf("set up a client for Prometheus at %s: %w", u.Host, err)
	}
	capped := &http.Client{Transport: cappedTransport{client.Transport, c.maxBody}, CheckRedirect: client.CheckRedirect}
	prom, err := api.NewClient(api.Config{Address: e.address, Client: capped})
	if err != nil {
		return nil, fmt.Errorf("set up a client for Prometheus at %s: %w", u.Host, err)
	}
	return &openClient{api: promv1.NewAPI(strict{prom}), http: capped, host: u.Host, close: client.CloseIdleConnections}, nil
}
