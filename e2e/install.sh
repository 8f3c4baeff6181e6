#!/bin/bash
# Installs the Linnet of this working tree, bin/linnet, into a lab that is up: e2e/install.sh NAME
# LINNET_INSTALL=chart takes charts/linnet with its defaults instead of artifacts/install; whichever was there before is replaced.
set -euo pipefail
cd "$(dirname "$0")/.."
lab=${1:?name of a lab}
kubectl() { bin/lab kubectl "$lab" -- "$@"; }
helm() { bin/lab exec "$lab" -- bin/helm "$@" --namespace istio-system; }

installed_by() {
  kubectl -n istio-system get deployment linnet --ignore-not-found -o jsonpath='{.metadata.labels.app\.kubernetes\.io/managed-by}'
}

install_manifests() {
  [[ $(installed_by) != Helm ]] || helm uninstall linnet --wait
  kubectl apply --server-side --force-conflicts -k artifacts/install
  # The tag stays the same from build to build: the digest makes another build another template.
  kubectl -n istio-system patch deployment linnet --patch \
    "{\"spec\":{\"template\":{\"metadata\":{\"annotations\":{\"linnet.dev/image-digest\":\"$digest\"}}}}}"
}

install_chart() {
  CGO_ENABLED=0 go build -C e2e/chart -trimpath -o ../../bin/helm ./cmd/helm
  # The selectors of the two Deployments differ, and a selector can't be changed.
  [[ $(installed_by) == Helm ]] || kubectl -n istio-system delete deployment linnet --ignore-not-found
  helm upgrade linnet charts/linnet --install --reset-values --take-ownership --force-conflicts \
    --set image.repository=lab.local/linnet --set image.tag=dev --set metricsServer=http://prometheus.istio-system:9090 \
    --set-string "podAnnotations.linnet\.dev/image-digest=$digest"
}

# load makes an image of a program of bin, loads it into the lab and prints its digest.
load() {
  local name digest
  read -r name digest < <(bin/lab image --name "lab.local/$1:dev" --out "$tar" --user 65532 --dir /tmp "/$1=bin/$1" -- "/$1")
  bin/lab load "$lab" "$tar" >&2
  echo "$digest"
}

tar=$(mktemp --suffix=.tar)
trap 'rm -f "$tar"' EXIT
load loadtester >/dev/null
digest=$(load linnet)

case ${LINNET_INSTALL:-manifests} in
  manifests) install_manifests ;;
  chart) install_chart ;;
  *) echo "LINNET_INSTALL is $LINNET_INSTALL: use manifests or chart" >&2; exit 2 ;;
esac
kubectl wait --for=condition=Established --timeout=30s crd/canaries.flagger.app crd/metrictemplates.flagger.app crd/alertproviders.flagger.app
kubectl -n istio-system rollout status deployment linnet --timeout=120s
