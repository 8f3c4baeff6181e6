package hook

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"maps"
	"net/url"
	"strconv"
	"time"

	flaggerv1 "github.com/linnet-delivery/linnet/pkg/apis/flagger/v1beta1"
	"github.com/linnet-delivery/linnet/pkg/rollout"
)

// payload is what is posted to a webhook. Its shape is part of the API's contract.
type payload struct {
	Name      string            `json:"name"`
	Namespace string            `json:"namespace"`
	Phase     rollout.Phase     `json:"phase"`
	Checksum  string            `json:"checksum"`
	Metadata  map[string]string `json:"metadata,omitempty"`
}

func newPayload(c *flaggerv1.Canary, phase rollout.Phase, metadata map[string]string) payload {
	return payload{Name: c.Name, Namespace: c.Namespace, Phase: phase, Checksum: checksum(c), Metadata: metadata}
}

// withEvent returns p with an event in its metadata. The webhook's own metadata
// never hides what happened.
func (p payload) withEvent(e rollout.Event, at time.Time) payload {
	metadata := maps.Clone(p.Metadata)
	if metadata == nil {
		metadata = map[string]string{}
	}
	metadata["eventMessage"] = e.Message
	metadata["eventType"] = eventType(e.Level)
	metadata["timestamp"] = strconv.FormatInt(at.UnixMilli(), 10)
	p.Metadata = metadata
	return p
}

// eventType returns the type that a Kubernetes Event of this level has.
func eventType(l rollout.Level) string {
	if l == rollout.Info {
		return "Normal"
	}
	return "Warning"
}

// checksum identifies what is released: 16 hex digits that change with the
// revision and the tracked configuration, and with nothing else.
func checksum(c *flaggerv1.Canary) string {
	released, err := json.Marshal(struct { // maps are marshalled in the order of their keys
		TrackedConfigs  map[string]string `json:"trackedConfigs"`
		LastAppliedSpec string            `json:"lastAppliedSpec"`
	}{c.Status.TrackedConfigs, c.Status.LastAppliedSpec})
	if err != nil {
		panic(err) // strings always marshal
	}
	sum := sha256.Sum256(released)
	return hex.EncodeToString(sum[:8])
}

// askKey identifies one asking of the webhook at index i: what was recorded
// last is in it, so a call that is repeated after a crash has the same key and
// the next asking of the same gate another one.
func askKey(c *flaggerv1.Canary, w flaggerv1.CanaryWebhook, i int) string {
	s := c.Status
	checked := int64(0)
	if !s.LastAnalysisTime.IsZero() {
		checked = s.LastAnalysisTime.UnixMicro()
	}
	return fmt.Sprintf("%s/%s/%s/%d-%s/%d/%d/%d/%d", c.UID, checksum(c), typeOr(w.Type), i, url.PathEscape(w.Name),
		s.CanaryWeight, s.FailedChecks, s.Iterations, checked)
}

// eventKey identifies one event for the receiver at index i.
func eventKey(c *flaggerv1.Canary, e rollout.Event, at time.Time, i int) string {
	return fmt.Sprintf("%s/%s/%s/%d/%s/%d", c.UID, checksum(c), flaggerv1.HookEvent, i, url.PathEscape(e.Reason), at.UnixMilli())
}
