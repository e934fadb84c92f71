#!/usr/bin/env bash
# The takeover of takeover.yaml on an embedded cluster, with the same outcome:
# half for each. Here a run is left alone for a second only.
set -euo pipefail
. "$(dirname "$0")/../live.bash"
here=$root/examples/preemption

say "Two agents of 4 CPUs, all of them taken by batch work"
up 2 'cpus:4;mem:4096;disk:4096;ports:[31000-31099]' --preemption --preempt-after 1s --preempt-min-run 1s
"$fairlead" submit "$here/groups/work.yaml"
until_true 30 "eight of batch to run" runs batch 8
say "A service comes that is entitled to half"
"$fairlead" submit "$here/groups/api.yaml"
"$fairlead" explain service/api
until_true 60 "four of each to run" runs batch 4 service 4
"$fairlead" shares
say "Who made room for whom"
"$fairlead" events | grep -E 'preempting|launched +service'
