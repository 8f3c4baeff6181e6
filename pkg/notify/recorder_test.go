package notify_test

import (
	"context"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/runtime"

	flaggerv1 "github.com/linnet-delivery/linnet/pkg/apis/flagger/v1beta1"
	"github.com/linnet-delivery/linnet/pkg/notify"
)

// sink is an API server that takes Events.
type sink chan *corev1.Event

func (s sink) Create(e *corev1.Event) (*corev1.Event, error) {
	s <- e
	return e, nil
}

func (s sink) Update(e *corev1.Event) (*corev1.Event, error) {
	return e, nil
}

func (s sink) Patch(e *corev1.Event, _ []byte) (*corev1.Event, error) {
	s <- e
	return e, nil
}

func TestEveryEventOfALongReleaseIsKept(t *testing.T) {
	scheme := runtime.NewScheme()
	if err := flaggerv1.AddToScheme(scheme); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	s := make(sink)
	recorder := notify.NewRecorder(ctx, scheme, s)
	// A client-go recorder as it comes keeps 25 events about an object and the messages of 9 with one reason.
	for i := range 500 {
		message := fmt.Sprintf("Advance canary weight %d", i)
		recorder.Event(canary("podinfo"), corev1.EventTypeNormal, "Advanced", message)
		e := <-s
		got := strings.Join([]string{
			e.InvolvedObject.Kind, e.InvolvedObject.Namespace, e.InvolvedObject.Name,
			e.Source.Component, e.ReportingController, e.Type, e.Reason, e.Message,
		}, " ")
		want := "Canary test podinfo linnet linnet Normal Advanced " + message
		if diff := cmp.Diff(want, got); diff != "" {
			t.Fatalf("event %d (-want +got):\n%s", i, diff)
		}
	}
}
