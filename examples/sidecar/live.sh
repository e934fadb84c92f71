#!/usr/bin/env bash
# The training jobs of training.yaml on an embedded cluster: each proxy starts before its job and ends after it.
set -euo pipefail
. "$(dirname "$0")/../live.bash"
here=$root/examples/sidecar

say "An agent with room for two of three training jobs, each with its proxy"
up 1 'cpus:3;mem:1024;disk:1024;ports:[31000-31099]'
mkdir "$work/files"
sed "s|DIR|$work/files|" "$here/groups/training.yaml" >"$work/training.yaml"
"$fairlead" submit "$work/training.yaml"
until_true 30 "some of them to run" some train
"$fairlead" explain train/model
"$fairlead" wait train/model
"$fairlead" describe train/model
say "What happened in the first of them"
cat "$work/files/0"
printf '%s\n' 'proxy is ready' 'step 1' 'step 2' 'step 3' 'training is over' 'proxy says goodbye' >"$work/want"
for i in 0 1 2; do cmp "$work/want" "$work/files/$i"; done
