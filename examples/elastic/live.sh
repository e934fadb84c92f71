#!/usr/bin/env bash
# The render farm of farm.yaml on an embedded cluster, with the same outcome: half for each.
set -euo pipefail
. "$(dirname "$0")/../live.bash"
here=$root/examples/elastic

say "Two agents of 4 CPUs; a render farm of 2 to 8 workers takes all of it"
up 2 'cpus:4;mem:4096;disk:4096;ports:[31000-31099]'
"$fairlead" submit "$here/groups/farm.yaml"
until_true 30 "eight workers to run" runs render 8
say "A web service comes with 4 instances"
"$fairlead" submit "$here/groups/site.yaml"
until_true 60 "four of each to run" runs render 4 web 4
"$fairlead" shares
say "What made room for it has not failed"
"$fairlead" events | grep -E "shrinking|launched +web"
