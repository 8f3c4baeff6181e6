package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"strconv"
	"time"

	"github.com/linnet-delivery/linnet/pkg/loadtest"
	"github.com/linnet-delivery/linnet/pkg/version"
)

// shutdownTimeout is how long answers under way may take once the program is told to stop.
const shutdownTimeout = 5 * time.Second

// serve answers until ctx ends. Then tasks are stopped, and what is being answered is answered.
func serve(ctx context.Context, port int, o loadtest.Options) error {
	s, err := loadtest.New(ctx, o)
	if err != nil {
		return err
	}
	// A test is answered when it has ended, so there is no limit on writing besides the one on tasks.
	server := &http.Server{Handler: s.Handler(), ReadHeaderTimeout: 5 * time.Second, ReadTimeout: 30 * time.Second}
	listener, err := (&net.ListenConfig{}).Listen(ctx, "tcp", net.JoinHostPort("", strconv.Itoa(port)))
	if err != nil {
		return fmt.Errorf("listen: %w", err)
	}
	o.Log.Info("Serving", "address", listener.Addr().String(), "version", version.String(), "exec", o.AllowExec)
	stopped := make(chan error, 1)
	context.AfterFunc(ctx, func() {
		last, cancel := context.WithTimeout(context.WithoutCancel(ctx), shutdownTimeout)
		defer cancel()
		stopped <- server.Shutdown(last)
	})
	if err := server.Serve(listener); !errors.Is(err, http.ErrServerClosed) {
		return fmt.Errorf("serve: %w", err)
	}
	err = <-stopped
	s.Wait()
	return err
}
