package lab

import (
	"fmt"
	"os"
	"strings"
	"text/tabwriter"

	"github.com/linnet-delivery/linnet/e2e/lab/internal/layout"
	"github.com/linnet-delivery/linnet/e2e/lab/internal/proc"
)

// Status is what a person wants to know of a lab.
type Status struct {
	lab        *Lab
	state      State
	components []componentStatus
}

type componentStatus struct {
	name    string
	running bool
	pid     int
	// rss is in MiB.
	rss int
}

// Status returns the state of the lab's components; a lab that is not up is an error.
func (l *Lab) Status() (Status, error) {
	if err := l.Running(); err != nil {
		return Status{}, err
	}
	state, _, err := l.ReadState()
	if err != nil {
		return Status{}, err
	}
	status := Status{lab: l, state: state}
	for _, name := range l.processes.Names() {
		record, err := l.processes.Load(name)
		if err != nil {
			return Status{}, err
		}
		status.components = append(status.components, componentStatus{
			name: name, running: record.Alive(), pid: record.PID, rss: proc.MemoryMiB(record.PID),
		})
	}
	return status, nil
}

// Err returns which components don't run, or that the lab was never completed.
func (s Status) Err() error {
	var ended []string
	for _, c := range s.components {
		if !c.running {
			ended = append(ended, c.name)
		}
	}
	if len(ended) > 0 {
		return fmt.Errorf("not running: %s", strings.Join(ended, ", "))
	}
	if !s.state.Complete {
		return fmt.Errorf("lab %s was not brought up to its end: run \"lab up %s\" again", s.lab.Name, s.lab.Name)
	}
	return nil
}

// String returns the table of components and how the lab is used.
func (s Status) String() string {
	var out strings.Builder
	table := tabwriter.NewWriter(&out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(table, "COMPONENT\tSTATE\tPID\tMEMORY")
	for _, c := range s.components {
		if !c.running {
			fmt.Fprintf(table, "%s\tstopped\t\t\n", c.name)
			continue
		}
		fmt.Fprintf(table, "%s\trunning\t%d\t%d MiB\n", c.name, c.pid, c.rss)
	}
	table.Flush()
	return out.String() + "\n" + s.Usage()
}

// Usage returns the lab's addresses and files.
func (s Status) Usage() string {
	var out strings.Builder
	table := tabwriter.NewWriter(&out, 0, 0, 2, ' ', 0)
	row := func(what, where string) { fmt.Fprintf(table, "%s\t%s\n", what, where) }
	row("extent", string(s.state.Extent))
	row("kubeconfig", s.lab.Kubeconfig())
	row("audit log", s.lab.AuditLog())
	row("logs", s.lab.Logs())
	row("API server", layout.APIServerURL)
	if s.state.Extent == Whole {
		row("gateway", "http://"+layout.GatewayIP)
		row("Prometheus", fmt.Sprintf("http://%s:%d, in pods http://prometheus.istio-system:%d", layout.NodeIP, layout.PrometheusPort, layout.PrometheusPort))
		row("images", strings.Join(s.lab.imageNames(), ", "))
	}
	row("enter with", fmt.Sprintf("%s exec %s -- COMMAND", os.Args[0], s.lab.Name))
	table.Flush()
	return out.String()
}
