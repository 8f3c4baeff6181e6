package alert

import "time"

// webhookAlert is what type webhook posts. Programs read it: fields are added, never changed.
type webhookAlert struct {
	Cluster                 string        `json:"cluster,omitempty"`
	Namespace               string        `json:"namespace"`
	Name                    string        `json:"name"`
	Target                  webhookTarget `json:"target"`
	Severity                string        `json:"severity"`
	Reason                  string        `json:"reason"`
	Message                 string        `json:"message"`
	Timestamp               string        `json:"timestamp"`
	Phase                   string        `json:"phase"`
	Revision                string        `json:"revision,omitempty"`
	CanaryWeight            int           `json:"canaryWeight"`
	FailedChecks            int           `json:"failedChecks"`
	Threshold               int           `json:"threshold"`
	ProgressDeadlineSeconds int32         `json:"progressDeadlineSeconds"`
	TrafficRouting          string        `json:"trafficRouting"`
}

type webhookTarget struct {
	Kind string `json:"kind"`
	Name string `json:"name"`
}

func webhookBody(m message, _ Receiver) any {
	c := m.canary
	return webhookAlert{
		Cluster: m.cluster, Namespace: c.Namespace, Name: c.Name,
		Target:   webhookTarget{Kind: c.Spec.TargetRef.Kind, Name: c.Spec.TargetRef.Name},
		Severity: string(m.severity), Reason: m.reason, Message: m.text, Timestamp: m.at.UTC().Format(time.RFC3339),
		Phase: string(c.Status.Phase), Revision: c.Status.LastAppliedSpec, CanaryWeight: c.Status.CanaryWeight,
		FailedChecks: c.Status.FailedChecks, Threshold: threshold(c), ProgressDeadlineSeconds: deadline(c), TrafficRouting: routing(c),
	}
}
