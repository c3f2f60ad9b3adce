# Shared settings of these scripts. Source it; do not run it.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
STATE=${IMAGE_STATE:-${TMPDIR:-/tmp}/bearerd-image}
SUITE=${SUITE:-bookworm}
NODE_MAJOR=${NODE_MAJOR:-24}
NPM_VERSION=${NPM_VERSION:-11}
CA_BUNDLE=${CA_BUNDLE:-/etc/ssl/certs/ca-certificates.crt}
mkdir -p "$STATE/networks"
# A private store: nothing outside it is touched, and removing $STATE removes all of it.
export STORAGE_OPTS=''
B() { buildah --root "$STATE/store" --runroot "$STATE/runroot" --storage-driver vfs "$@"; }
P() { podman --root "$STATE/store" --runroot "$STATE/runroot" --storage-driver vfs --tmpdir "$STATE/libpod" \
        --runtime "${OCI_RUNTIME:-runc}" --cgroup-manager cgroupfs --events-backend file "$@"; }
say() { printf '%s\n' "$*" >&2; }
# podman's built-in limits may be above what is allowed. The file is put in place at once: another script may be reading it.
conf=$(mktemp "$STATE/.containers.XXXXXX")
cat >"$conf" <<CONF
[containers]
default_ulimits = ["nofile=$(ulimit -Sn):$(ulimit -Hn)", "nproc=4096:4096"]
seccomp_profile = "unconfined"
log_driver = "k8s-file"
[network]
network_backend = "netavark"
network_config_dir = "$STATE/networks"
[engine]
helper_binaries_dir = ["$here/helpers", "/usr/lib/podman"]
CONF
mv "$conf" "$STATE/containers.conf"
export CONTAINERS_CONF=$STATE/containers.conf
