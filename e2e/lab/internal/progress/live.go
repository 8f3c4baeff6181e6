package progress

import (
	"fmt"
	"sync"
	"time"
)

const (
	terminalInterval = 150 * time.Millisecond
	plainInterval    = 15 * time.Second
)

// live shows the running step until it ends.
type live struct {
	reporter *Reporter
	what     string
	started  time.Time
	stop     chan struct{}
	stopped  sync.WaitGroup

	mu     sync.Mutex
	detail string
}

func (r *Reporter) watch(what string, started time.Time) *live {
	l := &live{reporter: r, what: what, started: started, stop: make(chan struct{})}
	l.stopped.Add(1)
	go l.run()
	return l
}

func (l *live) set(detail string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.detail = detail
}

func (l *live) end() {
	close(l.stop)
	l.stopped.Wait()
}

func (l *live) run() {
	defer l.stopped.Done()
	interval := plainInterval
	if l.reporter.terminal {
		interval = terminalInterval
	}
	ticker := time.NewTicker(interval)
	defer ticker.Stop()
	for {
		select {
		case <-l.stop:
			l.clear()
			return
		case <-ticker.C:
			l.show()
		}
	}
}

func (l *live) show() {
	l.mu.Lock()
	text := l.what
	if l.detail != "" {
		text += ": " + l.detail
	}
	l.mu.Unlock()
	elapsed := Seconds(time.Since(l.started))
	if !l.reporter.terminal {
		l.reporter.Note("          … %s (%s so far)", text, elapsed)
		return
	}
	if runes := []rune(text); len(runes) > 90 {
		text = string(runes[:90]) + "…"
	}
	l.reporter.mu.Lock()
	defer l.reporter.mu.Unlock()
	fmt.Fprintf(l.reporter.out, "\r\x1b[K%8.1fs … %s  %s", l.reporter.Elapsed().Seconds(), text, elapsed)
}

func (l *live) clear() {
	if !l.reporter.terminal {
		return
	}
	l.reporter.mu.Lock()
	defer l.reporter.mu.Unlock()
	fmt.Fprint(l.reporter.out, "\r\x1b[K")
}
