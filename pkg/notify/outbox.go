package notify

import (
	"context"
	"fmt"
	"sync"
)

// delivery tells one receiver one thing.
type delivery func(ctx context.Context) error

// outbox is the queue of one kind of receiver. Owners take turns; the
// deliveries of one owner go one after the other.
type outbox struct {
	// slots is how many deliveries are under way at most, depth how many of one owner wait.
	slots, depth int
	dropped      func()
	failed       func(owner string, err error)

	mu     sync.Mutex
	base   context.Context // parent of all deliveries; nil before open
	cancel context.CancelFunc
	// lanes holds what each owner has to send. An owner with a lane is in turns
	// or sends; one that sends its last delivery has an empty lane.
	lanes   map[string][]delivery
	turns   []string
	busy    int
	running sync.WaitGroup
}

func newOutbox(slots, depth int, dropped func(), failed func(owner string, err error)) *outbox {
	return &outbox{slots: slots, depth: depth, dropped: dropped, failed: failed, lanes: map[string][]delivery{}}
}

// push queues a delivery and returns at once. The owner's oldest one makes room for it.
func (o *outbox) push(owner string, d delivery) {
	o.mu.Lock()
	defer o.mu.Unlock()
	lane, begun := o.lanes[owner]
	if !begun {
		o.turns = append(o.turns, owner)
	}
	if len(lane) == o.depth {
		lane = lane[1:]
		o.dropped()
	}
	o.lanes[owner] = append(lane, d)
	o.dispatch()
}

// open lets deliveries begin, those that are queued already included. They end
// with close, not with ctx, so that none begins after the others were cancelled.
func (o *outbox) open(ctx context.Context) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.base, o.cancel = context.WithCancel(context.WithoutCancel(ctx))
	o.dispatch()
}

// close cancels the deliveries under way, waits for them and starts no more.
func (o *outbox) close() {
	o.mu.Lock()
	o.base = nil
	o.mu.Unlock()
	o.cancel()
	o.running.Wait()
}

// dispatch fills the free slots. The caller holds the lock.
func (o *outbox) dispatch() {
	for o.base != nil && o.busy < o.slots && len(o.turns) > 0 {
		owner := o.turns[0]
		o.turns = o.turns[1:]
		next := o.lanes[owner][0]
		o.lanes[owner] = o.lanes[owner][1:]
		o.busy++
		o.running.Add(1)
		go o.send(o.base, owner, next)
	}
}

// send makes one delivery and passes its slot on.
func (o *outbox) send(ctx context.Context, owner string, d delivery) {
	defer o.running.Done()
	if err := attempt(ctx, d); err != nil && ctx.Err() == nil {
		o.failed(owner, err)
	}
	o.mu.Lock()
	defer o.mu.Unlock()
	o.busy--
	if len(o.lanes[owner]) > 0 {
		o.turns = append(o.turns, owner)
	} else {
		delete(o.lanes, owner)
	}
	o.dispatch()
}

// attempt makes a delivery; a receiver that panics has failed.
func attempt(ctx context.Context, d delivery) (err error) {
	defer func() {
		if r := recover(); r != nil {
			err = fmt.Errorf("deliver: panic: %v", r)
		}
	}()
	return d(ctx)
}
