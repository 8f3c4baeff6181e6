package metrics

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/linnet-delivery/linnet/pkg/analysis"
)

// strange are the answers of promises.md F-11 and their like: each is a body of
// status 200 that a provider may send for a query.
var strange = map[string]struct {
	body string
	want analysis.Outcome
	// wantText is part of the value or message.
	wantText string
}{
	"one sample within the limit passes":       {vector("3.25"), analysis.Pass, "3.25"},
	"one sample above the limit fails":         {vector("7"), analysis.Fail, "errors is 7, above the maximum of 5"},
	"a negative value is a value":              {vector("-2"), analysis.Pass, "-2"},
	"a negative zero is zero":                  {vector("-0"), analysis.Pass, "0"},
	"an exponent is a number":                  {vector("1e-3"), analysis.Pass, "0.001"},
	"a huge number is a number":                {vector("1.7976931348623157e308"), analysis.Fail, "1.798e+308"},
	"a scalar is a number":                     {success("scalar", `[1700000000,"4"]`), analysis.Pass, "4"},
	"a sample without labels is a number":      {success("vector", `[{"metric":{},"value":[1700000000,"4"]}]`), analysis.Pass, "4"},
	"a sample of the future is a number":       {success("vector", `[{"metric":{},"value":[1700009999.5,"4"]}]`), analysis.Pass, "4"},
	"a sample of five minutes ago is fresh":    {success("vector", `[{"metric":{},"value":[1699999700,"4"]}]`), analysis.Pass, "4"},
	"unknown fields do not matter":             {`{"status":"success","infos":["PromQL info"],"stats":{},"data":{"resultType":"scalar","result":[1700000000,"4"]}}`, analysis.Pass, "4"},
	"NaN is no data":                           {vector("NaN"), analysis.NoData, "errors has no value (NaN)"},
	"a scalar NaN is no data":                  {success("scalar", `[1700000000,"NaN"]`), analysis.NoData, "NaN"},
	"an empty vector is no data":               {vector(), analysis.NoData, "errors has no data: Prometheus knows no such series"},
	"a null vector is an error":                {success("vector", `null`), analysis.Error, "not a list of samples"},
	"a stale sample is no data":                {success("vector", `[{"metric":{},"value":[1699999600,"4"]}]`), analysis.NoData, "the newest sample is 6m40s old"},
	"a stale scalar is no data":                {success("scalar", `[1699999600,"4"]`), analysis.NoData, "6m40s old"},
	"a sample from 1970 is no data":            {success("vector", `[{"metric":{},"value":[0,"4"]}]`), analysis.NoData, "old"},
	"positive infinity is an error":            {vector("+Inf"), analysis.Error, "errors is +Inf"},
	"negative infinity is an error":            {vector("-Inf"), analysis.Error, "errors is -Inf"},
	"a number beyond all numbers is an error":  {vector("1e999"), analysis.Error, "cannot be read"},
	"a value that is no number is an error":    {vector("lots"), analysis.Error, "cannot be read"},
	"an empty value is an error":               {vector(""), analysis.Error, "cannot be read"},
	"a value without quotes is an error":       {success("vector", `[{"metric":{},"value":[1700000000,4]}]`), analysis.Error, "cannot be read"},
	"two series are an error":                  {vector("1", "1"), analysis.Error, "the query returned 2 series; aggregate it, for example with sum()"},
	"three series are an error":                {vector("1", "9", "NaN"), analysis.Error, "the query returned 3 series"},
	"a string is an error":                     {success("string", `[1700000000,"4"]`), analysis.Error, `gave a "string" instead of one number`},
	"a matrix is an error":                     {success("matrix", `[{"metric":{},"values":[[1700000000,"4"]]}]`), analysis.Error, "returned a matrix instead of one number"},
	"an empty matrix is an error":              {success("matrix", `[]`), analysis.Error, "returned a matrix"},
	"a native histogram is an error":           {success("vector", `[{"metric":{},"histogram":[1700000000,{"count":"4","sum":"8","buckets":[[0,"1","2","4"]]}]}]`), analysis.Error, "native histogram"},
	"a histogram beside a value is an error":   {success("vector", `[{"metric":{},"value":[1700000000,"4"],"histogram":[1700000000,{"count":"4","sum":"8"}]}]`), analysis.Error, "native histogram"},
	"a broken histogram is an error":           {success("vector", `[{"metric":{},"histogram":[1700000000]}]`), analysis.Error, "could not be measured"},
	"a histogram that is null is an error":     {success("vector", `[{"metric":{},"histogram":null}]`), analysis.Error, "a sample without a value"},
	"a histogram of null is an error":          {success("vector", `[{"metric":{},"histogram":[1700000000,null]}]`), analysis.Error, "could not be measured"},
	"a sample without a value is an error":     {success("vector", `[{"metric":{}}]`), analysis.Error, "a sample without a value"},
	"a sample with a time only is an error":    {success("vector", `[{"metric":{},"value":[1700000000]}]`), analysis.Error, "a sample without a value"},
	"a sample with a null value is an error":   {success("vector", `[{"metric":{},"value":[1700000000,null]}]`), analysis.Error, "a sample without a value"},
	"a sample with a null time is an error":    {success("vector", `[{"metric":{},"value":[null,"4"]}]`), analysis.Error, "a sample without a value"},
	"a sample with three parts is an error":    {success("vector", `[{"metric":{},"value":[1700000000,"4","5"]}]`), analysis.Error, "a sample without a value"},
	"a null sample is an error":                {success("vector", `[null]`), analysis.Error, "a sample without a value"},
	"a sample that is a number is an error":    {success("vector", `[4]`), analysis.Error, "not a list of samples"},
	"a vector that is an object is an error":   {success("vector", `{}`), analysis.Error, "not a list of samples"},
	"a scalar without a value is an error":     {success("scalar", `[1700000000]`), analysis.Error, "a sample without a value"},
	"a scalar of null is an error":             {success("scalar", `null`), analysis.Error, "a sample without a value"},
	"labels that are no object are an error":   {success("vector", `[{"metric":[],"value":[1700000000,"4"]}]`), analysis.Error, "cannot be read"},
	"an unknown type is an error":              {success("tensor", `[]`), analysis.Error, `gave a "tensor" instead of one number`},
	"a missing type is an error":               {`{"status":"success","data":{"result":[]}}`, analysis.Error, "could not be measured"},
	"missing data is an error":                 {`{"status":"success"}`, analysis.Error, "an answer without data"},
	"data of null is an error":                 {`{"status":"success","data":null}`, analysis.Error, "could not be measured"},
	"an error with data is an error":           {`{"status":"error","errorType":"timeout","error":"query timed out","data":{"resultType":"scalar","result":[1700000000,"4"]}}`, analysis.Error, "answered: query timed out"},
	"an error without words is an error":       {`{"status":"error"}`, analysis.Error, "could not be measured"},
	"a missing status is an error":             {`{"data":{"resultType":"scalar","result":[1700000000,"4"]}}`, analysis.Error, `status ""`},
	"an unknown status is an error":            {`{"status":"maybe","data":{"resultType":"scalar","result":[1700000000,"4"]}}`, analysis.Error, `status "maybe"`},
	"a warning is an error":                    {`{"status":"success","warnings":["store 2 is away"],"data":{"resultType":"scalar","result":[1700000000,"4"]}}`, analysis.Error, "its answer is not complete: store 2 is away"},
	"an empty body is an error":                {``, analysis.Error, "not the JSON of a Prometheus"},
	"a page of HTML is an error":               {`<html>Sign in</html>`, analysis.Error, "not the JSON of a Prometheus"},
	"half an answer is an error":               {`{"status":"success","data":{"resultType":"vec`, analysis.Error, "not the JSON of a Prometheus"},
	"two answers are an error":                 {vector("1") + vector("2"), analysis.Error, "not the JSON of a Prometheus"},
	"a list is an error":                       {`[]`, analysis.Error, "not the JSON of a Prometheus"},
	"null is an error":                         {`null`, analysis.Error, `status ""`},
	"lists nested without end are an error":    {strings.Repeat("[", 100_000), analysis.Error, "not the JSON of a Prometheus"},
	"an answer of more than 1 MiB is an error": {`{"status":"success",` + strings.Repeat(" ", 1<<20) + `"data":{}}`, analysis.Error, "more than 1048576 bytes"},
	"a long text is cut, and unprintable gone": {`{"status":"error","error":"bad\u0000 \u001b[31m` + strings.Repeat("ü", 1000) + `"}`, analysis.Error, "bad [31mü"},
}

