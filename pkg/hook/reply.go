package hook

import (
	"fmt"
	"time"

	"github.com/linnet-delivery/linnet/pkg/analysis"
	flaggerv1 "github.com/linnet-delivery/linnet/pkg/apis/flagger/v1beta1"
	"github.com/linnet-delivery/linnet/pkg/outbound"
)

const maxNameRunes = 64

// reply is what came of calling a webhook.
type reply struct {
	outbound.Reply
	webhook flaggerv1.CanaryWebhook
	at      time.Time
}

func (r reply) accepted() bool { return r.Accepted() }

func (r reply) refused() bool { return !r.Accepted() }

// sentence says for people what the webhook did.
func (r reply) sentence() string {
	return r.Sentence(fmt.Sprintf("webhook %q (%s)", outbound.Line(r.webhook.Name, maxNameRunes), typeOr(r.webhook.Type)))
}

// check returns the reply as the result of a check.
func (r reply) check() analysis.Result {
	result := analysis.Result{
		Name: r.webhook.Name, Value: r.Status(), Limits: "2xx", Outcome: analysis.Pass, At: r.at,
	}
	if r.refused() {
		result.Outcome, result.Message = analysis.Fail, r.sentence()
	}
	return result
}
