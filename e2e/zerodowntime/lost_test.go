package zerodowntime

import (
	"fmt"
	"strings"
	"testing"
	"text/tabwriter"

	"github.com/linnet-delivery/linnet/e2e/framework"
	"github.com/linnet-delivery/linnet/e2e/zerodowntime/causes"
)

// TestRequestsLostByAnUpdate runs every trial alone, one after the other, and prints one table.
func TestRequestsLostByAnUpdate(t *testing.T) {
	var b strings.Builder
	table := tabwriter.NewWriter(&b, 0, 0, 3, ' ', 0)
	_, _ = fmt.Fprint(table, "APPLICATION\tUPDATED BY\tRETRIES\tREQUESTS\tPER SECOND\tLOST\tCAUSES\n")
	number := 0
	for _, linnet := range []bool{false, true} {
		for _, application := range []string{naive, checklist} {
			for _, retries := range []bool{false, true} {
				number++
				tr := trial{application: application, linnet: linnet, retries: retries}
				t.Run(tr.String(), func(t *testing.T) {
					tally := tr.run(newStage(t, number))
					tr.write(table, tally)
					tr.judge(t, tally)
				})
			}
		}
	}
	_ = table.Flush()
	t.Logf("%d requests/s offered over %d connections\n\n%s", *rate, *connections, b.String())
}

// judge fails the test when Linnet costs the application with the checklist a request. All else is measured only.
func (tr trial) judge(t *testing.T, tally *framework.Tally) {
	w := tally.All()
	t.Logf("%s", w)
	if tally.Unsent() > 0 {
		t.Logf("%d requests were never sent: the machine could not keep the rate", tally.Unsent())
	}
	if tr.linnet && tr.application == checklist && w.Failed > 0 {
		t.Errorf("%d requests were lost, want none", w.Failed)
	}
}

func (tr trial) write(table *tabwriter.Writer, tally *framework.Tally) {
	w := tally.All()
	_, _ = fmt.Fprintf(table, "%s\t%s\t%s\t%d\t%.0f\t%d\t%s\n",
		tr.application, tr.by(), onOff(tr.retries), w.Sent, tally.Rate(), w.Failed, causes.Of(w.Failures))
}
