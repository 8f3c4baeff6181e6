// Package traffictest holds what every traffic.Router has to pass, and an
// in-memory API that counts writes and fails them on demand. Start reading at
// Run. Only tests import it.
package traffictest
