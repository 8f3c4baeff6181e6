package metrics

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"

	"github.com/prometheus/client_golang/api"
	"github.com/prometheus/common/model"
)

// strict refuses the answers in which the Prometheus client sees numbers where
// there are none: it reads a missing value as zero, and a missing status as success.
type strict struct{ api.Client }

// Do sends a request and checks the shape of the answer.
func (s strict) Do(ctx context.Context, req *http.Request) (*http.Response, []byte, error) {
	resp, body, err := s.Client.Do(ctx, req)
	if err != nil {
		return resp, body, err
	}
	switch code := resp.StatusCode; {
	case code/100 == 2:
		return resp, body, checkShape(body)
	case code == http.StatusBadRequest || code == http.StatusUnprocessableEntity:
		return resp, body, checkRefusal(code, body)
	}
	return resp, body, nil // The client takes any other status for an error.
}

// checkRefusal returns an error unless the answer says itself that it is one.
func checkRefusal(code int, body []byte) error {
	var a struct{ Status string }
	if err := json.Unmarshal(body, &a); err != nil || a.Status != "error" {
		return fault(fmt.Sprintf("answered with status %d and without an error in JSON", code))
	}
	return nil
}

func checkShape(body []byte) error {
	var a struct {
		Status string
		Data   json.RawMessage
	}
	if err := json.Unmarshal(body, &a); err != nil {
		return fault("gave an answer that is not the JSON of a Prometheus")
	}
	if a.Status == "error" {
		return nil // The client reports it with its text.
	}
	if a.Status != "success" {
		return fault(fmt.Sprintf("gave an answer with status %q", a.Status))
	}
	var d struct {
		ResultType string
		Result     json.RawMessage
	}
	if err := json.Unmarshal(a.Data, &d); err != nil {
		return fault("gave an answer without data")
	}
	switch d.ResultType {
	case model.ValScalar.String():
		return checkPair(d.Result)
	case model.ValVector.String():
		return checkVector(d.Result)
	case model.ValMatrix.String():
		return nil // It is refused later, with a better sentence.
	}
	return fault(fmt.Sprintf("gave a %q instead of one number", d.ResultType))
}

func checkVector(result json.RawMessage) error {
	var samples []struct {
		Value     json.RawMessage
		Histogram *json.RawMessage
	}
	if err := json.Unmarshal(result, &samples); err != nil || samples == nil {
		return fault("gave a vector that is not a list of samples")
	}
	for _, s := range samples {
		if s.Histogram != nil {
			continue // It is refused later, with a better sentence.
		}
		if err := checkPair(s.Value); err != nil {
			return err
		}
	}
	return nil
}

// checkPair returns an error unless the sample is a pair of time and value.
func checkPair(sample json.RawMessage) error {
	var pair []*json.RawMessage
	if err := json.Unmarshal(sample, &pair); err != nil || len(pair) != 2 || pair[0] == nil || pair[1] == nil {
		return fault("gave a sample without a value")
	}
	return nil
}
