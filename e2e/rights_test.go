package e2e

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"maps"
	"os"
	"slices"
	"strings"
	"time"

	rbacv1 "k8s.io/api/rbac/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/linnet-delivery/linnet/e2e/framework"
)

var everyRight = flag.Bool("every-right", false, "fail when the tests used less than Linnet may do; for runs of all of them")

// usedElsewhere says of rights that no test on the lab needs, by resource or by verb and resource, who does.
var usedElsewhere = map[string]string{
	"update canaries/finalizers": "an admission plugin that the lab does not run asks for it",
	"list *":                     "external metrics, which the lab does not serve",
	"scaledobjects":              "T2: the lab has no KEDA",
	"configmaps":                 "T2: copies of configuration",
	"secrets":                    "T2: copies of configuration",
	"horizontalpodautoscalers":   "T2: autoscalers",
	"poddisruptionbudgets":       "T2: budgets",
	"alertproviders":             "T2: alerts",
	"get services":               "T2: a Service as the target",
	"patch services":             "T2: a Service as the target",
}

// checkRights compares what Linnet asked of the API server since a time with what its ClusterRole grants.
// It is an error if anything was denied, and with -every-right if anything was granted and not used.
func checkRights(ctx context.Context, since time.Time) error {
	path, err := lab.AuditLog(ctx)
	if err != nil {
		return err
	}
	requests, err := framework.OpenAuditLog(path).Between(since, time.Now())
	if err != nil {
		return err
	}
	denied, err := denials(path, since)
	if err != nil {
		return err
	}
	if len(denied) > 0 {
		return fmt.Errorf("compare rights: Linnet was denied\n  %s", strings.Join(denied, "\n  "))
	}
	var role rbacv1.ClusterRole
	if err := cluster.Get(ctx, client.ObjectKey{Name: framework.Controller}, &role); err != nil {
		return fmt.Errorf("get Linnet's ClusterRole: %w", err)
	}
	idle := unused(role.Rules, framework.CountByKind(requests))
	if len(idle) == 0 {
		return nil
	}
	fmt.Printf("Rights that Linnet did not use:\n  %s\n", strings.Join(idle, "\n  "))
	if *everyRight {
		return errors.New("compare rights: some were not used")
	}
	return nil
}

// decision is what the audit log says of an authorization.
type decision struct {
	RequestReceivedTimestamp time.Time
	RequestURI, Verb         string
	Annotations              map[string]string
}

// denials returns the requests since a time that were refused for want of a right, as in "get /api/v1/pods". The code 403
// alone says less: it is also the answer to what is created in a namespace on its way out.
func denials(path string, since time.Time) ([]string, error) {
	log, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("read audit log: %w", err)
	}
	var denied []string
	for line := range bytes.Lines(log) {
		var d decision
		if json.Unmarshal(line, &d) != nil || d.RequestReceivedTimestamp.Before(since) {
			continue // half written, or of another run
		}
		if d.Annotations["authorization.k8s.io/decision"] == "forbid" {
			denied = append(denied, d.Verb+" "+d.RequestURI)
		}
	}
	return denied, nil
}

// unused returns the rights of the rules that were not used, except those that are used elsewhere, as in "get pods".
// Who watches has listed: API servers that can't stream the list need both.
func unused(rules []rbacv1.PolicyRule, used map[framework.Kind]int) []string {
	idle := map[string]bool{}
	for _, rule := range rules {
		for _, resource := range rule.Resources {
			for _, verb := range rule.Verbs {
				name := verb + " " + resource
				listed := verb == "list" && used[framework.Kind{Verb: "watch", Resource: resource}] > 0
				known := cmp.Or(usedElsewhere[name], usedElsewhere[resource]) != ""
				if used[framework.Kind{Verb: verb, Resource: resource}] == 0 && !listed && !known {
					idle[name] = true
				}
			}
		}
	}
	return slices.Sorted(maps.Keys(idle))
}
