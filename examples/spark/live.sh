#!/usr/bin/env bash
# What a scheduler says to the definitions, on three empty agents. No Spark is started, and nothing in its place.
set -euo pipefail
. "$(dirname "$0")/../live.bash"
groups=$root/examples/spark/groups

say "Three agents, and the roles of groups/roles.conf"
up 3 'cpus:8;mem:16384;disk:65536;ports:[31000-31999]' --config "$groups/roles.conf"
say "Master, JobServer and training would start at once, and workers on what is left: the two that are needed and three more"
"$fairlead" plan "$groups"/*.yaml | tee "$work/plan"
grep -q '^spark/workers  *starts  *5  *0$' "$work/plan"
