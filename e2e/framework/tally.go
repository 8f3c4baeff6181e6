package framework

import (
	"slices"
	"strings"
	"sync"
	"time"
)

// Headers of an answer by which the route itself says who gave it. [CanarySpec]
// asks for them; they are the only trace of an answer without podinfo's body.
const (
	ClusterHeader = "x-upstream-cluster"
	PeerHeader    = "x-upstream-peer"
)

// Side is the half of a release that answered.
type Side string

// The sides. An answer of neither was made by a proxy, or none came at all.
const (
	Primary Side = "primary"
	Canary  Side = "canary"
	Nobody  Side = "nobody"
)

// Sample is one request and what became of it.
type Sample struct {
	Began time.Time
	Took  time.Duration
	// Code, Fault and Detail are those of [Reply].
	Code   int
	Fault  string
	Detail string
	// Version and Pod are what podinfo says of itself, or else what [LoadConfig.Who] does. Empty when no one does.
	Version, Pod string
	// Cluster and Peer are where the gateway sent the request, as Envoy names it:
	// outbound|9898||podinfo-canary.test.svc.cluster.local and 10.244.0.7:9898.
	Cluster, Peer string
}

// Failed reports whether a user would say that it did not work: no answer, an
// error of the server, or no route.
func (s Sample) Failed() bool {
	return s.Fault != "" || s.Code >= 500 || s.Code == 404
}

// Side returns who answered. A route that names a side but no pod there is nobody's answer.
func (s Sample) Side() Side {
	reached := s.Peer != "" && s.Peer != "-"
	switch {
	case strings.Contains(s.Pod, "-primary-"), reached && strings.Contains(s.Cluster, "-primary."):
		return Primary
	case s.Pod != "", reached && strings.Contains(s.Cluster, "-canary."):
		return Canary
	}
	return Nobody
}

// Tally holds every request of a load. It can be read while the load runs.
type Tally struct {
	mu      sync.Mutex
	began   time.Time
	ended   time.Time
	unsent  int64
	failed  int
	samples []Sample
}

func newTally(began time.Time) *Tally { return &Tally{began: began} }

func (t *Tally) add(s Sample) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.samples = append(t.samples, s)
	if s.Failed() {
		t.failed++
	}
}

func (t *Tally) giveUp(slots int64) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.unsent += slots
}

func (t *Tally) end(at time.Time) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.ended = at
}

// Unsent returns how many requests of the schedule were never sent because the
// load could not keep its rate. They are not part of any other count.
func (t *Tally) Unsent() int64 {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.unsent
}

// Rate returns the requests per second that were really sent, from the start to
// the end of the load, or to now while it runs.
func (t *Tally) Rate() float64 {
	t.mu.Lock()
	defer t.mu.Unlock()
	until := t.ended
	if until.IsZero() {
		until = time.Now()
	}
	return float64(len(t.samples)) / until.Sub(t.began).Seconds()
}

// Count returns how many requests were sent and how many of them failed. It costs nothing.
func (t *Tally) Count() (sent, failed int) {
	t.mu.Lock()
	defer t.mu.Unlock()
	return len(t.samples), t.failed
}

// All counts every request.
func (t *Tally) All() Window { return t.Between(time.Time{}, time.Time{}) }

// Between counts the requests that began at from or later and before until. A zero time is no limit.
func (t *Tally) Between(from, until time.Time) Window {
	return WindowOf(selectFrom(t.endedSince(from), func(s Sample) bool {
		return !s.Began.Before(from) && (until.IsZero() || s.Began.Before(until))
	}))
}

// Select returns the requests that fit, in the order in which they began.
func (t *Tally) Select(fits func(Sample) bool) []Sample {
	return selectFrom(t.endedSince(time.Time{}), fits)
}

func selectFrom(samples []Sample, fits func(Sample) bool) []Sample {
	var selected []Sample
	for _, s := range samples {
		if fits(s) {
			selected = append(selected, s)
		}
	}
	slices.SortStableFunc(selected, func(a, b Sample) int { return a.Began.Compare(b.Began) })
	return selected
}

// disorder is how far samples may be out of the order in which they ended: the
// time between an answer and its entry here.
const disorder = time.Second

// endedSince returns the samples of requests that ended at a time or later, and maybe a few more.
func (t *Tally) endedSince(from time.Time) []Sample {
	t.mu.Lock()
	defer t.mu.Unlock()
	first, _ := slices.BinarySearchFunc(t.samples, from.Add(-disorder), func(s Sample, from time.Time) int {
		return s.Began.Add(s.Took).Compare(from)
	})
	return t.samples[first:len(t.samples):len(t.samples)]
}
