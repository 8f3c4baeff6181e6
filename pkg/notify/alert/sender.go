package alert

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"sync"
	"time"

	"sigs.k8s.io/controller-runtime/pkg/client"

	flaggerv1 "github.com/linnet-delivery/linnet/pkg/apis/flagger/v1beta1"
	"github.com/linnet-delivery/linnet/pkg/outbound"
	"github.com/linnet-delivery/linnet/pkg/rollout"
)

const (
	timeout = 5 * time.Second
	retries = 3
)

// Options are the surroundings of a Sender. Reader and Secrets are required.
type Options struct {
	// Reader finds AlertProviders; a cached one will do.
	Reader client.Reader
	// Secrets reads the Secrets of AlertProviders, once for each alert.
	Secrets client.Reader
	// Global are told about Canaries without alerts of their own, whatever the severity.
	Global []Receiver
	// Cluster is the name that alerts give to this cluster; empty for none.
	Cluster string
	// NoCrossNamespaceRefs refuses AlertProviders of other namespaces.
	NoCrossNamespaceRefs bool
	// UserAgent is sent along with each alert.
	UserAgent string
	// AllowLoopback lets receivers live on the machine of the controller, for development.
	AllowLoopback bool
	// Wait blocks for d or until ctx ends, whose error it then returns; nil means a timer.
	Wait func(ctx context.Context, d time.Duration) error
}

// Sender sends alerts. It is safe for concurrent use.
type Sender struct {
	Options
	client *http.Client
}

// New returns a Sender.
func New(o Options) *Sender {
	return &Sender{Options: o, client: outbound.NewClient(outbound.Options{AllowLoopback: o.AllowLoopback})}
}

// CloseIdle closes the connections that are kept open for later alerts.
func (s *Sender) CloseIdle() { s.client.CloseIdleConnections() }

// Alert tells the Canary's receivers about an event that happened at the given
// time, if it is worth an alert, all of them at once. The error names those that
// did not take it.
func (s *Sender) Alert(ctx context.Context, c *flaggerv1.Canary, e rollout.Event, at time.Time) error {
	m, ok := newMessage(c, e, s.Cluster, at)
	if !ok {
		return nil
	}
	receivers, unknown := s.receivers(ctx, c, m.severity)
	errs := make([]error, len(receivers))
	var wg sync.WaitGroup
	for i, r := range receivers {
		wg.Go(func() { errs[i] = s.send(ctx, r, m) })
	}
	wg.Wait()
	return errors.Join(unknown, errors.Join(errs...))
}

// send posts the message in the receiver's form, with retries.
func (s *Sender) send(ctx context.Context, r Receiver, m message) error {
	f, ok := formats[r.Type]
	if !ok {
		return fmt.Errorf("%s has type %q, which is not known", r.name, r.Type)
	}
	address, err := f.address(r)
	if err != nil {
		return fmt.Errorf("%s: %w", r.name, err)
	}
	body, err := json.Marshal(f.body(m, r))
	if err != nil {
		return fmt.Errorf("write the alert for %s: %w", r.name, err)
	}
	httpClient, done, err := s.clientFor(r)
	if err != nil {
		return fmt.Errorf("%s: %w", r.name, err)
	}
	defer done()

	header := http.Header{}
	header.Set("Content-Type", "application/json")
	header.Set("User-Agent", s.UserAgent)
	if r.Token != "" {
		header.Set("Authorization", "Bearer "+r.Token)
	}
	reply := outbound.Poster{Client: httpClient, Wait: s.Wait}.
		Send(ctx, outbound.Post{URL: address, Header: header, Body: body, Timeout: timeout, Retries: retries})
	if !reply.Accepted() {
		return errors.New(reply.Sentence(r.name))
	}
	return f.taken(r, reply)
}

// clientFor returns a client that goes through the receiver's proxy. Alerts are
// rare, so a client with a proxy of its own lives for one.
func (s *Sender) clientFor(r Receiver) (*http.Client, func(), error) {
	if r.Proxy == "" {
		return s.client, func() {}, nil
	}
	proxy, err := url.Parse(r.Proxy)
	if err != nil || proxy.Host == "" {
		return nil, nil, errors.New("its proxy is not a URL such as http://proxy:3128")
	}
	c := outbound.NewClient(outbound.Options{AllowLoopback: s.AllowLoopback, Proxy: proxy})
	return c, c.CloseIdleConnections, nil
}
