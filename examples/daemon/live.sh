#!/usr/bin/env bash
# The log shipper of shipper.yaml on an embedded cluster: one on each worker, none on the store.
set -euo pipefail
. "$(dirname "$0")/../live.bash"
here=$root/examples/daemon

say "Two workers and a store of 4 CPUs, full of jobs of 3 s with a backlog"
up 3 'cpus:4;mem:4096;disk:4096;ports:[31000-31099]' \
  --attributes kind:worker --attributes kind:worker --attributes kind:store
"$fairlead" submit "$here/groups/jobs.yaml"
until_true 30 "jobs to run" some batch
say "A log shipper comes that is to run on each worker"
"$fairlead" submit "$here/groups/shipper.yaml"
until_true 30 "two shippers to run" runs ops 2
say "It has one instance on each of them, while jobs still come and go"
"$fairlead" describe ops/shipper
"$fairlead" explain ops/shipper
"$fairlead" wait batch/jobs
runs ops 2
hosts=$("$fairlead" agents --format json | tr -d ' \n' | tr '{' '\n' | grep -c '"runs":1,' || true)
if [ "$hosts" != 2 ]; then
  echo "the shipper is not on two agents, one each" >&2
  "$fairlead" agents >&2
  exit 1
fi
