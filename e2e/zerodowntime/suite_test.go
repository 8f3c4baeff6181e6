package zerodowntime

import (
	"context"
	"flag"
	"fmt"
	"os"
	"testing"
	"time"

	"github.com/linnet-delivery/linnet/e2e/framework"
)

var (
	rate        = flag.Int("rate", 500, "requests per second")
	connections = flag.Int("connections", 50, "keep-alive connections that carry them")

	cluster *framework.Cluster
)

func TestMain(m *testing.M) {
	flag.Parse()
	if err := open(); err != nil {
		fmt.Fprintf(os.Stderr, "The benchmark needs a lab with Linnet, see make bench-zero-downtime: %v\n", err)
		os.Exit(1)
	}
	os.Exit(m.Run())
}

func open() error {
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	var err error
	if cluster, err = framework.Open(ctx); err != nil {
		return err
	}
	return cluster.AwaitController(ctx)
}
