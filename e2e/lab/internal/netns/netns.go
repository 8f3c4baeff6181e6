// Package netns makes, enters and removes the network namespace that a lab lives in.
//
// A namespace is kept by a mount on a file of our own, not by "ip netns": that command would leave
// a mount on /run/netns behind and would hide /sys/fs/cgroup from the programs it starts.
package netns

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"

	"golang.org/x/sys/unix"
)

const nsfsMagic = 0x6e736673

// Exists reports whether a network namespace is mounted on path.
// It is false for the plain file that is left there after a reboot.
func Exists(path string) bool {
	var fs unix.Statfs_t
	return unix.Statfs(path, &fs) == nil && int64(fs.Type) == nsfsMagic
}

// Create makes a network namespace with only a loopback device and mounts it on path.
func Create(path string) error {
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return fmt.Errorf("create namespace folder: %w", err)
	}
	if err := os.WriteFile(path, nil, 0o600); err != nil {
		return fmt.Errorf("create namespace file: %w", err)
	}
	return onOwnThread(func() error {
		if err := unix.Unshare(unix.CLONE_NEWNET); err != nil {
			return fmt.Errorf("unshare network namespace: %w", err)
		}
		if err := unix.Mount("/proc/thread-self/ns/net", path, "", unix.MS_BIND, ""); err != nil {
			return fmt.Errorf("mount network namespace on %s: %w", path, err)
		}
		return nil
	})
}

// Delete unmounts and removes the namespace file; the kernel drops the namespace with its last process.
// A namespace that is not there is no error.
func Delete(path string) error {
	for Exists(path) {
		if err := unix.Unmount(path, unix.MNT_DETACH); err != nil {
			return fmt.Errorf("unmount network namespace %s: %w", path, err)
		}
	}
	if err := os.Remove(path); err != nil && !errors.Is(err, os.ErrNotExist) {
		return fmt.Errorf("remove namespace file: %w", err)
	}
	return nil
}

// Do runs f on a thread inside the namespace. Goroutines that f starts run outside of it.
func Do(path string, f func() error) error {
	return onOwnThread(func() error {
		if err := Join(path); err != nil {
			return err
		}
		return f()
	})
}

// Join moves the calling thread, which the caller has locked, into the namespace.
func Join(path string) error {
	if !Exists(path) {
		return fmt.Errorf("join network namespace %s: it does not exist", path)
	}
	file, err := os.Open(path)
	if err != nil {
		return fmt.Errorf("open network namespace: %w", err)
	}
	defer file.Close()
	if err := unix.Setns(int(file.Fd()), unix.CLONE_NEWNET); err != nil {
		return fmt.Errorf("join network namespace %s: %w", path, err)
	}
	return nil
}

// Start starts the command inside the namespace.
func Start(path string, cmd *exec.Cmd) error {
	return Do(path, cmd.Start)
}

// Dialer returns a dial function whose connections are made inside the namespace.
// Addresses are IP literals: a name would be looked up outside.
func Dialer(path string) func(ctx context.Context, network, address string) (net.Conn, error) {
	return func(ctx context.Context, network, address string) (net.Conn, error) {
		var conn net.Conn
		err := Do(path, func() (err error) {
			conn, err = (&net.Dialer{}).DialContext(ctx, network, address)
			return err
		})
		return conn, err
	}
}

// onOwnThread runs f on a thread that is thrown away afterwards, so that no other goroutine
// ever finds itself in the namespace.
func onOwnThread(f func() error) error {
	done := make(chan error, 1)
	go func() {
		runtime.LockOSThread() // never unlocked: the thread ends with the goroutine
		done <- f()
	}()
	return <-done
}
