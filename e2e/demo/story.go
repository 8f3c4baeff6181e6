package main

import (
	"context"
	"fmt"
	"os"
	"time"

	"github.com/linnet-delivery/linnet/e2e/framework"
	flaggerv1 "github.com/linnet-delivery/linnet/pkg/apis/flagger/v1beta1"
)

// The versions of the application, as tags of its image.
const (
	firstVersion = "6.0.0"
	goodVersion  = "6.0.1"
	badVersion   = "6.0.9-errors"
)

// interval is the time between two analyses in the demo's Canary.
const interval = 10 * time.Second

// act is one part of the story, for the table at the end.
type act struct {
	title string
	from  time.Time
}

// story is the demo while it runs.
type story struct {
	options
	cluster *framework.Cluster
	release *framework.Follower
	pods    *framework.Pods
	load    *framework.Load
	screen  *screen
	// good and bad are when the versions were shipped.
	good, bad time.Time
	// outcomes are the last views of the two releases.
	promoted, rolledBack framework.View
}

// run tells the whole story, and returns why it did not go as it must.
func run(ctx context.Context, o options, out *os.File) error {
	cluster, err := framework.Open(ctx)
	if err != nil {
		return err
	}
	s := &story{options: o, cluster: cluster, screen: newScreen(out)}
	s.screen.line("Waiting for Linnet in %s", framework.SystemNamespace)
	if err := s.within(ctx, time.Minute, cluster.AwaitController); err != nil {
		return err
	}
	if err := s.stage(ctx); err != nil {
		return err
	}
	if !o.keep {
		defer s.cleanUp(context.WithoutCancel(ctx))
	}
	return s.play(ctx)
}

// stage makes the namespace, the application and what watches them.
func (s *story) stage(ctx context.Context) error {
	s.screen.line("Preparing namespace %s", s.namespace)
	if err := s.within(ctx, time.Minute, func(ctx context.Context) error {
		if err := s.cluster.DeleteNamespace(ctx, s.namespace); err != nil {
			return err
		}
		return s.cluster.AwaitNamespaceGone(ctx, s.namespace)
	}); err != nil {
		return err
	}
	if err := s.cluster.CreateNamespace(ctx, s.namespace); err != nil {
		return err
	}
	s.release = s.cluster.Follow(ctx, s.namespace)
	s.pods = s.cluster.WatchPods(ctx, s.namespace)
	return nil
}

// cleanUp removes the namespace, also when the demo was interrupted.
func (s *story) cleanUp(ctx context.Context) {
	ctx, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	if err := s.cluster.DeleteNamespace(ctx, s.namespace); err != nil {
		s.screen.line("Left behind: %v", err)
	}
}

func (s *story) play(ctx context.Context) error {
	if err := s.declare(ctx); err != nil {
		return err
	}
	s.load = framework.StartLoad(ctx, framework.LoadConfig{
		Address: s.cluster.Gateway, Host: framework.Host(s.namespace),
		Rate: s.rate, Connections: s.connections, Who: s.pods.Who,
	})
	stopScreen := s.screen.follow(ctx, s)
	err := s.ship(ctx)
	stopScreen()
	tally := s.load.Stop()
	if err != nil {
		s.screen.line("So far: %s", tally.All())
		return err
	}
	_, _ = fmt.Fprint(s.screen.out, s.table(tally))
	return s.judge(tally)
}

// declare creates the application and its Canary and waits until Linnet has set both up.
func (s *story) declare(ctx context.Context) error {
	s.screen.line("Declaring podinfo %s and a Canary for it: steps %v %%, an analysis every %s", firstVersion, s.steps, interval)
	began := time.Now()
	if err := s.cluster.Create(ctx, framework.Podinfo(s.namespace, firstVersion)); err != nil {
		return fmt.Errorf("create Deployment: %w", err)
	}
	if err := s.cluster.Create(ctx, framework.NewCanary(s.namespace, framework.Steps(s.steps...))); err != nil {
		return fmt.Errorf("create Canary: %w", err)
	}
	return s.within(ctx, 2*time.Minute, func(ctx context.Context) error {
		_, err := s.release.Until(ctx, began, "the Canary to be initialised", func(v framework.View) bool {
			return v.Phase() == flaggerv1.PhaseInitialized && framework.Stopped(v)
		})
		return err
	})
}

// ship brings out the good version and then the bad one, with a rest before, between and after.
func (s *story) ship(ctx context.Context) error {
	s.screen.line("Offering %d requests/s over %d connections through the gateway", s.rate, s.connections)
	if err := rest(ctx, 5*time.Second); err != nil {
		return err
	}
	var err error
	if s.good, s.promoted, err = s.shipOne(ctx, goodVersion, "to be promoted", framework.Promoted(goodVersion)); err != nil {
		return err
	}
	if err := rest(ctx, 5*time.Second); err != nil {
		return err
	}
	s.bad, s.rolledBack, err = s.shipOne(ctx, badVersion, "to be rolled back and stopped", func(v framework.View) bool {
		return v.Phase() == flaggerv1.PhaseFailed && framework.Stopped(v)
	})
	if err != nil {
		return err
	}
	return rest(ctx, 3*time.Second)
}

// shipOne ships a version and waits for its end; of a release that ends otherwise it says so at once.
func (s *story) shipOne(ctx context.Context, version, end string, ended func(framework.View) bool) (time.Time, framework.View, error) {
	shipped := time.Now()
	s.screen.line("Shipping %s", version)
	if err := s.cluster.Ship(ctx, s.namespace, version); err != nil {
		return shipped, framework.View{}, err
	}
	begun, err := s.release.Until(ctx, shipped, version+" to be taken up", framework.InPhase(flaggerv1.PhaseProgressing))
	if err != nil {
		return shipped, framework.View{}, err
	}
	over := framework.InPhase(flaggerv1.PhaseSucceeded, flaggerv1.PhaseFailed)
	if _, err := s.release.Until(ctx, begun.At, version+" "+end, func(v framework.View) bool { return over(v) || ended(v) }); err != nil {
		return shipped, framework.View{}, err
	}
	ctx, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	last, err := s.release.Until(ctx, begun.At, version+" "+end, ended)
	return shipped, last, err
}

// within bounds a step of the story.
func (s *story) within(ctx context.Context, limit time.Duration, step func(context.Context) error) error {
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	return step(ctx)
}

// rest lets the load run on for a while.
func rest(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-timer.C:
		return nil
	}
}
