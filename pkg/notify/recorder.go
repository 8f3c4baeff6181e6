package notify

import (
	"context"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/client-go/tools/record"
)

// Limits of the recorder. client-go's own are made for events that repeat: it
// drops all but one in five minutes after 25 about one object, and merges the
// messages of a reason from the tenth in ten minutes on. A release of many
// steps says more than that, and every sentence counts. These limits are out of
// its reach and still stop a flood.
const (
	eventBurst     = 1000
	eventsPerSec   = 1
	sameReasonMax  = 1000
	sameReasonSecs = 600
)

// component is whom Kubernetes Events come from.
const component = "linnet"

// NewRecorder returns a recorder whose Events reach the sink one by one, until
// ctx ends. A usual sink is the core/v1 client's EventSinkImpl of client-go;
// its rights are create and patch on events.
func NewRecorder(ctx context.Context, scheme *runtime.Scheme, sink record.EventSink) record.EventRecorder {
	broadcaster := record.NewBroadcaster(record.WithContext(ctx), record.WithCorrelatorOptions(record.CorrelatorOptions{
		BurstSize:            eventBurst,
		QPS:                  eventsPerSec,
		MaxEvents:            sameReasonMax,
		MaxIntervalInSeconds: sameReasonSecs,
	}))
	broadcaster.StartRecordingToSink(sink)
	return broadcaster.NewRecorder(scheme, corev1.EventSource{Component: component})
}
