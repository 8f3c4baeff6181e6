package asking

import (
	"context"
	"fmt"
	"sync"
	"time"

	"github.com/linnet-delivery/linnet/pkg/rollout"
)

// Limits is how many answers are looked for at the same time, by class of
// question. A class has slots of its own, so hung gates hold up neither an
// analysis nor a drain. A number below one counts as one.
type Limits struct {
	// Hooks serves the gates, the pre-rollout and the rollback hooks.
	Hooks int
	// Analyses serves the analyses, metrics and rollout hooks together.
	Analyses int
	// Silences serves the questions of the drain barriers.
	Silences int
}

// Asker holds the newest answer of each owner to each kind of question.
// An owner is whatever Wake understands, usually namespace/name. Its methods
// may be called from any goroutine and never wait for work.
type Asker struct {
	now  func() time.Time
	wake func(owner string)

	mu      sync.Mutex
	base    context.Context // parent of all work; nil before Start and after the stop
	pools   [classes]*pool
	known   map[string]map[rollout.Kind]*job
	running sync.WaitGroup
}

// New returns an Asker that does no work before Start. It calls wake, from a
// goroutine of its own, whenever an answer that somebody still waits for is found.
func New(limits Limits, now func() time.Time, wake func(owner string)) *Asker {
	return &Asker{
		now:  now,
		wake: wake,
		pools: [classes]*pool{
			hooks:    newPool(limits.Hooks),
			analyses: newPool(limits.Analyses),
			silences: newPool(limits.Silences),
		},
		known: map[string]map[rollout.Kind]*job{},
	}
}

// Ask returns the answer to q if it is at hand and no older than q.MaxAge,
// counted from the end of the work. Otherwise it has work look for one, unless
// that is under way already, and returns Pending. A question of the same kind
// and another round takes the place of the former one, whose context is
// cancelled and whose answer is never seen.
func (a *Asker) Ask(owner string, q rollout.Question, work func(ctx context.Context) rollout.Answer) rollout.Answer {
	a.mu.Lock()
	defer a.mu.Unlock()

	last := a.known[owner][q.Kind]
	if last != nil && last.question.Round == q.Round {
		if !last.done {
			return rollout.Answer{Verdict: rollout.Pending}
		}
		if q.MaxAge == 0 || a.now().Sub(last.found) <= q.MaxAge {
			return last.answer
		}
	}
	if last != nil {
		a.drop(last)
	}
	j := &job{owner: owner, question: q, work: work}
	if a.known[owner] == nil {
		a.known[owner] = map[rollout.Kind]*job{}
	}
	a.known[owner][q.Kind] = j
	p := a.pools[classOf(q.Kind)]
	p.push(j)
	a.dispatch(p)
	return rollout.Answer{Verdict: rollout.Pending}
}

// Forget cancels the work of an owner and drops its answers, as when the
// Canary is deleted. The owner is not woken.
func (a *Asker) Forget(owner string) {
	a.mu.Lock()
	defer a.mu.Unlock()
	for _, j := range a.known[owner] {
		a.drop(j)
	}
	delete(a.known, owner)
}

// Start lets work begin, what was asked before included, and blocks until ctx
// ends; then it cancels all work, waits for it and returns nil. It is called once.
func (a *Asker) Start(ctx context.Context) error {
	base, cancel := context.WithCancel(context.WithoutCancel(ctx))

	a.mu.Lock()
	a.base = base
	for _, p := range a.pools {
		a.dispatch(p)
	}
	a.mu.Unlock()

	<-ctx.Done()
	// First nobody waits any more, then the work ends: what it says then is no answer.
	a.mu.Lock()
	a.base = nil
	a.mu.Unlock()
	cancel()
	a.running.Wait()
	return nil
}

// NeedLeaderElection is true: only the leader asks.
func (a *Asker) NeedLeaderElection() bool { return true }

// dispatch fills the free slots of p. The caller holds the lock.
func (a *Asker) dispatch(p *pool) {
	for a.base != nil && p.busy < p.limit {
		j := p.pop()
		if j == nil {
			return
		}
		var ctx context.Context
		ctx, j.cancel = context.WithCancel(a.base)
		p.busy++
		a.running.Add(1)
		go a.run(ctx, p, j)
	}
}

// run does one piece of work and passes its slot on.
func (a *Asker) run(ctx context.Context, p *pool, j *job) {
	defer a.running.Done()
	answer := perform(ctx, j)
	if a.finish(p, j, answer) {
		a.wake(j.owner)
	}
}

// finish stores the answer and frees the slot. It reports whether somebody
// waits for the answer: a replaced question and a stopped Asker have nobody.
func (a *Asker) finish(p *pool, j *job, answer rollout.Answer) bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	j.cancel()
	p.busy--
	a.dispatch(p)
	if a.base == nil || a.known[j.owner][j.question.Kind] != j {
		return false
	}
	j.done, j.found, j.answer = true, a.now(), answer
	if j.answer.At.IsZero() {
		j.answer.At = j.found
	}
	return true
}

// drop takes a job out of the queue, or cancels it when it runs. The caller holds the lock.
func (a *Asker) drop(j *job) {
	if j.cancel != nil {
		j.cancel()
		return
	}
	a.pools[classOf(j.question.Kind)].remove(j)
}

// perform does the work of j. A panic and a verdict that is none become an
// Error: neither may stop the process nor leave the Canary waiting.
func perform(ctx context.Context, j *job) (answer rollout.Answer) {
	defer func() {
		if r := recover(); r != nil {
			answer = rollout.Answer{
				Verdict: rollout.Error,
				Reason:  fmt.Sprintf("the %s question crashed, which is a bug in Linnet: %v", j.question.Kind, r),
			}
		}
	}()
	answer = j.work(ctx)
	if answer.Verdict == rollout.Unasked || answer.Verdict == rollout.Pending {
		return rollout.Answer{
			Verdict: rollout.Error,
			Reason:  fmt.Sprintf("the %s question was left unanswered, which is a bug in Linnet", j.question.Kind),
		}
	}
	return answer
}
