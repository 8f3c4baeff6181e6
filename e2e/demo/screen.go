package main

import (
	"context"
	"fmt"
	"os"
	"strings"
	"sync"
	"time"

	"github.com/linnet-delivery/linnet/e2e/framework"
)

// On a terminal the picture is drawn twice a second, otherwise a line of figures is printed every few seconds.
const (
	redraw = 500 * time.Millisecond
	digest = 5 * time.Second
)

// screen prints what happens as lines, and below them, on a terminal, how things stand.
type screen struct {
	out   *os.File
	live  bool
	began time.Time

	mu sync.Mutex
	// drawn is the number of lines of the picture that stands at the bottom.
	drawn int
}

func newScreen(out *os.File) *screen {
	info, err := out.Stat()
	live := err == nil && info.Mode()&os.ModeCharDevice != 0 && os.Getenv("TERM") != "dumb"
	return &screen{out: out, live: live, began: time.Now()}
}

// line prints one line, above the picture if there is one.
func (s *screen) line(format string, args ...any) {
	s.lineAt(time.Now(), fmt.Sprintf(format, args...))
}

func (s *screen) lineAt(at time.Time, text string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.erase()
	_, _ = fmt.Fprintf(s.out, "%6.1fs  %s\n", at.Sub(s.began).Seconds(), text)
}

// follow shows the story until the function that it returns is called.
func (s *screen) follow(ctx context.Context, story *story) (stop func()) {
	ctx, cancel := context.WithCancel(ctx)
	done := make(chan struct{})
	go func() {
		defer close(done)
		s.loop(ctx, story)
	}()
	return func() {
		cancel()
		<-done
	}
}

func (s *screen) loop(ctx context.Context, story *story) {
	ticker := time.NewTicker(redraw)
	defer ticker.Stop()
	told := s.tell(story, time.Now())
	show := s.digest()
	if s.live {
		show = s.draw
	}
	for {
		show(story, time.Now())
		select {
		case <-ctx.Done():
			s.tell(story, told)
			return
		case <-ticker.C:
		}
		told = s.tell(story, told)
	}
}

// tell prints the Events that came since the last time, and returns the time for the next.
func (s *screen) tell(story *story, since time.Time) time.Time {
	for _, n := range story.release.Notes(since) {
		s.lineAt(n.At, fmt.Sprintf("%s %s: %s", mark(n), n.Reason, n.Message))
		since = n.At.Add(1)
	}
	return since
}

// digest returns what prints the figures in one line, every few seconds and when the release moves on.
func (s *screen) digest() func(*story, time.Time) {
	var last time.Time
	var summary string
	return func(story *story, now time.Time) {
		if now.Sub(last) >= digest || story.summary() != summary {
			last, summary = now, story.summary()
			s.lineAt(now, "  "+strings.Join(story.figures(now), "; "))
		}
	}
}

// draw puts the picture at the bottom of the terminal.
func (s *screen) draw(story *story, now time.Time) {
	picture := story.picture(now)
	s.mu.Lock()
	defer s.mu.Unlock()
	s.erase()
	for _, l := range picture {
		_, _ = fmt.Fprintf(s.out, "%s\x1b[K\n", l)
	}
	s.drawn = len(picture)
}

// erase takes the picture away, so that a line can be printed in its place. The lock is held.
func (s *screen) erase() {
	if s.drawn > 0 {
		_, _ = fmt.Fprintf(s.out, "\x1b[%dA\x1b[J", s.drawn)
		s.drawn = 0
	}
}

func mark(n framework.Note) string {
	if n.Type == "Warning" {
		return "!"
	}
	return "·"
}
