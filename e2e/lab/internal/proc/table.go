package proc

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"

	"github.com/linnet-delivery/linnet/e2e/lab/internal/netns"
)

// Spec is how to start a process.
type Spec struct {
	// Name is the component's name; log and record are named after it.
	Name string `json:"name"`
	// Command is the program's path and its arguments.
	Command []string `json:"command"`
	// Env is added to the environment of the lab program.
	Env []string `json:"env,omitempty"`
}

// Record is what the table remembers of a process.
type Record struct {
	Spec
	Identity
}

// Table holds the host processes of one lab.
type Table struct {
	// Records and Logs are the folders of the records and of the log files.
	Records, Logs string
	// NetNS is the network namespace that every process is started in.
	NetNS string
}

// LogFile returns the log of a component.
func (t Table) LogFile(name string) string { return filepath.Join(t.Logs, name+".log") }

// Start starts the process in a session of its own and records it. It does nothing when the
// component already runs, whatever arguments it runs with.
func (t Table) Start(spec Spec) error {
	if t.Running(spec.Name) {
		return nil
	}
	for _, dir := range []string{t.Records, t.Logs} {
		if err := os.MkdirAll(dir, 0o755); err != nil {
			return fmt.Errorf("create folder for %s: %w", spec.Name, err)
		}
	}
	log, err := os.OpenFile(t.LogFile(spec.Name), os.O_CREATE|os.O_WRONLY|os.O_APPEND, 0o644)
	if err != nil {
		return fmt.Errorf("open log of %s: %w", spec.Name, err)
	}
	defer log.Close()
	cmd := exec.Command(spec.Command[0], spec.Command[1:]...)
	cmd.Env = append(os.Environ(), spec.Env...)
	cmd.Dir = "/"
	cmd.Stdout, cmd.Stderr = log, log
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
	if err := netns.Start(t.NetNS, cmd); err != nil {
		return fmt.Errorf("start %s: %w", spec.Name, err)
	}
	id, err := Identify(cmd.Process.Pid)
	if err != nil {
		return fmt.Errorf("start %s: %w", spec.Name, err)
	}
	go func() { _ = cmd.Wait() }() // reaps it if it ends while this command still runs
	return t.save(Record{Spec: spec, Identity: id})
}

// Restart starts a component again with the arguments it was last started with.
func (t Table) Restart(name string) error {
	record, err := t.Load(name)
	if err != nil {
		return err
	}
	return t.Start(record.Spec)
}

// Running reports whether the component's process is alive.
func (t Table) Running(name string) bool {
	record, err := t.Load(name)
	return err == nil && record.Alive()
}

// Load returns the record of a component; an unknown one is an error that lists those known.
func (t Table) Load(name string) (Record, error) {
	data, err := os.ReadFile(t.file(name))
	if errors.Is(err, os.ErrNotExist) {
		return Record{}, fmt.Errorf("no component %q: there are %s", name, strings.Join(t.Names(), ", "))
	}
	if err != nil {
		return Record{}, fmt.Errorf("read record of %s: %w", name, err)
	}
	var record Record
	if err := json.Unmarshal(data, &record); err != nil {
		return Record{}, fmt.Errorf("parse record of %s: %w", name, err)
	}
	return record, nil
}

// Names returns the components that have ever been started, in alphabetical order.
func (t Table) Names() []string {
	files, _ := filepath.Glob(t.file("*")) // sorted
	names := make([]string, 0, len(files))
	for _, file := range files {
		names = append(names, strings.TrimSuffix(filepath.Base(file), ".json"))
	}
	return names
}

func (t Table) file(name string) string { return filepath.Join(t.Records, name+".json") }

func (t Table) save(record Record) error {
	data, err := json.MarshalIndent(record, "", "  ")
	if err != nil {
		return fmt.Errorf("encode record of %s: %w", record.Name, err)
	}
	if err := os.WriteFile(t.file(record.Name), data, 0o644); err != nil {
		return fmt.Errorf("write record of %s: %w", record.Name, err)
	}
	return nil
}