func TestEveryStrangeAnswerHasAVerdict(t *testing.T) {
	for name, tc := range strange {
		t.Run(name, func(t *testing.T) {
			p := newPrometheus(t, answering(tc.body))
			got := analyst(t, p.URL).Analyse(context.Background(), canary(inline()))
			expect(t, got.Checks, tc.want, tc.wantText)
			if got.Verdict != verdict(tc.want) {
				t.Errorf("verdict = %s, want %s", got.Verdict, tc.want)
			}
		})
	}
}

func expect(t *testing.T, checks []analysis.Result, want analysis.Outcome, text string) {
	t.Helper()
	if len(checks) != 1 {
		t.Fatalf("got %d checks, want 1: %+v", len(checks), checks)
	}
	got := checks[0]
	if got.Outcome != want {
		t.Errorf("outcome = %s (%s%s), want %s", got.Outcome, got.Value, got.Message, want)
	}
	if !strings.Contains(got.Value+"\n"+got.Message, text) {
		t.Errorf("value %q and message %q, want one with %q", got.Value, got.Message, text)
	}
	if len(got.Message) > maxMessage {
		t.Errorf("the message has %d bytes, want at most %d", len(got.Message), maxMessage)
	}
}

func TestEveryBrokenServerIsAnError(t *testing.T) {
	status := func(code int, body string) http.HandlerFunc {
		return func(w http.ResponseWriter, _ *http.Request) {
			w.WriteHeader(code)
			fmt.Fprint(w, body)
		}
	}
	tests := map[string]struct {
		answer   http.HandlerFunc
		wantText string
		// hangs shortens the wait for a server that never ends its answer.
		hangs bool
	}{
		"unavailable":             {answer: status(503, "no healthy upstream"), wantText: "answered: server error: 503"},
		"internal error":          {answer: status(500, ""), wantText: "answered: server error: 500"},
		"a gateway's timeout":     {answer: status(504, vector("1")), wantText: "answered: server error: 504"},
		"unauthorised":            {answer: status(401, ""), wantText: "answered: client error: 401"},
		"forbidden":               {answer: status(403, vector("1")), wantText: "answered: client error: 403"},
		"wrong path":              {answer: status(404, "404 page not found"), wantText: "answered: client error: 404"},
		"too many requests":       {answer: status(429, ""), wantText: "answered: client error: 429"},
		"no content":              {answer: status(204, ""), wantText: "not the JSON of a Prometheus"},
		"too many samples":        {answer: status(422, `{"status":"error","errorType":"execution","error":"query processing would load too many samples into memory"}`), wantText: "answered: query processing would load too many samples"},
		"a wrong query":           {answer: status(400, `{"status":"error","errorType":"bad_data","error":"parse error"}`), wantText: "answered: parse error"},
		"a refusal with a number": {answer: status(422, vector("1")), wantText: "answered with status 422 and without an error in JSON"},
		"a refusal without JSON":  {answer: status(400, "<html>secret</html>"), wantText: "answered with status 400 and without an error in JSON"},
		"a redirect":              {answer: func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, "/login", http.StatusFound) }, wantText: "302"},
		"a lasting redirect": {answer: func(w http.ResponseWriter, r *http.Request) {
			http.Redirect(w, r, "/api/v1/query", http.StatusPermanentRedirect)
		}, wantText: "308"},
		"a closed connection": {answer: func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }, wantText: "cannot be reached"},
		"half a body": {answer: func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Length", "1000")
			fmt.Fprint(w, vector("1"))
		}, wantText: "broke off its answer: unexpected EOF"},
		"no answer":    {answer: func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() }, wantText: "did not answer within 100ms", hangs: true},
		"a slow drip":  {answer: drip, wantText: "did not answer within 100ms", hangs: true},
		"half and ...": {answer: half, wantText: "did not answer within 100ms", hangs: true},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			p := newPrometheus(t, tc.answer)
			a := analyst(t, p.URL)
			if tc.hangs {
				a.Timeout = 100 * time.Millisecond
			}
			got := a.Analyse(context.Background(), canary(inline()))
			expect(t, got.Checks, analysis.Error, tc.wantText)
			if want := "errors could not be measured: Prometheus at " + p.Listener.Addr().String(); !strings.HasPrefix(got.Reason, want) {
				t.Errorf("reason = %q, want it to start with %q", got.Reason, want)
			}
		})
	}
}

