// Package gate keeps which gates of which Canaries people have opened, and answers webhooks about them. Gates are
// closed until opened. What is open is kept in a file, so that it survives a restart.
package gate
