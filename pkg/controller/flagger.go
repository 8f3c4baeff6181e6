package controller

import (
	"context"
	"fmt"
	"path"
	"slices"
	"strings"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"

	flaggerv1 "github.com/linnet-delivery/linnet/pkg/apis/flagger/v1beta1"
)

// RunsFlagger is the cache index of Deployments by the namespace that a Flagger
// in them looks after; allNamespaces for one that looks after all.
const RunsFlagger = "runsFlagger"

const allNamespaces = "*"

// FlaggerIn returns the values of RunsFlagger for a Deployment: none unless
// Flagger runs in it.
func FlaggerIn(o client.Object) []string {
	d, ok := o.(*appsv1.Deployment)
	if !ok || d.Status.ReadyReplicas == 0 {
		return nil
	}
	if c, runs := flaggerOf(d); runs {
		return []string{watchedBy(c)}
	}
	return nil
}

// flaggerOf returns the container in which Flagger is to run.
func flaggerOf(d *appsv1.Deployment) (corev1.Container, bool) {
	containers := d.Spec.Template.Spec.Containers
	i := slices.IndexFunc(containers, func(c corev1.Container) bool { return imageName(c.Image) == "flagger" })
	if i < 0 {
		return corev1.Container{}, false
	}
	return containers[i], true
}

// imageName returns the last part of an image's name, without tag and digest.
func imageName(image string) string {
	image, _, _ = strings.Cut(image, "@")
	name, _, _ := strings.Cut(path.Base(image), ":")
	return name
}

// watchedBy returns the namespace in Flagger's arguments.
func watchedBy(c corev1.Container) string {
	for _, arg := range slices.Concat(c.Command, c.Args) {
		if namespace, ok := strings.CutPrefix(strings.TrimLeft(arg, "-"), "namespace="); ok && namespace != "" {
			return namespace
		}
	}
	return allNamespaces
}

// unrivalled refuses to work beside a Flagger that looks after the same Canary:
// each would undo what the other does.
func (r *Reconciler) unrivalled(ctx context.Context, c *flaggerv1.Canary) error {
	for _, namespace := range []string{allNamespaces, c.Namespace} {
		found := &appsv1.DeploymentList{}
		if err := r.Client.List(ctx, found, client.MatchingFields{RunsFlagger: namespace}); err != nil {
			return fmt.Errorf("look for Flagger: %w", err)
		}
		for i := range found.Items {
			d := &found.Items[i]
			return refuse("Flagger runs in Deployment %s/%s and looks after this Canary too: stop it with kubectl -n %s scale deployment %s --replicas=0",
				d.Namespace, d.Name, d.Namespace, d.Name)
		}
	}
	return nil
}

// rivalled maps a Deployment in which Flagger runs, or ran, to every Canary that it may be after.
func (r *Reconciler) rivalled(ctx context.Context, o client.Object) []reconcile.Request {
	d, ok := o.(*appsv1.Deployment)
	if !ok {
		return nil
	}
	if _, runs := flaggerOf(d); !runs { // one that stops matters as well
		return nil
	}
	return r.toWake(ctx, "Flagger")
}
