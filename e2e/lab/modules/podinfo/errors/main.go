// Command errors is a podinfo that answers 500 to a share of requests.
//
// It runs the real podinfo on another port and stands in front of it. podinfo's own --random-error would
// not do: it also fails probes, and two thirds of its errors are 4xx, which no success rate counts.
package main

import (
	"context"
	"errors"
	"log"
	"math/rand/v2"
	"net/http"
	"net/http/httputil"
	"net/url"
	"os"
	"os/exec"
	"os/signal"
	"strconv"
	"strings"
	"syscall"
	"time"
)

const (
	podinfo      = "/home/app/podinfo-6.0.9"
	behind       = "19898"
	defaultShare = 30
	drainTime    = 5 * time.Second
)

func main() {
	log.SetFlags(0)
	port := publicPort(os.Args[1:])
	share := percent(os.Getenv("ERROR_PERCENT"))
	child := exec.Command(podinfo, append(os.Args[1:], "--port="+behind)...)
	child.Stdout, child.Stderr = os.Stdout, os.Stderr
	if err := child.Start(); err != nil {
		log.Fatalf("start podinfo: %v", err)
	}
	server := &http.Server{Addr: ":" + port, Handler: faulty(share, proxy())}
	stop := make(chan os.Signal, 1)
	signal.Notify(stop, syscall.SIGTERM, syscall.SIGINT)
	go func() {
		<-stop
		ctx, cancel := context.WithTimeout(context.Background(), drainTime)
		defer cancel()
		_ = server.Shutdown(ctx)
		_ = child.Process.Signal(syscall.SIGTERM)
	}()
	log.Printf("podinfo 6.0.9-errors: %d %% of requests to port %s get 500", share, port)
	if err := server.ListenAndServe(); !errors.Is(err, http.ErrServerClosed) {
		log.Fatalf("serve: %v", err)
	}
	_ = child.Wait()
}

func proxy() http.Handler {
	target := &url.URL{Scheme: "http", Host: "127.0.0.1:" + behind}
	p := httputil.NewSingleHostReverseProxy(target)
	p.ErrorLog = log.Default()
	return p
}

// faulty fails a share of the requests, but never a probe.
func faulty(share int, next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		probe := r.URL.Path == "/healthz" || r.URL.Path == "/readyz"
		if !probe && rand.IntN(100) < share {
			http.Error(w, "this version fails on purpose", http.StatusInternalServerError)
			return
		}
		next.ServeHTTP(w, r)
	})
}

// publicPort finds podinfo's port among its arguments.
func publicPort(args []string) string {
	port := "9898"
	for i, arg := range args {
		if value, ok := strings.CutPrefix(arg, "--port="); ok {
			port = value
		}
		if arg == "--port" && i+1 < len(args) {
			port = args[i+1]
		}
	}
	return port
}

func percent(value string) int {
	share, err := strconv.Atoi(value)
	if err != nil || share < 0 || share > 100 {
		return defaultShare
	}
	return share
}