// drip sends a space now and then until the client goes away.
func drip(w http.ResponseWriter, r *http.Request) {
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	for {
		select {
		case <-r.Context().Done():
			return
		case <-tick.C:
			fmt.Fprint(w, " ")
			w.(http.Flusher).Flush()
		}
	}
}

// half sends a good answer and never ends it.
func half(w http.ResponseWriter, r *http.Request) {
	fmt.Fprint(w, vector("1"))
	w.(http.Flusher).Flush()
	<-r.Context().Done()
}

func TestAnEndlessAnswerIsNotRead(t *testing.T) {
	var sent atomic.Int64
	p := newPrometheus(t, func(w http.ResponseWriter, _ *http.Request) {
		chunk := []byte(strings.Repeat(" ", 64<<10))
		for sent.Load() < 100<<20 {
			n, err := w.Write(chunk)
			sent.Add(int64(n))
			if err != nil {
				return
			}
		}
	})
	got := analyst(t, p.URL).Analyse(context.Background(), canary(inline()))
	expect(t, got.Checks, analysis.Error, "more than 1048576 bytes")
	p.Close() // Waits for the handler.
	if n := sent.Load(); n > 32<<20 {
		t.Errorf("%d bytes were taken, want little more than 1 MiB and the socket buffers", n)
	}
}

