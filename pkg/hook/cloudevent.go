package hook

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/cloudevents/sdk-go/v2/binding"
	"github.com/cloudevents/sdk-go/v2/event"
	cehttp "github.com/cloudevents/sdk-go/v2/protocol/http"

	flaggerv1 "github.com/linnet-delivery/linnet/pkg/apis/flagger/v1beta1"
	"github.com/linnet-delivery/linnet/pkg/rollout"
)

const (
	// cloudEventType begins the type of every CloudEvent; the event's reason in lower case ends it.
	cloudEventType    = "dev.linnet.canary."
	cloudEventRetries = 3
)

// CloudEvents posts the events of all Canaries to one sink.
type CloudEvents struct {
	caller  *Caller
	sink    flaggerv1.CanaryWebhook
	cluster string
}

// cloudEventData is the data of a CloudEvent. Programs read it: fields are added, never changed.
type cloudEventData struct {
	Name         string                  `json:"name"`
	Namespace    string                  `json:"namespace"`
	Target       string                  `json:"target"`
	Phase        rollout.Phase           `json:"phase"`
	Checksum     string                  `json:"checksum"`
	Revision     string                  `json:"revision,omitempty"`
	CanaryWeight int                     `json:"canaryWeight"`
	FailedChecks int                     `json:"failedChecks"`
	Reason       string                  `json:"reason"`
	Message      string                  `json:"message"`
	Severity     flaggerv1.AlertSeverity `json:"severity"`
}

// CloudEvents returns a poster for the sink at the address. cluster becomes part
// of the events' source, unless it is empty.
func (c *Caller) CloudEvents(address, cluster string) CloudEvents {
	return CloudEvents{
		caller:  c,
		sink:    flaggerv1.CanaryWebhook{Name: "cloudevents-sink", Type: flaggerv1.HookEvent, URL: address, Retries: cloudEventRetries},
		cluster: cluster,
	}
}

// PostEvent posts an event that happened at the given time, as a CloudEvent 1.0 in binary mode, with retries.
func (c CloudEvents) PostEvent(ctx context.Context, canary *flaggerv1.Canary, e rollout.Event, at time.Time) error {
	ce, err := c.event(canary, e, at)
	if err != nil {
		return fmt.Errorf("write CloudEvent: %w", err)
	}
	// The SDK writes headers and body into a request, which is then sent as any webhook's.
	req := &http.Request{Header: http.Header{}}
	if err := cehttp.WriteRequest(ctx, binding.ToMessage(&ce), req); err != nil {
		return fmt.Errorf("write CloudEvent: %w", err)
	}
	if r := c.caller.post(ctx, c.sink, req.Header, ce.Data()); r.refused() {
		return errors.New(r.sentence())
	}
	return nil
}

func (c CloudEvents) event(canary *flaggerv1.Canary, e rollout.Event, at time.Time) (event.Event, error) {
	s := canary.Status
	ce := event.New(event.CloudEventsVersionV1)
	ce.SetID(eventKey(canary, e, at, 0))
	ce.SetType(cloudEventType + strings.ToLower(e.Reason))
	ce.SetSource(c.source(canary))
	ce.SetSubject(canary.Namespace + "/" + canary.Name)
	ce.SetTime(at)
	err := ce.SetData(event.ApplicationJSON, cloudEventData{
		Name: canary.Name, Namespace: canary.Namespace, Target: canary.Spec.TargetRef.Kind + "/" + canary.Spec.TargetRef.Name,
		Phase: rollout.Phase(s.Phase), Checksum: checksum(canary), Revision: s.LastAppliedSpec,
		CanaryWeight: s.CanaryWeight, FailedChecks: s.FailedChecks,
		Reason: e.Reason, Message: e.Message, Severity: flaggerv1.AlertSeverity(e.Level.String()),
	})
	if err != nil {
		return ce, err
	}
	return ce, ce.Validate()
}

// source identifies the Canary among all that report to a sink: its path in the API, within its cluster.
func (c CloudEvents) source(canary *flaggerv1.Canary) string {
	path := fmt.Sprintf("/apis/%s/namespaces/%s/canaries/%s", flaggerv1.GroupVersion, canary.Namespace, canary.Name)
	if c.cluster == "" {
		return path
	}
	return "/clusters/" + url.PathEscape(c.cluster) + path
}
