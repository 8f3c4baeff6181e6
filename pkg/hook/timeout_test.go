package hook

import (
	"testing"
	"time"

	flaggerv1 "github.com/linnet-delivery/linnet/pkg/apis/flagger/v1beta1"
)

func TestTimeoutOf(t *testing.T) {
	tests := map[string]struct {
		spec string
		want time.Duration
	}{
		"none is ten seconds":             {want: 10 * time.Second},
		"a single letter is ten seconds":  {spec: "s", want: 10 * time.Second},
		"a bare number is ten seconds":    {spec: "30", want: 10 * time.Second},
		"zero is ten seconds":             {spec: "0s", want: 10 * time.Second},
		"a negative one is ten seconds":   {spec: "-1m", want: 10 * time.Second},
		"seconds are seconds":             {spec: "5s", want: 5 * time.Second},
		"minutes and seconds go together": {spec: "1m30s", want: 90 * time.Second},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			if got := timeoutOf(flaggerv1.CanaryWebhook{Timeout: tt.spec}); got != tt.want {
				t.Errorf("timeoutOf(%q) = %s, want %s", tt.spec, got, tt.want)
			}
		})
	}
}
