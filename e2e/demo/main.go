// Command demo shows Linnet at work: under load it ships a version that works, which is promoted, and one
// that doesn't, which is rolled back. It ends with a table of every request, and with exit code 0
// only if no request failed but those that the bad version itself answered.
//
// It runs inside the lab: lab exec NAME -- demo.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// options are what the flags set.
type options struct {
	rate, connections int
	namespace         string
	timeout           time.Duration
	steps             []int
	keep              bool
}

func main() {
	o, err := parse(os.Args[1:])
	if err != nil {
		os.Exit(2)
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	ctx, cancel := context.WithTimeout(ctx, o.timeout)
	defer cancel()
	if err := run(ctx, o, os.Stdout); err != nil {
		fmt.Fprintf(os.Stderr, "\ndemo: %v\n", err)
		os.Exit(1) //nolint:gocritic // what is deferred only frees this process's own resources
	}
}

func parse(args []string) (options, error) {
	flags := flag.NewFlagSet("demo", flag.ContinueOnError)
	var o options
	var steps string
	flags.IntVar(&o.rate, "rate", 500, "requests per second to offer")
	flags.IntVar(&o.connections, "connections", 50, "keep-alive connections that carry them")
	flags.StringVar(&o.namespace, "namespace", "demo", "namespace to work in; one that exists is deleted first")
	flags.DurationVar(&o.timeout, "timeout", 10*time.Minute, "time for the whole demo")
	flags.StringVar(&steps, "steps", "10,30,50", "the canary's share at each step, in percent")
	flags.BoolVar(&o.keep, "keep", false, "leave the namespace in place at the end")
	if err := flags.Parse(args); err != nil {
		return o, err
	}
	var err error
	if o.steps, err = weights(steps); err == nil && (o.rate < 1 || o.connections < 1) {
		err = errors.New("--rate and --connections must be at least 1")
	}
	if err != nil {
		fmt.Fprintf(os.Stderr, "demo: %v\n", err)
	}
	return o, err
}

// weights reads a rising list of percentages.
func weights(list string) ([]int, error) {
	var steps []int
	for text := range strings.SplitSeq(list, ",") {
		weight, err := strconv.Atoi(strings.TrimSpace(text))
		if err != nil || weight < 1 || weight > 100 {
			return nil, fmt.Errorf("--steps %s: %q is not a percentage between 1 and 100", list, text)
		}
		if len(steps) > 0 && weight <= steps[len(steps)-1] {
			return nil, fmt.Errorf("--steps %s: each step must be greater than the one before", list)
		}
		steps = append(steps, weight)
	}
	return steps, nil
}
