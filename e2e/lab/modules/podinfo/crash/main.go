// Command crash is a podinfo that dies as soon as it starts, whatever its arguments.
package main

import (
	"fmt"
	"os"
)

func main() {
	fmt.Fprintln(os.Stderr, "podinfo 6.0.9-crash: cannot load configuration: this version crashes on purpose")
	os.Exit(1)
}
