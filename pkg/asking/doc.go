// Package asking answers the heart's questions away from the reconcile workers
// (decision D9). The answer to a question is either at hand or pending; a
// pending one is looked for in a bounded pool and wakes its owner when found,
// so whatever hangs delays neither a rollback nor another Canary.
//
// It knows nothing of webhooks or metrics: the work is a function that the
// caller passes along with the question. Start reading at Asker.Ask.
package asking
