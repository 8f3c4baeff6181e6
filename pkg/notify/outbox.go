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

	mu      sync.Mutex
	base    context.Context // parent of all deliveries; nil before open
	cancel  context.CancelFunc
	lanes   map[string]*lane
	turns   []string // owners that have something to send and send nothing now
	busy    int
	running sync.WaitGroup
}

// lane is what one owner has to send.
type lane struct {
	queue   []delivery
	sending bool
}

func newOutbox(slots, depth int, dropped func(), failed func(owner string, err error)) *outbox {
	return &outbox{slots: slots, depth: depth, dropped: dropped, failed: failed, lanes: map[string]*lane{}}
}

// push queues a delivery and returns at once. The owner's oldest one makes room for it.
func (o *outbox) push(owner string, d delivery) {
	o.mu.Lock()
	defer o.mu.Unlock()
	l := o.lanes[owner]
	if l == nil {
		l = &lane{}
		o.lanes[owner] = l
	}
	if len(l.queue) == 0 && !l.sending {
		o.turns = append(o.turns, owner)
	}
	if len(l.queue) == o.depth {
		l.queue = l.queue[1:]
		o.dropped()
	}
	l.queue = append(l.queue, d)
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
		l := o.lanes[owner]
		d := l.queue[0]
		l.queue, l.sending = l.queue[1:], true
		o.busy++
		o.running.Add(1)
		go o.send(o.base, owner, d)
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
	l := o.lanes[owner]
	l.sending = false
	if len(l.queue) > 0 {
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
