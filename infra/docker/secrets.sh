#!/bin/sh
# Writes the secrets of infra/compose.yaml into infra/.env, once: a token for Spark and the bus, a password for the
# database. Whoever has lost the file can write it anew only together with new volumes.
set -eu
umask 077
file=$(dirname "$0")/../.env
[ ! -e "$file" ] || { echo "$file is there already" >&2; exit 1; }
secret() { od -An -N24 -tx1 /dev/urandom | tr -d ' \n'; }
printf 'SPARK_TOKEN=%s\nSPARK_DATABASE_PASSWORD=%s\n' "$(secret)" "$(secret)" >"$file"
echo "wrote $file"
