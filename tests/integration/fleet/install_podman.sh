#!/bin/sh
# Installs what the container tests run on, on a Debian or Ubuntu system; elsewhere it says what is missing.
set -eu
needed="podman runc conmon netavark aardvark-dns iptables mmdebstrap debian-archive-keyring"
command -v apt-get >/dev/null || { echo "Install $needed, then try again" >&2; exit 1; }
root=
[ "$(id -u)" = 0 ] || root=sudo
$root apt-get update -q
# Without what is recommended: nothing of it must start.
DEBIAN_FRONTEND=noninteractive $root apt-get install -q -y --no-install-recommends $needed
