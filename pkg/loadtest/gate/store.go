package gate

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"sync"
)

// Kind is what a gate holds back.
type Kind string

const (
	// Confirm gates let a release go on while they are open.
	Confirm Kind = "gates"
	// Rollback gates roll a release back while they are open.
	Rollback Kind = "rollbacks"
)

// stateFile is the name of the file in the state directory.
const stateFile = "gates.json"

// Key names the Canary that a gate belongs to.
type Key struct {
	Namespace string
	Name      string
}

// String returns the Canary as NAMESPACE/NAME.
func (k Key) String() string { return k.Namespace + "/" + k.Name }

// Store remembers open gates. It is safe for use by several goroutines.
type Store struct {
	dir string

	mu   sync.Mutex
	open map[Kind]map[string]bool
}

// Open returns the gates kept in dir, which has to exist. With an empty dir they are kept in memory only.
func Open(dir string) (*Store, error) {
	s := &Store{dir: dir, open: map[Kind]map[string]bool{}}
	if dir == "" {
		return s, nil
	}
	text, err := os.ReadFile(s.path())
	if errors.Is(err, fs.ErrNotExist) {
		// A directory that can't be written to is found now, and not when somebody opens a gate.
		return s, s.write(s.open)
	}
	if err != nil {
		return nil, fmt.Errorf("read the gates: %w", err)
	}
	if err := json.Unmarshal(text, &s.open); err != nil {
		return nil, fmt.Errorf("read the gates: %s: %w", s.path(), err)
	}
	return s, nil
}

// IsOpen says whether a gate is open.
func (s *Store) IsOpen(kind Kind, key Key) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.open[kind][key.String()]
}

// Set opens or closes a gate. When it returns without an error, a restart will not forget it.
func (s *Store) Set(kind Kind, key Key, open bool) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	next := map[Kind]map[string]bool{Confirm: maps.Clone(s.open[Confirm]), Rollback: maps.Clone(s.open[Rollback])}
	if next[kind] == nil {
		next[kind] = map[string]bool{}
	}
	if open {
		next[kind][key.String()] = true
	} else {
		delete(next[kind], key.String())
	}
	if err := s.write(next); err != nil {
		return err
	}
	s.open = next
	return nil
}

func (s *Store) path() string { return filepath.Join(s.dir, stateFile) }

// write replaces the file in one step: after a crash it holds the old gates or the new ones.
func (s *Store) write(open map[Kind]map[string]bool) error {
	if s.dir == "" {
		return nil
	}
	text, err := json.MarshalIndent(open, "", "  ")
	if err != nil {
		return fmt.Errorf("encode the gates: %w", err)
	}
	f, err := os.CreateTemp(s.dir, stateFile+".*")
	if err != nil {
		return fmt.Errorf("write the gates: %w", err)
	}
	defer func() { _ = os.Remove(f.Name()) }()
	_, err = f.Write(append(text, '\n'))
	if err := errors.Join(err, f.Sync(), f.Close()); err != nil {
		return fmt.Errorf("write the gates: %w", err)
	}
	if err := os.Rename(f.Name(), s.path()); err != nil {
		return fmt.Errorf("write the gates: %w", err)
	}
	return s.syncDir()
}

// syncDir makes the renaming last.
func (s *Store) syncDir() error {
	d, err := os.Open(s.dir)
	if err != nil {
		return fmt.Errorf("write the gates: %w", err)
	}
	if err := errors.Join(d.Sync(), d.Close()); err != nil {
		return fmt.Errorf("write the gates: %w", err)
	}
	return nil
}
