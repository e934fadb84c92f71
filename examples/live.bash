# What the live examples share: `source` it, call up, and everything that it
# started is taken down in the end.
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
fairlead=${FAIRLEAD:-$root/bin/fairlead}
work=$(mktemp -d)
up_pid=

cleanup() {
  status=$?
  if [ -n "$up_pid" ] && kill -0 "$up_pid" 2>/dev/null; then
    kill -TERM "$up_pid"
    wait "$up_pid" 2>/dev/null || true
  fi
  if [ $status -ne 0 ] && [ -s "$work/up.log" ]; then
    echo "--- the log of fairlead up" >&2
    tail -n 40 "$work/up.log" >&2
  fi
  rm -rf "$work"
}
trap cleanup EXIT

say() { printf '\n== %s\n' "$*"; }

# until_true SECONDS WHAT COMMAND...: waits until the command succeeds, four times as
# long before it gives up: the machine may be busy.
until_true() {
  local deadline=$((SECONDS + 4 * $1)) what=$2
  shift 2
  until "$@" >/dev/null 2>&1; do
    if [ $SECONDS -ge $deadline ]; then
      echo "gave up waiting: $what" >&2
      "$fairlead" ps >&2 || true
      exit 1
    fi
    sleep 0.2
  done
}

# up AGENTS RESOURCES OPTIONS...: an embedded cluster with a scheduler.
up() {
  local agents=$1 resources=$2
  shift 2
  "$fairlead" up --agents "$agents" --resources "$resources" --ephemeral \
    --listen 127.0.0.1:0 --ready-file "$work/url" "$@" >"$work/up.log" 2>&1 &
  up_pid=$!
  until_true 30 "the API" test -s "$work/url"
  FAIRLEAD_SERVER=$(cat "$work/url")
  export FAIRLEAD_SERVER
  until_true 30 "$agents agents" sh -c "[ \$('$fairlead' agents --format json | grep -c '\"host\"') = $agents ]"
}

# running FRAMEWORK: how many of its instances run.
running() {
  "$fairlead" ps --format json | tr -d ' \n' | sed -n "s/.*\"framework\":\"$1\"[^}]*\"running\":\([0-9]*\).*/\1/p"
}

# runs FRAMEWORK N ...: whether that many instances of each framework run.
runs() {
  while [ $# -gt 0 ]; do
    [ "$(running "$1")" = "$2" ] || return 1
    shift 2
  done
}

# some FRAMEWORK: whether any instance of it runs.
some() { [ "$(running "$1")" -gt 0 ]; }
