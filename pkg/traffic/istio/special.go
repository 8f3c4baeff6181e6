package istio

import (
	"fmt"
	"slices"
	"strings"

	"google.golang.org/protobuf/proto"
	istiov1 "istio.io/api/networking/v1alpha3"

	"github.com/linnet-delivery/linnet/pkg/kube"
	"github.com/linnet-delivery/linnet/pkg/rollout"
)

// Names of the routes that stand in front of one that shares requests out, and
// treat some of its requests differently. They are ours by their names.
const (
	special       = "linnet-"
	matchedRoute  = special + "matched"
	stickyCanary  = special + "sticky-canary"
	stickyPrimary = special + "sticky-primary"
	expiredCookie = special + "expired-cookie"
)

// isSpecial reports whether r is one of ours in front of a route that shares requests out.
func isSpecial(r *istiov1.HTTPRoute) bool { return strings.HasPrefix(r.Name, special) }

func withoutSpecial(routes []*istiov1.HTTPRoute) []*istiov1.HTTPRoute {
	return slices.DeleteFunc(slices.Clone(routes), isSpecial)
}

// withSpecial puts in front of each of our routes those that it needs, and sets
// the cookies that it hands out.
func (s sharing) withSpecial(routes []*istiov1.HTTPRoute) ([]*istiov1.HTTPRoute, error) {
	var all []*istiov1.HTTPRoute
	for _, r := range routes {
		if !s.hosts.owns(r) {
			all = append(all, r)
			continue
		}
		front, err := s.front(r)
		if err != nil {
			return nil, err
		}
		if err := s.foresee(r); err != nil {
			return nil, err
		}
		s.cookies.handOut(r, s.traffic)
		all = append(append(all, front...), r)
	}
	return all, nil
}

// foresee refuses a route in front of which a later step of a release could not put what it needs,
// so that this is said before the release begins.
func (s sharing) foresee(general *istiov1.HTTPRoute) error {
	for _, later := range []rollout.Traffic{{Matched: true}, {Canary: 1}} {
		s.traffic = later
		if _, err := s.front(general); err != nil {
			return err
		}
	}
	return nil
}

// front returns the routes in front of general.
func (s sharing) front(general *istiov1.HTTPRoute) ([]*istiov1.HTTPRoute, error) {
	var front []*istiov1.HTTPRoute
	var failed error
	add := func(name string, match []*istiov1.HTTPMatchRequest, t rollout.Traffic) *istiov1.HTTPRoute {
		r := general.DeepCopy()
		if r.Name = name; general.Name != "" {
			r.Name += "-" + general.Name
		}
		merged, err := both(match, general.Match)
		if err != nil {
			failed = fmt.Errorf("%w: %w", kube.ErrRefused, err)
		}
		r.Match = merged
		s.share(r, t)
		front = append(front, r)
		return r
	}
	switch t := s.traffic; {
	case t.Matched:
		add(matchedRoute, s.chosen, rollout.Traffic{Canary: 100})
	case t.Canary > 0 && t.Canary < 100:
		if s.cookies.canary != "" {
			add(stickyCanary, carrying(s.cookies.canary), rollout.Traffic{Canary: 100})
		}
		if s.cookies.primary != "" {
			add(stickyPrimary, carrying(s.cookies.primary), rollout.Traffic{})
		}
	case t.Canary == 0 && s.cookies.expired != "":
		s.cookies.takeBack(add(expiredCookie, carrying(s.cookies.expired), t))
	}
	return front, failed
}

// both returns the matches that a request meets which meets one of each list. An
// empty list is met by every request.
func both(chosen, general []*istiov1.HTTPMatchRequest) ([]*istiov1.HTTPMatchRequest, error) {
	if len(general) == 0 {
		return chosen, nil
	}
	var all []*istiov1.HTTPMatchRequest
	for _, c := range chosen {
		for _, g := range general {
			m, err := merge(c, g)
			if err != nil {
				return nil, err
			}
			all = append(all, m)
		}
	}
	return all, nil
}

// merge returns the match that asks for all that a and b ask for. Two different
// conditions on one header or parameter cannot be put into words of Istio's.
func merge(a, b *istiov1.HTTPMatchRequest) (*istiov1.HTTPMatchRequest, error) {
	m := b.DeepCopy()
	join := func(what string, into *map[string]*istiov1.StringMatch, more map[string]*istiov1.StringMatch) error {
		for name, condition := range more {
			if has := (*into)[name]; has != nil && !proto.Equal(has, condition) {
				return fmt.Errorf("the %s %s has one condition in service.match and another for the canary: a route cannot ask for both, remove one", what, name)
			}
			if *into == nil {
				*into = map[string]*istiov1.StringMatch{}
			}
			(*into)[name] = condition
		}
		return nil
	}
	if err := join("header", &m.Headers, a.Headers); err != nil {
		return nil, err
	}
	if err := join("query parameter", &m.QueryParams, a.QueryParams); err != nil {
		return nil, err
	}
	for name, value := range a.SourceLabels {
		if has, given := m.SourceLabels[name]; given && has != value {
			return nil, fmt.Errorf("the source label %s is to be %s in service.match and %s in analysis.match: nobody has both", name, has, value)
		}
		if m.SourceLabels == nil {
			m.SourceLabels = map[string]string{}
		}
		m.SourceLabels[name] = value
	}
	return m, nil
}
