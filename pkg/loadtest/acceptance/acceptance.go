package acceptance

import (
	"context"

	"github.com/linnet-delivery/linnet/pkg/loadtest/generator"
)

// Test is a question with a yes or a no.
type Test interface {
	// Run returns what the application answered, as far as the test lets it through, and an error with a sentence when
	// the answer is a no.
	Run(ctx context.Context, dial generator.Dial) (string, error)
	// Hostname returns the host that is asked, without its port.
	Hostname() string
}
