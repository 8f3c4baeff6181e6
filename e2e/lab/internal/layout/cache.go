package layout

import (
	"fmt"
	"os"
	"path/filepath"
)

// Cache is the folder with everything that is built once: binaries, images, rendered manifests and stamps.
type Cache struct{ dir string }

// NewCache returns the cache named by LINNET_LAB_CACHE, or linnet-lab in the user's cache folder.
func NewCache() (Cache, error) {
	if dir := os.Getenv(CacheEnv); dir != "" {
		abs, err := filepath.Abs(dir)
		if err != nil {
			return Cache{}, fmt.Errorf("resolve %s: %w", CacheEnv, err)
		}
		return Cache{dir: abs}, nil
	}
	base, err := os.UserCacheDir()
	if err != nil {
		return Cache{}, fmt.Errorf("find the cache folder (set %s): %w", CacheEnv, err)
	}
	return Cache{dir: filepath.Join(base, "linnet-lab")}, nil
}

// Path returns a path inside the cache.
func (c Cache) Path(elem ...string) string {
	return filepath.Join(append([]string{c.dir}, elem...)...)
}

// Bin returns the path of a built program.
func (c Cache) Bin(name string) string { return c.Path("bin", name) }

// Image returns the path of a built image tar.
func (c Cache) Image(name string) string { return c.Path("images", name+".tar") }

// Missing returns the first of the named programs that has not been built, or "".
func (c Cache) Missing(programs ...string) string {
	for _, name := range programs {
		if _, err := os.Stat(c.Bin(name)); err != nil {
			return name
		}
	}
	return ""
}
