package main

import (
	"strings"

	"github.com/spf13/cobra"
)

// unneeded are flags of Flagger for what Linnet does otherwise or not at all, and why.
var unneeded = map[string]string{
	"control-loop-interval":      "nothing is polled",
	"ingress-annotations-prefix": "NGINX is not supported",
	"ingress-class":              "NGINX is not supported",
	"zap-encoding":               "logs are JSON",
	"zap-replace-globals":        "there is no zap",
	"logtostderr":                "logs go to standard error",
	"v":                          "use --log-level",
}

// bindUnneeded accepts them, so that a Deployment which sets them starts; each says why it changes nothing.
func bindUnneeded(cmd *cobra.Command) {
	f := cmd.Flags()
	for name, why := range unneeded {
		f.String(name, "", "changes nothing: "+why)
		f.Lookup(name).NoOptDefVal = "true"
		_ = f.MarkDeprecated(name, strings.TrimSpace("it changes nothing here: "+why)) // an error means that there is no such flag
	}
}
