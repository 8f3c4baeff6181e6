package zerodowntime

import (
	"flag"
	"fmt"
	"os"
	"testing"

	"github.com/linnet-delivery/linnet/e2e/framework"
)

var (
	rate        = flag.Int("rate", 500, "requests per second")
	connections = flag.Int("connections", 50, "keep-alive connections that carry them")

	cluster *framework.Cluster
)

func TestMain(m *testing.M) {
	flag.Parse()
	var err error
	if cluster, err = framework.OpenWithLinnet(); err != nil {
		fmt.Fprintf(os.Stderr, "The benchmark needs a lab with Linnet, see make bench-zero-downtime: %v\n", err)
		os.Exit(1)
	}
	os.Exit(m.Run())
}
