#!/usr/bin/env bash
# usage: podman.sh ARG…     podman in the private store of these scripts; also as the --podman-path of podman-compose.
. "$(dirname "$0")/lib.sh"
# The name server of a network closes its socket and opens it anew whenever a container comes or goes (aardvark-dns 1.4), and
# loses what it is asked in these milliseconds. Whoever asked asks again after a second: the usual 5 s twice are the time-out
# of a token request.
conf=$(mktemp "$STATE/.podman.XXXXXX")
sed 's/^\[containers\]$/&\ndns_options = ["timeout:1", "attempts:5"]/' "$CONTAINERS_CONF" >"$conf"
mv "$conf" "$STATE/podman.conf"
export CONTAINERS_CONF=$STATE/podman.conf
P "$@"
