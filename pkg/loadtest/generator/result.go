package generator

import (
	"fmt"

	"fortio.org/fortio/periodic"
	"fortio.org/fortio/stats"
)

// Result is what came of a load.
type Result struct {
	Requests int64 `json:"requests"`
	// Errors are requests without an answer, with a status of 400 or above, or with a gRPC status that is not OK.
	Errors int64 `json:"errors"`
	// QPS is requests per second, as measured.
	QPS     float64 `json:"qps"`
	Seconds float64 `json:"seconds"`
	// Outcomes counts requests by HTTP status, gRPC status, or the reason why there was no answer.
	Outcomes map[string]int64 `json:"outcomes"`
	Latency  Latency          `json:"latencyMilliseconds"`
}

// Latency is how long requests took, failed ones included, in milliseconds.
type Latency struct {
	Min  float64 `json:"min"`
	Mean float64 `json:"mean"`
	Max  float64 `json:"max"`
	// Percentiles are keyed p50, p90, p99 and p99.9.
	Percentiles map[string]float64 `json:"percentiles,omitempty"`
	// Histogram holds the buckets that are not empty, in rising order.
	Histogram []Bucket `json:"histogram,omitempty"`
}

// Bucket counts requests that took longer than From and at most To milliseconds.
type Bucket struct {
	From  float64 `json:"from"`
	To    float64 `json:"to"`
	Count int64   `json:"count"`
}

// percentiles are those of a Result.
var percentiles = []float64{50, 90, 99, 99.9}

func newResult(r periodic.RunnerResults, outcomes map[string]int64) Result {
	return Result{
		Requests: r.DurationHistogram.Count,
		Errors:   r.ErrorsDurationHistogram.Count,
		QPS:      r.ActualQPS,
		Seconds:  r.ActualDuration.Seconds(),
		Outcomes: outcomes,
		Latency:  newLatency(r.DurationHistogram),
	}
}

func newLatency(h *stats.HistogramData) Latency {
	if h.Count == 0 {
		return Latency{}
	}
	l := Latency{Min: milliseconds(h.Min), Mean: milliseconds(h.Avg), Max: milliseconds(h.Max), Percentiles: map[string]float64{}}
	for _, p := range h.Percentiles {
		l.Percentiles[fmt.Sprintf("p%g", p.Percentile)] = milliseconds(p.Value)
	}
	for _, b := range h.Data {
		if b.Count > 0 {
			l.Histogram = append(l.Histogram, Bucket{From: milliseconds(b.Start), To: milliseconds(b.End), Count: b.Count})
		}
	}
	return l
}

// milliseconds returns s seconds in milliseconds, to the microsecond.
func milliseconds(s float64) float64 { return float64(int64(s*1e6+0.5)) / 1e3 }
