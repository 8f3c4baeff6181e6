package onlab

import (
	"testing"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

func TestPodsStartWhereOnlyRestrictedPodsMay(t *testing.T) {
	const namespace = "linnet-restricted"
	makeNamespace(t, namespace, map[string]string{"pod-security.kubernetes.io/enforce": "restricted"})
	careless := &corev1.Pod{
		ObjectMeta: metav1.ObjectMeta{Name: "careless"},
		Spec:       corev1.PodSpec{Containers: []corev1.Container{{Name: "a", Image: "lab.local/podinfo:6.0.0"}}},
	}
	if _, err := clients.CoreV1().Pods(namespace).Create(t.Context(), careless, metav1.CreateOptions{}); !apierrors.IsForbidden(err) {
		t.Fatalf("a pod that says nothing of its rights: %v, want it forbidden", err)
	}

	install(t, "linnet-restricted", "linnet", namespace, "--set", "crd.create=false", "--set", "watchNamespaces={"+namespace+"}")
	install(t, "flagger-loadtester", "loadtester", namespace)

	pods, err := clients.CoreV1().Pods(namespace).List(t.Context(), metav1.ListOptions{})
	if err != nil {
		t.Fatal(err)
	}
	if len(pods.Items) != 3 {
		t.Errorf("%d pods run, want 2 of Linnet and 1 load tester", len(pods.Items))
	}
	for i := range pods.Items {
		p := &pods.Items[i]
		if len(p.Status.ContainerStatuses) != 1 || !p.Status.ContainerStatuses[0].Ready || p.Status.ContainerStatuses[0].RestartCount != 0 {
			t.Errorf("the pod %s is not ready, or was started again: %+v", p.Name, p.Status.ContainerStatuses)
		}
	}
}

// install installs a chart with the lab's image until the end of the test, and waits for its pods.
func install(t *testing.T, release, chart, namespace string, args ...string) {
	t.Helper()
	t.Cleanup(func() {
		if _, err := tryHelm(background(t), "uninstall", release, "--namespace", namespace, "--ignore-not-found"); err != nil {
			t.Error(err)
		}
	})
	all := []string{
		"install", release, chartDir(chart), "--namespace", namespace, "--values", chartDir(chart) + "/ci/lab-values.yaml",
		"--wait", "--timeout", "2m",
	}
	helm(t, append(all, args...)...)
}
