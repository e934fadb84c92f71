#!/usr/bin/env bash
# The DRF paper's example with real processes: starts an embedded cluster and a
# scheduler, lets two frameworks share 9 CPUs and 18 GB, ends one task, shows
# who is served next, and takes everything down again.
set -euo pipefail

root=$(cd "$(dirname "$0")/../.." && pwd)
fairlead=${FAIRLEAD:-$root/bin/fairlead}
groups=$root/examples/paper/groups
work=$(mktemp -d)
up=

cleanup() {
  status=$?
  if [ -n "$up" ] && kill -0 "$up" 2>/dev/null; then
    kill -TERM "$up"
    wait "$up" 2>/dev/null || true
  fi
  if [ $status -ne 0 ] && [ -s "$work/up.log" ]; then
    echo "--- the log of fairlead up" >&2
    tail -n 40 "$work/up.log" >&2
  fi
  rm -rf "$work"
}
trap cleanup EXIT

say() { printf '\n\033[1m%s\033[0m\n' "$*" | if [ -t 1 ]; then cat; else sed 's/\x1b\[[0-9;]*m//g'; fi; }

# until_true SECONDS WHAT COMMAND...: waits until the command succeeds.
until_true() {
  local deadline=$((SECONDS + $1)) what=$2
  shift 2
  until "$@" >/dev/null 2>&1; do
    if [ $SECONDS -ge $deadline ]; then
      echo "gave up waiting: $what" >&2
      exit 1
    fi
    sleep 0.2
  done
}

# running FRAMEWORK: how many of its instances run.
running() {
  "$fairlead" ps --format json | tr -d ' \n' | sed -n "s/.*\"framework\":\"$1\"[^}]*\"running\":\([0-9]*\).*/\1/p"
}
runs() { [ "$(running A)" = "$1" ] && [ "$(running B)" = "$2" ]; }
ended() { "$fairlead" events --format json | tr -d ' ' | grep -q '"type":"instance.finished"'; }

say "1. An embedded cluster of one agent with 9 CPUs and 18 GB, and a scheduler"
"$fairlead" up --agents 1 --resources 'cpus:9;mem:18432;disk:16384;ports:[31000-31999]' \
  --listen 127.0.0.1:0 --state "$work/state.db" --ready-file "$work/url" >"$work/up.log" 2>&1 &
up=$!
until_true 30 "the API" test -s "$work/url"
FAIRLEAD_SERVER=$(cat "$work/url")
export FAIRLEAD_SERVER
until_true 30 "the agents" sh -c "'$fairlead' agents --format json | grep -q '\"cpus\": *9'"
grep -i 'on top' "$work/up.log" || true
"$fairlead" agents

say "2. A asks for ten times <1 CPU, 4 GB>, B for ten times <3 CPUs, 1 GB>"
"$fairlead" submit "$groups/a.yaml" "$groups/b.yaml"
until_true 20 "three of A and two of B to run" runs 3 2
"$fairlead" ps
say "3. Dominant Resource Fairness gave A three and B two: a share of 2/3 each"
"$fairlead" shares
"$fairlead" explain B/b

say "4. Copy 0 of A ends by itself. A is below B now, so A is served next"
until_true 30 "the first copy of A to end" ended
until_true 20 "A to run three copies again" runs 3 2
"$fairlead" events | grep -E 'instance\.(finished|launched)' | tail -n 2
"$fairlead" ps
"$fairlead" shares

say "5. Taking everything down"
"$fairlead" kill A/a
"$fairlead" kill B/b
until_true 20 "all copies to end" runs 0 0
kill -TERM "$up"
wait "$up"
up=
echo "done: nothing is left running"
