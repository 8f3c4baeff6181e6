// Package hook calls the webhooks of a Canary: gates that say yes or no, checks
// and load tests, and receivers of events.
//
// It knows how to put one question to an address and what an answer means: any
// 2xx is a yes, everything else a no, and so is silence. When a webhook is
// called and what follows from its answer is decided elsewhere. Addresses are
// written by tenants, so nothing that they answer is trusted: bodies are cut,
// redirects are not followed, and the controller's own machine is out of reach.
// Start reading at Caller.Ask.
package hook
