package command

import (
	"fmt"
	"os"
	"strings"

	"github.com/spf13/pflag"

	"github.com/linnet-delivery/linnet/pkg/loadtest/acceptance"
)

// curlFlags are those of curl that an acceptance test needs.
type curlFlags struct {
	data, headers                                  []string
	method, user, agent, output, writeOut, maxTime string
	fail, follow, insecure                         bool
}

func (o *curlFlags) bind(f *pflag.FlagSet) {
	f.StringArrayVarP(&o.data, "data", "d", nil, "")
	f.StringArrayVar(&o.data, "data-raw", nil, "")
	f.StringArrayVarP(&o.headers, "header", "H", nil, "")
	f.StringVarP(&o.method, "request", "X", "", "")
	f.StringVarP(&o.user, "user", "u", "", "")
	f.StringVarP(&o.agent, "user-agent", "A", "", "")
	f.StringVarP(&o.output, "output", "o", "", "")
	f.StringVarP(&o.writeOut, "write-out", "w", "", "")
	f.StringVarP(&o.maxTime, "max-time", "m", "", "")
	f.String("connect-timeout", "", "")
	f.BoolVarP(&o.fail, "fail", "f", false, "")
	f.BoolVarP(&o.follow, "location", "L", false, "")
	f.BoolVarP(&o.insecure, "insecure", "k", false, "")
	f.BoolP("silent", "s", false, "")
	f.BoolP("show-error", "S", false, "")
	f.BoolP("ipv4", "4", false, "")
}

// curl reads the flags of curl.
func curl(args []string) (acceptance.Request, error) {
	var o curlFlags
	f := longFlags()
	o.bind(f)
	if err := parseFlags(f.Parse, args); err != nil {
		return acceptance.Request{}, err
	}
	url, err := onlyURL(f.Args())
	if err != nil {
		return acceptance.Request{}, err
	}
	return o.request(url)
}

func (o *curlFlags) request(url string) (acceptance.Request, error) {
	header, host, err := headers(o.headers)
	if err != nil {
		return acceptance.Request{}, err
	}
	setIf(header, "User-Agent", o.agent)
	setBasicAuth(header, o.user)
	r := acceptance.Request{
		Method: o.method, URL: url, Host: host, Header: header, Body: []byte(strings.Join(o.data, "&")),
		FollowRedirects: o.follow, Insecure: o.insecure, FailOnStatus: o.fail,
	}
	if len(o.data) > 0 && header.Get("Content-Type") == "" {
		header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	if r.Method == "" {
		r.Method = postIf(len(o.data) > 0)
	}
	if o.maxTime != "" {
		if r.Timeout, err = seconds(o.maxTime); err != nil {
			return acceptance.Request{}, fmt.Errorf("--max-time: %w", err)
		}
	}
	return r, o.setOutput(&r)
}

// setOutput reads what is to be printed, and refuses what would touch a file.
func (o *curlFlags) setOutput(r *acceptance.Request) error {
	for _, data := range o.data {
		if strings.HasPrefix(data, "@") {
			return fmt.Errorf("--data %s would read a file", data)
		}
	}
	switch o.output {
	case "", "-":
	case os.DevNull:
		r.DropBody = true
	default:
		return fmt.Errorf("--output %s would write a file", o.output)
	}
	r.Append = strings.NewReplacer(`\n`, "\n", `\t`, "\t", `\r`, "\r", "%{response_code}", "%{http_code}").Replace(o.writeOut)
	if rest := strings.ReplaceAll(r.Append, "%{http_code}", ""); strings.Contains(rest, "%{") || strings.HasPrefix(rest, "@") {
		return fmt.Errorf("--write-out %s: only %%{http_code} is built in", o.writeOut)
	}
	return nil
}
