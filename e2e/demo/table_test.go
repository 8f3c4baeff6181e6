package main

import (
	"slices"
	"strings"
	"testing"

	"github.com/linnet-delivery/linnet/e2e/framework"
)

func TestOnlyTheBadVersionsOwnErrorsAreNotLost(t *testing.T) {
	const canary = "outbound|9898||podinfo-canary.demo.svc.cluster.local"
	cases := map[string]struct {
		sample framework.Sample
		lost   bool
	}{
		"an answer":                                   {framework.Sample{Code: 200, Pod: "podinfo-1", Version: "6.0.9"}, false},
		"an error of the bad version":                 {framework.Sample{Code: 500, Cluster: canary, Peer: "10.1.1.1:9898", Version: "6.0.9"}, false},
		"an error of the good version":                {framework.Sample{Code: 500, Cluster: canary, Peer: "10.1.1.1:9898", Version: "6.0.1"}, true},
		"an error of the bad version on the primary":  {framework.Sample{Code: 500, Pod: "podinfo-primary-1", Version: "6.0.9"}, true},
		"a proxy's answer in the bad version's place": {framework.Sample{Code: 503, Cluster: canary, Peer: "10.1.1.1:9898", Version: "6.0.9"}, true},
		"no endpoint":                                 {framework.Sample{Code: 503, Cluster: canary}, true},
		"no answer":                                   {framework.Sample{Fault: "timeout"}, true},
		"no route":                                    {framework.Sample{Code: 404}, true},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			if got := isLost(c.sample); got != c.lost {
				t.Errorf("isLost() = %v, want %v", got, c.lost)
			}
		})
	}
}

func TestStepsAreARisingListOfPercentages(t *testing.T) {
	cases := map[string]struct {
		list string
		want []int
		fail string
	}{
		"several":          {list: "10, 30,50", want: []int{10, 30, 50}},
		"one":              {list: "50", want: []int{50}},
		"falling":          {list: "50,10", fail: "greater"},
		"twice the same":   {list: "10,10", fail: "greater"},
		"more than all":    {list: "101", fail: "percentage"},
		"nothing at all":   {list: "", fail: "percentage"},
		"not even numbers": {list: "a", fail: "percentage"},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			got, err := weights(c.list)
			if c.fail == "" && (err != nil || !slices.Equal(got, c.want)) {
				t.Errorf("weights(%q) = %v, %v; want %v", c.list, got, err, c.want)
			}
			if c.fail != "" && (err == nil || !strings.Contains(err.Error(), c.fail)) {
				t.Errorf("weights(%q) = %v, %v; want an error with %q", c.list, got, err, c.fail)
			}
		})
	}
}

func TestTheBarShowsTheCanarysShare(t *testing.T) {
	for canary, want := range map[int]int{0: 0, 1: 0, 50: barWidth / 2, 100: barWidth} {
		if got := bar(canary); strings.Count(got, "█") != want || len([]rune(got)) != barWidth {
			t.Errorf("bar(%d) = %q, want %d of %d filled", canary, got, want, barWidth)
		}
	}
}
