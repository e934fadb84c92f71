#!/usr/bin/env bash
# The training job of training.yaml on an embedded cluster: both workers start
# together, long before the backlog of small jobs is done.
set -euo pipefail
. "$(dirname "$0")/../live.bash"
here=$root/examples/gang

finished() { "$fairlead" ps --format json | tr -d ' \n' | grep "\"framework\":\"$1\"[^}]*\"finished\":$2" >/dev/null; }

say "Two agents of 4 CPUs, full of small jobs with a backlog"
up 2 'cpus:4;mem:4096;disk:4096;ports:[31000-31099]' --reserve-after 2s
"$fairlead" submit "$here/groups/jobs.yaml"
until_true 30 "small jobs to run" some small
say "A gang of two workers with 4 CPUs each"
"$fairlead" submit "$here/groups/model.yaml"
"$fairlead" explain train/model
until_true 60 "both workers to run" runs train 2
say "Both run, and small jobs still wait"
"$fairlead" ps
if finished small 40; then
  echo "the gang started only after everything else was done" >&2
  exit 1
fi
until_true 60 "the gang to finish" finished train 2
"$fairlead" events | grep -E 'group\.held|train/model' || true
