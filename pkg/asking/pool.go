package asking

import (
	"context"
	"slices"
	"time"

	"github.com/linnet-delivery/linnet/pkg/rollout"
)

// class groups the questions that share slots.
type class int

const (
	hooks class = iota
	analyses
	silences
	classes
)

// classOf returns the class whose slots a kind of question uses.
func classOf(k rollout.Kind) class {
	switch k {
	case rollout.AskAnalysis:
		return analyses
	case rollout.AskCanarySilent, rollout.AskPrimarySilent:
		return silences
	default:
		return hooks
	}
}

// job is one question of one owner, from the asking to the answer.
type job struct {
	owner    string
	question rollout.Question
	work     func(ctx context.Context) rollout.Answer
	// cancel is nil while the job is queued.
	cancel context.CancelFunc

	done   bool
	found  time.Time
	answer rollout.Answer
}

// pool is the slots of a class and the queue for them. Owners take turns, so
// one with many questions does not hold up the others. The Asker's lock guards it.
type pool struct {
	limit, busy int
	turns       []string
	// queued has a key for exactly the owners in turns; its list may be empty.
	queued map[string][]*job
}

func newPool(limit int) *pool {
	return &pool{limit: max(limit, 1), queued: map[string][]*job{}}
}

func (p *pool) push(j *job) {
	if _, ok := p.queued[j.owner]; !ok {
		p.turns = append(p.turns, j.owner)
	}
	p.queued[j.owner] = append(p.queued[j.owner], j)
}

// pop returns the first job of the owner whose turn it is, or nil.
func (p *pool) pop() *job {
	for len(p.turns) > 0 {
		owner := p.turns[0]
		p.turns = p.turns[1:]
		list := p.queued[owner]
		delete(p.queued, owner)
		if len(list) == 0 {
			continue
		}
		if rest := list[1:]; len(rest) > 0 {
			p.turns = append(p.turns, owner)
			p.queued[owner] = rest
		}
		return list[0]
	}
	return nil
}

func (p *pool) remove(j *job) {
	if list, ok := p.queued[j.owner]; ok {
		p.queued[j.owner] = slices.DeleteFunc(list, func(other *job) bool { return other == j })
	}
}
