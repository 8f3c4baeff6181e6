// Package progress tells a person what is being done, how long it takes, and what went wrong.
package progress

import (
	"fmt"
	"io"
	"os"
	"strings"
	"sync"
	"time"

	"golang.org/x/sys/unix"
)

// Reporter writes one line for each finished step. On a terminal the running step is shown as well,
// with its elapsed time; elsewhere a line says every 15 seconds what it is still waiting for.
type Reporter struct {
	out      io.Writer
	terminal bool
	start    time.Time

	mu   sync.Mutex
	rows []Row
}

// Row is one finished step.
type Row struct {
	What string
	Took time.Duration
}

// New returns a reporter that writes to file, with colours only if that is a terminal.
func New(file *os.File) *Reporter {
	_, err := unix.IoctlGetTermios(int(file.Fd()), unix.TCGETS)
	return &Reporter{out: file, terminal: err == nil && os.Getenv("NO_COLOR") == "", start: time.Now()}
}

// Elapsed returns the time since the reporter was made.
func (r *Reporter) Elapsed() time.Duration { return time.Since(r.start) }

// Rows returns the steps finished so far.
func (r *Reporter) Rows() []Row {
	r.mu.Lock()
	defer r.mu.Unlock()
	return append([]Row(nil), r.rows...)
}

// Step runs f and reports it as one step.
func (r *Reporter) Step(what string, f func() error) error {
	return r.Detailed(what, func(func(string)) error { return f() })
}

// Detailed is Step for long work: f passes what it is at just now to its argument.
func (r *Reporter) Detailed(what string, f func(detail func(string)) error) error {
	started := time.Now()
	live := r.watch(what, started)
	err := f(live.set)
	live.end()
	took := time.Since(started)
	if err != nil {
		r.line(r.paint(red, "✗"), what, took)
		return err
	}
	r.line(r.paint(green, "✓"), what, took)
	r.mu.Lock()
	r.rows = append(r.rows, Row{What: what, Took: took})
	r.mu.Unlock()
	return nil
}

// Note writes a line that is no step.
func (r *Reporter) Note(format string, args ...any) {
	r.mu.Lock()
	defer r.mu.Unlock()
	fmt.Fprintf(r.out, "%s\n", fmt.Sprintf(format, args...))
}

// Skipped reports a step that needed no work.
func (r *Reporter) Skipped(what, why string) {
	r.Note("          %s %s  %s", r.paint(green, "✓"), what, r.paint(grey, "("+why+")"))
}

func (r *Reporter) line(mark, what string, took time.Duration) {
	r.Note("%8.1fs %s %s  %s", r.Elapsed().Seconds(), mark, what, r.paint(grey, Seconds(took)))
}

// Seconds formats a duration for people: "0.4 s", "63 s", "12 min 5 s".
func Seconds(d time.Duration) string {
	switch {
	case d < 20*time.Second:
		return fmt.Sprintf("%.1f s", d.Seconds())
	case d < 2*time.Minute:
		return fmt.Sprintf("%.0f s", d.Seconds())
	}
	d = d.Round(time.Second)
	return fmt.Sprintf("%d min %d s", int(d.Minutes()), int(d.Seconds())%60)
}

type colour string

const (
	red   colour = "31"
	green colour = "32"
	grey  colour = "90"
)

func (r *Reporter) paint(c colour, text string) string {
	if !r.terminal {
		return text
	}
	return "\x1b[" + string(c) + "m" + text + "\x1b[0m"
}

// Indent puts four spaces in front of each line.
func Indent(text string) string {
	return "    " + strings.ReplaceAll(text, "\n", "\n    ")
}
