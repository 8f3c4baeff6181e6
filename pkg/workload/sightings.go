package workload

import (
	"sync"
	"time"
)

// sightings remembers since when things that wait have looked as they do, where the API server keeps
// no time. It is lost on a restart: a deadline then begins anew, late but never early. The zero value
// is ready to use.
type sightings struct {
	mu   sync.Mutex
	seen map[string]sighting
}

type sighting struct {
	what  string
	since time.Time
}

// since returns from when what has been seen of key without a break, now included.
func (s *sightings) since(key, what string, now time.Time) time.Time {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.seen == nil {
		s.seen = map[string]sighting{}
	}
	if last, ok := s.seen[key]; ok && last.what == what {
		return last.since
	}
	s.seen[key] = sighting{what: what, since: now}
	return now
}

// forget drops what was seen of key, which waits no longer.
func (s *sightings) forget(key string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.seen, key)
}
