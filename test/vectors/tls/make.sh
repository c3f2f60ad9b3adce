#!/bin/sh
# Makes the test certificates again: an authority, a server for 127.0.0.1 and localhost, two clients. They protect nothing.
set -e
cd "$(dirname "$0")"
ca() { openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 36500 -keyout ca.key -out ca.pem -subj "/CN=bearerd test authority"; }
leaf() { # name, subject, extension lines
  openssl req -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout "$1.key" -out "$1.csr" -subj "$2"
  printf '%s\n' "$3" > "$1.ext"
  openssl x509 -req -in "$1.csr" -CA ca.pem -CAkey ca.key -CAcreateserial -days 36500 -out "$1.pem" -extfile "$1.ext"
  rm "$1.csr" "$1.ext"
}
ca
leaf server "/CN=localhost" "subjectAltName=IP:127.0.0.1,DNS:localhost,DNS:idp.example.com"
leaf client "/CN=my-app" "extendedKeyUsage=clientAuth"
leaf other-client "/CN=somebody-else" "extendedKeyUsage=clientAuth"
rm -f ca.srl
