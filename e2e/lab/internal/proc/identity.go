// Package proc starts and stops the host processes of a lab and remembers them across commands,
// crashes and reboots.
package proc

import (
	"fmt"
	"os"
	"strconv"
	"strings"
)

// Identity names one process for good: a process number alone is used again after a while,
// and start times begin anew with each boot.
type Identity struct {
	PID int `json:"pid"`
	// StartTicks is the start time in clock ticks after boot, as /proc/PID/stat has it.
	StartTicks uint64 `json:"startTicks"`
	Boot       string `json:"boot"`
}

// Identify returns the identity of the running process pid.
func Identify(pid int) (Identity, error) {
	boot, err := BootID()
	if err != nil {
		return Identity{}, err
	}
	data, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return Identity{}, fmt.Errorf("read process %d: %w", pid, err)
	}
	st, err := parseStat(string(data))
	if err != nil {
		return Identity{}, fmt.Errorf("read process %d: %w", pid, err)
	}
	return Identity{PID: pid, StartTicks: st.startTicks, Boot: boot}, nil
}

// Alive reports whether that very process still runs. A zombie does not.
func (i Identity) Alive() bool {
	if i.PID <= 0 {
		return false
	}
	data, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", i.PID))
	if err != nil {
		return false
	}
	st, err := parseStat(string(data))
	if err != nil || st.state == "Z" || st.state == "X" || st.startTicks != i.StartTicks {
		return false
	}
	boot, err := BootID()
	return err == nil && boot == i.Boot
}

// BootID returns the kernel's identifier of the current boot.
func BootID() (string, error) {
	data, err := os.ReadFile("/proc/sys/kernel/random/boot_id")
	if err != nil {
		return "", fmt.Errorf("read boot id: %w", err)
	}
	return strings.TrimSpace(string(data)), nil
}

type stat struct {
	state      string
	startTicks uint64
}

// parseStat reads fields 3 and 22 of /proc/PID/stat. The second field is the command's name in
// parentheses and may itself hold spaces and parentheses, so counting starts behind the last one.
func parseStat(line string) (stat, error) {
	_, rest, ok := cutLast(line, ")")
	fields := strings.Fields(rest)
	if !ok || len(fields) < 20 {
		return stat{}, fmt.Errorf("parse stat line %q: too few fields", line)
	}
	ticks, err := strconv.ParseUint(fields[19], 10, 64)
	if err != nil {
		return stat{}, fmt.Errorf("parse stat line: start time: %w", err)
	}
	return stat{state: fields[0], startTicks: ticks}, nil
}

func cutLast(s, sep string) (before, after string, found bool) {
	if i := strings.LastIndex(s, sep); i >= 0 {
		return s[:i], s[i+len(sep):], true
	}
	return s, "", false
}

// MemoryMiB returns the resident memory of a process in MiB, or 0 when it is not there.
func MemoryMiB(pid int) int {
	data, err := os.ReadFile(fmt.Sprintf("/proc/%d/statm", pid))
	if err != nil {
		return 0
	}
	fields := strings.Fields(string(data))
	if len(fields) < 2 {
		return 0
	}
	pages, err := strconv.Atoi(fields[1])
	if err != nil {
		return 0
	}
	return pages * os.Getpagesize() >> 20
}
