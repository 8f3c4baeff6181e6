package workload

import (
	"context"
	"fmt"
	"maps"

	policyv1 "k8s.io/api/policy/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"

	flaggerv1 "github.com/linnet-delivery/linnet/pkg/apis/flagger/v1beta1"
	"github.com/linnet-delivery/linnet/pkg/kube"
)

const budgetKind = "PodDisruptionBudget"

// ensureBudgets gives the primary a copy of every PodDisruptionBudget that protects the target's pods
// and not the primary's. Pods with two budgets cannot be evicted at all, so a primary that somebody
// else's budget protects gets none, and copies whose source is gone go too.
func (d *podTargets) ensureBudgets(ctx context.Context, c *flaggerv1.Canary) error {
	w, err := d.find(ctx, c, d.client)
	if err != nil {
		return err
	}
	key, value, err := d.selectorLabel(w)
	if err != nil {
		return err
	}
	var list policyv1.PodDisruptionBudgetList
	if err := d.client.List(ctx, &list, client.InNamespace(c.Namespace)); runtime.IsNotRegisteredError(err) {
		return nil // this program knows no budgets
	} else if err != nil {
		return fmt.Errorf("list PodDisruptionBudgets: %w", err)
	}
	have, wanted := sortBudgets(c, list.Items, w.template().Labels, rewrite{labelKey: key, labelValue: value})
	for i := range wanted {
		if err := d.ensureBudget(ctx, c, &wanted[i], have); err != nil {
			return err
		}
	}
	for _, stale := range have {
		if err := d.client.Delete(ctx, stale, client.Preconditions{UID: &stale.UID}); client.IgnoreNotFound(err) != nil {
			return fmt.Errorf("delete %s %s: %w", budgetKind, stale.Name, err)
		}
	}
	return nil
}

// sortBudgets returns the copies that there are, by name, and the budgets to make copies of, their
// selectors rewritten.
func sortBudgets(c *flaggerv1.Canary, all []policyv1.PodDisruptionBudget, pods labels.Set, r rewrite) (have map[string]*policyv1.PodDisruptionBudget, wanted []policyv1.PodDisruptionBudget) {
	have = map[string]*policyv1.PodDisruptionBudget{}
	primary := labels.Merge(pods, labels.Set{r.labelKey: kube.PrimaryName(r.labelValue)})
	protected := false
	for i := range all {
		b := &all[i]
		if _, ours := kube.Controller(b, c); ours {
			have[b.Name] = b
			continue
		}
		protected = protected || selects(b.Spec.Selector, primary)
		if selects(b.Spec.Selector, pods) && !selects(b.Spec.Selector, primary) {
			copied := *b.DeepCopy()
			copied.Spec.Selector = r.budgetSelector(b.Spec.Selector)
			wanted = append(wanted, copied)
		}
	}
	if protected {
		return have, nil
	}
	return have, wanted
}

func selects(s *metav1.LabelSelector, pods labels.Set) bool {
	selector, err := metav1.LabelSelectorAsSelector(s)
	return err == nil && selector.Matches(pods)
}

// budgetSelector returns a selector for the primary's pods alone: what from says of the label that
// tells the sides apart gives way to the primary's value, or pods of a third party would have two budgets.
func (r rewrite) budgetSelector(from *metav1.LabelSelector) *metav1.LabelSelector {
	to := &metav1.LabelSelector{MatchLabels: map[string]string{}}
	maps.Copy(to.MatchLabels, from.MatchLabels)
	to.MatchLabels[r.labelKey] = kube.PrimaryName(r.labelValue)
	for _, e := range from.MatchExpressions {
		if e.Key != r.labelKey {
			to.MatchExpressions = append(to.MatchExpressions, *e.DeepCopy())
		}
	}
	return to
}

// ensureBudget creates or updates the copy of one budget and takes it off have.
func (d *podTargets) ensureBudget(ctx context.Context, c *flaggerv1.Canary, source *policyv1.PodDisruptionBudget, have map[string]*policyv1.PodDisruptionBudget) error {
	name := kube.PrimaryName(source.Name)
	from, found := have[name]
	delete(have, name)
	if !found {
		to := d.budget(c, source, &policyv1.PodDisruptionBudget{ObjectMeta: metav1.ObjectMeta{Namespace: c.Namespace, Name: name}})
		if err := d.client.Create(ctx, to); err != nil {
			return fmt.Errorf("create %s %s: %w", budgetKind, name, err)
		}
		return nil
	}
	to := d.budget(c, source, from)
	if sameMetadata(from, to) && equal(from.Spec, to.Spec) {
		return nil
	}
	if err := d.client.Patch(ctx, to, client.MergeFromWithOptions(from, client.MergeFromWithOptimisticLock{})); err != nil {
		return fmt.Errorf("patch %s %s: %w", budgetKind, name, err)
	}
	return nil
}

// budget returns have as the copy of source.
func (d *podTargets) budget(c *flaggerv1.Canary, source, have *policyv1.PodDisruptionBudget) *policyv1.PodDisruptionBudget {
	to := have.DeepCopy()
	to.OwnerReferences, _ = kube.WithOwner(have.OwnerReferences, c)
	to.Labels = d.include.sync(have.Labels, source.Labels, nil)
	to.Annotations = d.include.sync(have.Annotations, source.Annotations, nil)
	to.Spec = source.Spec
	return to
}