func TestAServerThatIsNotThereIsAnError(t *testing.T) {
	p := newPrometheus(t, answering(vector("1")))
	p.Close()
	tests := map[string]struct{ address, wantText string }{
		"nobody listens":             {p.URL, "cannot be reached: dial tcp " + p.Listener.Addr().String()},
		"no such host":               {"http://prometheus.invalid:9090", "Prometheus at prometheus.invalid:9090 "},
		"the metadata service":       {"http://169.254.169.254", "address 169.254.169.254 is not allowed"},
		"the metadata service by v6": {"http://[fd00:ec2::254]", "address fd00:ec2::254 is not allowed"},
		"a mapped link-local":        {"http://[::ffff:169.254.1.1]:80", "address 169.254.1.1 is not allowed"},
		"any address":                {"http://0.0.0.0:9090", "address 0.0.0.0 is not allowed"},
		"no scheme":                  {"prometheus:9090", "not an http or https URL"},
		"another scheme":             {"file:///etc/passwd", "not an http or https URL"},
		"no host":                    {"http://", "not an http or https URL"},
		"no address":                 {"", "not an http or https URL"},
		"nonsense":                   {"http://[::1", "not an http or https URL"},
		"a password in the address":  {"http://me:hunter2@0.0.0.0:1", "Prometheus at 0.0.0.0:1 cannot be reached"},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			a := analyst(t, tc.address)
			got := a.Analyse(context.Background(), canary(inline()))
			expect(t, got.Checks, analysis.Error, tc.wantText)
			if strings.Contains(got.Reason, "hunter2") {
				t.Errorf("reason %q tells the password", got.Reason)
			}
		})
	}
}

func TestWarningsCanBeAllowed(t *testing.T) {
	p := newPrometheus(t, answering(strange["a warning is an error"].body))
	a := analyst(t, p.URL)
	a.AllowPartial = true
	expect(t, a.Analyse(context.Background(), canary(inline())).Checks, analysis.Pass, "4")
}

func TestAnyContentTypeIsRead(t *testing.T) {
	p := newPrometheus(t, func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "text/html")
		fmt.Fprint(w, vector("4"))
	})
	expect(t, analyst(t, p.URL).Analyse(context.Background(), canary(inline())).Checks, analysis.Pass, "4")
}
