#!/usr/bin/env bash
# The foundation of the stack on an embedded cluster: ZooKeeper, if this machine has it, is started, used and killed. Of
# the rest only the scheduler's plan is asked for: nothing stands in for Kafka, Cassandra, Akka and Spark here.
set -euo pipefail
. "$(dirname "$0")/../live.bash"
here=$root/examples/smack

say "Three agents, and the roles of groups/roles.conf"
up 3 'cpus:8;mem:16384;disk:65536;ports:[31000-31999]' --config "$here/groups/roles.conf"

# The definitions, with what is elsewhere on this machine. Not every resolver knows the names of embedded agents.
mkdir "$work/groups"
for file in "$here"/groups/*.yaml; do
  sed -e "s|http://fairlead.example.com:8080|$FAIRLEAD_SERVER|" -e "s|/var/lib/smack|$work|" \
    -e 's#/endpoints")#/endpoints" | sed s/agent[0-9]*.localhost/127.0.0.1/)#' "$file" >"$work/groups/$(basename "$file")"
done
cd "$work/groups"

# plan STATUS FILE...: 0: all of it would start at once, 1: some would wait.
plan() {
  local want=$1 got=0
  shift
  "$fairlead" plan "$@" || got=$?
  [ $got -eq "$want" ]
}

say "Kafka waits for its node in ZooKeeper, and what uses the two for topics and tables; Cassandra starts at once"
plan 1 ./*.yaml
plan 0 cassandra.yaml

if [ ! -e /usr/share/java/zookeeper.jar ] || ! command -v java >/dev/null || ! command -v curl >/dev/null; then
  say "ZooKeeper is not started: that needs the packages zookeeper, default-jre-headless and curl"
  exit 0
fi

host() { curl -sf "$FAIRLEAD_SERVER/v1/groups/smack/zookeeper/endpoints" | cut -d: -f1; }
ended() { "$fairlead" describe smack/zookeeper | grep -q 'Runs that ended'; }
back() { [ -n "$(host)" ]; }
created() { "$fairlead" logs smack/chroot | grep '^ctime'; }

say "ZooKeeper starts, and the node for Kafka is made in it"
"$fairlead" submit zookeeper.yaml
"$fairlead" wait smack/chroot
created | tee "$work/created"
first=$(host)

say "Nothing keeps Kafka waiting now: three brokers, each on a host of its own, and the topic with them"
plan 0 kafka.yaml

say "ZooKeeper is killed. It comes back to $first, where its data is, with the node that was made"
pkill -KILL -f "QuorumPeerMain $work/zookeeper/zoo.cfg"
until_true 60 "the end of the first run" ended
until_true 60 "ZooKeeper to run again" back
[ "$(host)" = "$first" ]
"$fairlead" rerun smack/chroot
"$fairlead" wait smack/chroot
created | cmp - "$work/created"
"$fairlead" describe smack/zookeeper | sed '/^Specification/,$d'
