#!/usr/bin/env bash
# usage: build.sh CONTEXT [-f DOCKERFILE] [-t NAME] [any other `buildah bud` option]
# Builds a Dockerfile without a daemon. Every outside base image named by FROM is satisfied by a local stand-in
# (see base.sh); nothing is pulled. A base that has no stand-in (alpine, a pinned digest) stops the build with a message.
# An image of that name that is there already is left as it is. One build at a time: tests run side by side.
. "$(dirname "$0")/lib.sh"
context=${1:?usage: build.sh CONTEXT [-f DOCKERFILE] [-t NAME]}; shift
file=; tag=localhost/under-test:latest; extra=()
while [ $# -gt 0 ]; do case $1 in -f) file=$2; shift 2;; -t) tag=$2; shift 2;; *) extra+=("$1"); shift;; esac; done
exec 9>"$STATE/build.lock"; flock 9
B inspect --type image "$tag" >/dev/null 2>&1 && exit 0
[ -n "$file" ] || { for f in Dockerfile Containerfile; do [ -e "$context/$f" ] && file=$context/$f && break; done; }
[ -n "$file" ] || { say "no Dockerfile in $context"; exit 2; }

declare -A arg stage
while read -r k v; do arg[$k]=$v; done < <(sed -nE 's/^[Aa][Rr][Gg][[:space:]]+([A-Za-z_0-9]+)=("?)([^"]*)\2[[:space:]]*$/\1 \3/p' "$file")
expand() { local s=$1 k; for k in "${!arg[@]}"; do s=${s//\$\{$k\}/${arg[$k]}}; s=${s//\$$k/${arg[$k]}}; done; printf '%s' "$s"; }
# 1.28 of buildah does not know automatic platform arguments in FROM and has no BuildKit front end: hand it plain text
plain=$STATE/Dockerfile.$$; trap 'rm -f "$plain"' EXIT
sed -E 's/^([Ff][Rr][Oo][Mm][[:space:]]+)--platform=[^[:space:]]+[[:space:]]+/\1/; s/^(COPY|ADD)(.*)[[:space:]]--link([[:space:]])/\1\2\3/' "$file" >"$plain"

while read -r ref as; do
  ref=$(expand "$ref")
  [ -n "${stage[$ref]:-}" ] && { [ -n "$as" ] && stage[$as]=1; continue; }
  [ -n "$as" ] && stage[$as]=1
  [ "$ref" = scratch ] && continue
  major=$(printf '%s' "$ref" | sed -nE 's/.*(node|nodejs)[:-]?([0-9]+).*/\2/p'); major=${major:-$NODE_MAJOR}
  case $ref in
    *@sha256:*) say "FROM $ref: pinned by digest; strip the digest for this run (a stand-in cannot have it)"; exit 3;;
    *alpine*)   say "FROM $ref: no musl stand-in here"; exit 3;;
    *distroless*) kind=distroless;;
    *node*)     kind=node;;
    *)          say "FROM $ref: no stand-in"; exit 3;;
  esac
  NODE_MAJOR=$major "$here/base.sh" >/dev/null
  say "FROM $ref -> standin-$kind:$major"
  case ${ref%%/*} in *.*|localhost) name=$ref;; *) name=localhost/$ref;; esac   # a first part with a dot is a host; anything else is a short name
  B tag "localhost/standin-$kind:$major" "$name"
done < <(sed -nE 's/^[Ff][Rr][Oo][Mm][[:space:]]+([^[:space:]]+)([[:space:]]+[Aa][Ss][[:space:]]+([^[:space:]]+))?.*/\1 \3/p' "$plain")

# docker format keeps HEALTHCHECK; chroot isolation needs no cgroups and uses the host's network
B bud --isolation chroot --format docker --pull-never --layers=false -f "$plain" -t "$tag" "${extra[@]}" "$context"
