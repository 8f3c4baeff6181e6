package e2e

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
	rate       = flag.Int("rate", 200, "requests per second of tests under load")
	lab        = framework.LabProgram{}
	idleTime   = flag.Duration("idle", time.Minute, "how long an idle Canary is watched for requests")
	rollbacks  = flag.Int("rollbacks", 20, "rollbacks whose speed is measured, of each kind")
	keepFailed = flag.Bool("keep-failed", false, "keep the namespaces of tests that fail")

	cluster *framework.Cluster
)

func TestMain(m *testing.M) {
	flag.StringVar(&lab.Path, "lab-program", "bin/lab", "the program that runs the lab")
	flag.StringVar(&lab.Name, "lab", "e2e", "the lab that the tests run in")
	flag.Parse()
	var err error
	if cluster, err = framework.OpenWithLinnet(); err != nil {
		fmt.Fprintf(os.Stderr, "The tests need a lab with Linnet, see make e2e: %v\n", err)
		os.Exit(1)
	}
	began, code := time.Now(), m.Run()
	if err := checkRights(context.Background(), began); err != nil {
		fmt.Fprintln(os.Stderr, err)
		code = max(code, 1)
	}
	os.Exit(code)
}
