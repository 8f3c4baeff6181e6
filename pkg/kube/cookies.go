package kube

import (
	"crypto/sha256"
	"encoding/hex"

	flaggerv1 "github.com/linnet-delivery/linnet/pkg/apis/flagger/v1beta1"
)

// cookieDigits is how long a cookie's value is: short for every request that carries it, and long
// enough that two revisions in a row never share one.
const cookieDigits = 10

// SessionCookies returns the cookies, as NAME=VALUE, by which users are kept on the canary and on
// the primary during the release of a revision; empty where the Canary names none. The values are
// derived from the revision, so that a controller that dies and comes back hands out the same ones.
func SessionCookies(c *flaggerv1.Canary, revision string) (canary, primary string) {
	s := c.Spec.Analysis.SessionAffinity
	if s == nil {
		return "", ""
	}
	cookie := func(name string) string {
		if name == "" {
			return ""
		}
		sum := sha256.Sum256([]byte(name + "\x00" + string(c.UID) + "\x00" + revision))
		return name + "=" + hex.EncodeToString(sum[:])[:cookieDigits]
	}
	return cookie(s.CookieName), cookie(s.PrimaryCookieName)
}
