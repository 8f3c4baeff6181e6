package apiserver

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"k8s.io/client-go/tools/clientcmd"
	clientcmdapi "k8s.io/client-go/tools/clientcmd/api"
)

// program returns the path of the controller program.
func program() string {
	path := os.Getenv("LINNET_BIN")
	if path == "" {
		path = filepath.Join(repository, "bin/linnet")
	}
	absolute, err := filepath.Abs(path)
	if err != nil {
		return path
	}
	return absolute
}

// linnet is a running controller, with everything that it asks of the API server.
type linnet struct {
	*journal
	// url is where it tells of its health and figures.
	url  string
	log  string
	cmd  *exec.Cmd
	done chan struct{}
}

// startLinnet runs the controller program until the test ends, for one namespace or, when it is
// empty, for all. It is ready when this returns.
func startLinnet(t *testing.T, namespace, prometheus string, flags ...string) *linnet {
	t.Helper()
	port := freePort(t)
	l := &linnet{
		journal: newJournal(t),
		url:     fmt.Sprintf("http://127.0.0.1:%d", port),
		log:     filepath.Join(t.TempDir(), "linnet.log"),
		done:    make(chan struct{}),
	}
	args := []string{
		"--kubeconfig", l.kubeconfig(t), "--enable-leader-election=false",
		"--port", fmt.Sprint(port), "--namespace", namespace, "--metrics-server", prometheus,
	}
	l.cmd = exec.Command(program(), append(args, flags...)...)
	l.cmd.Env = append(os.Environ(), "NO_PROXY=*", "no_proxy=*") // everything that it calls is here
	l.cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	log, err := os.Create(l.log)
	if err != nil {
		t.Fatalf("create the controller's log: %v", err)
	}
	defer log.Close()
	l.cmd.Stdout, l.cmd.Stderr = log, log
	if err := l.cmd.Start(); err != nil {
		t.Fatalf("start the controller: %v", err)
	}
	go func() {
		_ = l.cmd.Wait()
		close(l.done)
	}()
	t.Cleanup(func() {
		l.stop()
		if forbidden := l.forbidden(); len(forbidden) > 0 {
			t.Errorf("the installed role forbids what the controller asks for:\n%s", listed(forbidden))
		}
		if t.Failed() {
			t.Logf("the controller's last words:\n%s", tail(l.log, 30))
		}
	})
	l.await(t, "the controller to be ready", func(ctx context.Context) bool { return l.get(ctx, "/readyz") != nil })
	return l
}

// stop ends the controller at once, as a node that fails does.
func (l *linnet) stop() {
	_ = l.cmd.Process.Kill()
	<-l.done
}

// passes returns how often the controller has looked at a Canary.
func (l *linnet) passes(ctx context.Context) float64 {
	return sum(l.get(ctx, "/metrics"), `controller_runtime_reconcile_total{controller="canary"`)
}

// settle waits until the controller has made more passes than before, and none is under way or due.
func (l *linnet) settle(t *testing.T, before float64) {
	t.Helper()
	l.await(t, "the controller to have nothing to do", func(ctx context.Context) bool {
		figures := l.get(ctx, "/metrics")
		return sum(figures, `controller_runtime_reconcile_total{controller="canary"`) > before &&
			sum(figures, `workqueue_depth{controller="canary"`) == 0 &&
			sum(figures, `controller_runtime_active_workers{controller="canary"`) == 0
	})
}

// awaitTold waits until the last event of what happened since a mark is written. Events follow what they tell of.
func (l *linnet) awaitTold(t *testing.T, mark int, reason string) {
	t.Helper()
	l.await(t, "the event "+reason, func(context.Context) bool {
		return slices.ContainsFunc(l.since(mark), func(e entry) bool {
			return e.Resource == "events" && e.fields()["reason"] == reason
		})
	})
}

// await looks at the controller until what is waited for holds.
func (l *linnet) await(t *testing.T, what string, holds func(ctx context.Context) bool) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), *patience)
	defer cancel()
	again := time.NewTicker(50 * time.Millisecond)
	defer again.Stop()
	for !holds(ctx) {
		select {
		case <-again.C:
		case <-l.done:
			t.Fatalf("the controller ended by itself while waiting for %s", what)
		case <-ctx.Done():
			t.Fatalf("waited %s for %s", *patience, what)
		}
	}
}

// get returns the lines that the controller answers, none when it does not answer 200.
func (l *linnet) get(ctx context.Context, path string) []string {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, l.url+path, http.NoBody)
	if err != nil {
		return nil
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return nil // it does not listen yet
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	if err != nil || response.StatusCode != http.StatusOK {
		return nil
	}
	return strings.Split(string(body), "\n")
}

// sum adds up the figures of all lines with a prefix.
func sum(lines []string, prefix string) (total float64) {
	for _, line := range lines {
		if strings.HasPrefix(line, prefix) {
			n, _ := strconv.ParseFloat(line[strings.LastIndex(line, " ")+1:], 64)
			total += n
		}
	}
	return total
}

// kubeconfig writes the way to the journal into a file.
func (l *linnet) kubeconfig(t *testing.T) string {
	t.Helper()
	k := clientcmdapi.NewConfig()
	k.Clusters["journal"] = &clientcmdapi.Cluster{Server: l.URL}
	k.Contexts["journal"] = &clientcmdapi.Context{Cluster: "journal"}
	k.CurrentContext = "journal"
	path := filepath.Join(t.TempDir(), "kubeconfig")
	if err := clientcmd.WriteToFile(*k, path); err != nil {
		t.Fatalf("write kubeconfig: %v", err)
	}
	return path
}

// lastPort is the port that was handed out last. Ports are below those that the kernel gives to
// connections by itself: one of these may be taken again before a program listens on it.
var lastPort atomic.Int32

func freePort(t *testing.T) int {
	t.Helper()
	lastPort.CompareAndSwap(0, 20000)
	for range 100 {
		port := int(lastPort.Add(1))
		if listener, err := net.Listen("tcp", fmt.Sprintf(":%d", port)); err == nil {
			listener.Close()
			return port
		}
	}
	t.Fatalf("find a free port: none of the 100 up to %d is", lastPort.Load())
	return 0
}

// tail returns the last lines of a file.
func tail(path string, lines int) string {
	content, err := os.ReadFile(path)
	if err != nil {
		return err.Error()
	}
	all := strings.Split(strings.TrimRight(string(content), "\n"), "\n")
	return strings.Join(all[max(0, len(all)-lines):], "\n")
}
