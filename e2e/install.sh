#!/bin/bash
# Installs the Linnet of this working tree, bin/linnet, into a lab that is up: e2e/install.sh NAME
set -euo pipefail
cd "$(dirname "$0")/.."
lab=${1:?name of a lab}
kubectl() { bin/lab kubectl "$lab" -- "$@"; }

tar=$(mktemp --suffix=.tar)
trap 'rm -f "$tar"' EXIT
read -r _ digest < <(bin/lab image --name lab.local/linnet:dev --out "$tar" --user 65532 --dir /tmp /linnet=bin/linnet -- /linnet)
bin/lab load "$lab" "$tar"

kubectl apply --server-side --force-conflicts -k artifacts/install
kubectl wait --for=condition=Established --timeout=30s crd/canaries.flagger.app crd/metrictemplates.flagger.app crd/alertproviders.flagger.app
# The tag stays the same from build to build: the digest makes another build another template.
kubectl -n istio-system patch deployment linnet --patch \
  "{\"spec\":{\"template\":{\"metadata\":{\"annotations\":{\"linnet.dev/image-digest\":\"$digest\"}}}}}"
kubectl -n istio-system rollout status deployment linnet --timeout=120s
