package main

import (
	"context"
	"fmt"
	"os"
	"strings"
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
	// drawn is the number of lines of the picture that stands at the bottom.
	drawn int
	// said is when the last note was printed.
	said time.Time
	lines chan string
}

func newScreen(out *os.File) *screen {
	info, err := out.Stat()
	live := err == nil && info.Mode()&os.ModeCharDevice != 0 && os.Getenv("TERM") != "dumb"
	return &screen{out: out, live: live, began: time.Now(), lines: make(chan string, 64)}
}

// line prints one line, above the picture if there is one.
func (s *screen) line(format string, args ...any) {
	text := fmt.Sprintf("%6.1fs  %s", time.Since(s.began).Seconds(), fmt.Sprintf(format, args...))
	select {
	case s.lines <- text:
	default:
	}
	if s.said.IsZero() {
		s.flush()
	}
}

// flush prints the lines that wait.
func (s *screen) flush() {
	for {
		select {
		case text := <-s.lines:
			s.erase()
			fmt.Fprintln(s.out, text)
		default:
			return
		}
	}
}

// follow draws the story until the function that it returns is called.
func (s *screen) follow(ctx context.Context, story *story) (stop func()) {
	ctx, cancel := context.WithCancel(ctx)
	done := make(chan struct{})
	s.said = time.Now()
	go func() {
		defer close(done)
		s.loop(ctx, story)
	}()
	return func() {
		cancel()
		<-done
		s.said = time.Time{}
	}
}

func (s *screen) loop(ctx context.Context, story *story) {
	ticker := time.NewTicker(redraw)
	defer ticker.Stop()
	var last time.Time
	var summary string
	for {
		s.tell(story)
		now := time.Now()
		picture := story.picture(now)
		switch {
		case s.live:
			s.draw(picture)
		case now.Sub(last) >= digest || story.summary() != summary:
			last, summary = now, story.summary()
			fmt.Fprintf(s.out, "%6.1fs  %s\n", now.Sub(s.began).Seconds(), strings.Join(story.figures(now), "; "))
		}
		select {
		case <-ctx.Done():
			s.tell(story)
			s.erase()
			return
		case <-ticker.C:
		}
	}
}

// tell prints the lines that wait and the Events that came since the last time.
func (s *screen) tell(story *story) {
	s.flush()
	for _, n := range story.release.Notes(s.said) {
		s.erase()
		fmt.Fprintf(s.out, "%6.1fs  %s %s: %s\n", n.At.Sub(s.began).Seconds(), mark(n), n.Reason, n.Message)
		s.said = n.At.Add(1)
	}
}

func mark(n framework.Note) string {
	if n.Type == "Warning" {
		return "!"
	}
	return "·"
}

func (s *screen) draw(picture []string) {
	s.erase()
	for _, l := range picture {
		fmt.Fprintf(s.out, "%s\x1b[K\n", l)
	}
	s.drawn = len(picture)
}

// erase takes the picture away, so that lines can be printed in its place.
func (s *screen) erase() {
	if s.drawn > 0 {
		fmt.Fprintf(s.out, "\x1b[%dA\x1b[J", s.drawn)
		s.drawn = 0
	}
}
