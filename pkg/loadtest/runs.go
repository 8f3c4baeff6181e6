package loadtest

import (
	"net/http"
	"slices"
	"sync"
	"time"

	"github.com/linnet-delivery/linnet/pkg/loadtest/gate"
	"github.com/linnet-delivery/linnet/pkg/loadtest/generator"
)

// history is how many runs that ended are remembered.
const history = 100

// State is where a run is.
type State string

const (
	// Running runs have no result yet.
	Running State = "running"
	// Succeeded runs came to their end. A load does so whatever its requests were answered.
	Succeeded State = "succeeded"
	// Failed runs could not be run, or are tests that were answered with a no.
	Failed State = "failed"
)

// Run is a task, as GET /runs shows it.
type Run struct {
	ID        int64  `json:"id"`
	Namespace string `json:"namespace"`
	Name      string `json:"name"`
	// Type is that of the task: cmd, load, bash, helm or kubectl.
	Type    string     `json:"type"`
	Command string     `json:"command"`
	State   State      `json:"state"`
	Message string     `json:"message,omitempty"`
	Started time.Time  `json:"started"`
	Ended   *time.Time `json:"ended,omitempty"`
	// Result is that of a load, and missing for other tasks.
	Result *generator.Result `json:"result,omitempty"`
}

func (r Run) key() gate.Key { return gate.Key{Namespace: r.Namespace, Name: r.Name} }

// runs remembers what runs and what ran, and lets no namespace have more than its share.
type runs struct {
	now   func() time.Time
	limit int
	group sync.WaitGroup

	mu   sync.Mutex
	last int64
	all  []*Run // oldest first
}

func newRuns(now func() time.Time, limit int) *runs { return &runs{now: now, limit: limit} }

// begin records a run that starts now and returns its id, or an error when its namespace has too many. With once it
// returns false instead when the same Canary runs the same command already.
func (r *runs) begin(run Run, once bool) (int64, bool, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	running := 0
	for _, other := range r.all {
		if other.State != Running || other.Namespace != run.Namespace {
			continue
		}
		if once && other.key() == run.key() && other.Command == run.Command {
			return other.ID, false, nil
		}
		running++
	}
	if running >= r.limit {
		return 0, false, refuse(http.StatusTooManyRequests, "quota",
			"the namespace %s has %d tasks running, and may have no more at a time (--max-runs-per-namespace)", run.Namespace, running)
	}
	r.last++
	run.ID, run.State, run.Started = r.last, Running, r.now()
	r.all = append(r.all, &run)
	r.group.Add(1)
	return run.ID, true, nil
}

// end records what came of a run.
func (r *runs) end(id int64, result *generator.Result, err error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	defer r.group.Done()
	for _, run := range r.all {
		if run.ID != id {
			continue
		}
		now := r.now()
		run.State, run.Ended, run.Result = Succeeded, &now, result
		if err != nil {
			run.State, run.Message = Failed, err.Error()
		}
	}
	r.forget()
}

// forget drops the oldest runs that ended, down to history.
func (r *runs) forget() {
	ended := 0
	for _, run := range r.all {
		if run.State != Running {
			ended++
		}
	}
	kept := r.all[:0]
	for _, run := range r.all {
		if run.State != Running && ended > history {
			ended--
			continue
		}
		kept = append(kept, run)
	}
	clear(r.all[len(kept):])
	r.all = kept
}

// list returns the runs of a namespace and a Canary, newest first. Empty names stand for all.
func (r *runs) list(namespace, name string) []Run {
	r.mu.Lock()
	defer r.mu.Unlock()
	found := []Run{}
	for _, run := range slices.Backward(r.all) {
		if (namespace == "" || run.Namespace == namespace) && (name == "" || run.Name == name) {
			found = append(found, *run)
		}
	}
	return found
}

func (r *runs) wait() { r.group.Wait() }
