#!/usr/bin/env bash
# usage: podman.sh ARG…     podman in the private store of these scripts; also as the --podman-path of podman-compose.
. "$(dirname "$0")/lib.sh"
P "$@"
