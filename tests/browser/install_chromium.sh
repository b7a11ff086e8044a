#!/bin/sh
# Installs the Chromium of a Debian or Ubuntu system; elsewhere it says what is missing.
set -eu
command -v apt-get >/dev/null || { echo "Install Chromium so that \`chromium\` is found, then try again" >&2; exit 1; }
root=
[ "$(id -u)" = 0 ] || root=sudo
$root apt-get update -q
DEBIAN_FRONTEND=noninteractive $root apt-get install -q -y chromium
