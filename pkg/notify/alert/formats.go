package alert

import (
	"encoding/json"
	"errors"
	"fmt"
	"html"
	"net/url"
	"path"
	"strings"

	flaggerv1 "github.com/linnet-delivery/linnet/pkg/apis/flagger/v1beta1"
	"github.com/linnet-delivery/linnet/pkg/outbound"
)

// format is how a kind of provider wants to be told.
type format struct {
	// address returns where to post.
	address func(r Receiver) (string, error)
	// body returns what to post, as JSON.
	body func(m message, r Receiver) any
	// taken returns an error when an answer of 2xx is a refusal after all.
	taken func(r Receiver, reply outbound.Reply) error
}

var formats = map[string]format{
	"slack":   {address: asGiven, body: slackBody, taken: slackTaken},
	"discord": {address: discordAddress, body: attachmentBody, taken: always},
	"rocket":  {address: asGiven, body: attachmentBody, taken: always},
	"msteams": {address: asGiven, body: teamsBody, taken: always},
	"gchat":   {address: asGiven, body: gchatBody, taken: always},
	"webhook": {address: asGiven, body: webhookBody, taken: always},
}

func always(Receiver, outbound.Reply) error { return nil }

func asGiven(r Receiver) (string, error) {
	u, err := parse(r)
	if err != nil {
		return "", err
	}
	return u.String(), nil
}

// discordAddress returns the address at which Discord takes alerts in Slack's form.
func discordAddress(r Receiver) (string, error) {
	u, err := parse(r)
	if err != nil {
		return "", err
	}
	if path.Base(u.Path) != "slack" {
		u = u.JoinPath("slack")
	}
	return u.String(), nil
}

// parse returns the receiver's address. The error does not quote it: it may hold a secret.
func parse(r Receiver) (*url.URL, error) {
	u, err := url.Parse(r.Address)
	if err != nil || u.Host == "" || (u.Scheme != "http" && u.Scheme != "https") {
		return nil, errors.New("its address is not an http or https URL")
	}
	return u, nil
}

// object is JSON.
type object map[string]any

// attachmentBody is the form that began with Slack and that others took over.
func attachmentBody(m message, r Receiver) any {
	return attachment(m, r, func(s string) string { return s })
}

// slackBody writes what Slack would take for markup, such as a call to everybody, as plain text.
func slackBody(m message, r Receiver) any {
	return attachment(m, r, strings.NewReplacer("&", "&amp;", "<", "&lt;", ">", "&gt;").Replace)
}

func attachment(m message, r Receiver, plain func(string) string) object {
	var fields []object
	for _, f := range m.fields() {
		fields = append(fields, object{"title": f.name, "value": plain(f.value), "short": true})
	}
	colors := map[flaggerv1.AlertSeverity]string{
		flaggerv1.SeverityInfo: "#2eb67d", flaggerv1.SeverityWarn: "#ecb22e", flaggerv1.SeverityError: "#e01e5a",
	}
	return object{
		"channel":  r.Channel,
		"username": r.Username,
		"attachments": []object{{
			"color":       colors[m.severity],
			"author_name": m.title(),
			"fallback":    plain(m.title() + ": " + m.text),
			"text":        plain(m.text),
			"fields":      fields,
		}},
	}
}

// slackTaken reads the answer of Slack's API, which is 200 whatever it says.
// Incoming webhooks, which need no token, answer with a status.
func slackTaken(r Receiver, reply outbound.Reply) error {
	if r.Token == "" {
		return nil
	}
	var answer struct {
		OK    bool
		Error string
	}
	if err := json.Unmarshal(reply.Body, &answer); err != nil {
		return fmt.Errorf("%s answered %s without saying whether it took the alert", r.name, reply.Status())
	}
	if !answer.OK {
		return fmt.Errorf("%s refused the alert: %s", r.name, outbound.Line(answer.Error, 64))
	}
	return nil
}

// teamsBody is an Adaptive Card, which workflows of Power Automate take, and the
// incoming webhooks before them too.
func teamsBody(m message, _ Receiver) any {
	var facts []object
	for _, f := range m.fields() {
		facts = append(facts, object{"title": f.name, "value": f.value})
	}
	colors := map[flaggerv1.AlertSeverity]string{
		flaggerv1.SeverityInfo: "Good", flaggerv1.SeverityWarn: "Warning", flaggerv1.SeverityError: "Attention",
	}
	card := object{
		"$schema": "http://adaptivecards.io/schemas/adaptive-card.json",
		"type":    "AdaptiveCard",
		"version": "1.4",
		"msteams": object{"width": "Full"},
		"body": []object{
			{"type": "TextBlock", "text": m.title(), "weight": "Bolder", "size": "Medium", "color": colors[m.severity], "wrap": true},
			{"type": "TextBlock", "text": m.text, "wrap": true},
			{"type": "FactSet", "facts": facts},
		},
	}
	return object{
		"type":        "message",
		"attachments": []object{{"contentType": "application/vnd.microsoft.card.adaptive", "content": card}},
	}
}

// gchatBody is a card of Google Chat, in whose texts tags are markup.
func gchatBody(m message, r Receiver) any {
	widgets := []object{{"textParagraph": object{"text": html.EscapeString(m.text)}}}
	for _, f := range m.fields() {
		widgets = append(widgets, object{"decoratedText": object{"topLabel": f.name, "text": html.EscapeString(f.value), "wrapText": true}})
	}
	card := object{
		"header":   object{"title": m.title(), "subtitle": fmt.Sprintf("%s: %s", r.Username, m.severity)},
		"sections": []object{{"widgets": widgets}},
	}
	return object{"cardsV2": []object{{"cardId": "linnet", "card": card}}}
}
