#!/usr/bin/env bash
# The company of company.yaml on an embedded cluster, with the same outcome.
set -euo pipefail
. "$(dirname "$0")/../live.bash"
here=$root/examples/roles

say "Three agents of 4 CPUs; the roles of groups/roles.conf"
up 3 'cpus:4;mem:4096;disk:4096;ports:[31000-31099]' --config "$here/groups/roles.conf"
say "Everybody asks for twelve CPUs"
"$fairlead" submit "$here/groups/all.yaml"
until_true 30 "spark 4, crm 2, stands 2, web 4" runs spark 4 crm 2 stands 2 web 4
"$fairlead" shares
say "Engineering has its 6; its test stands are at their limit"
"$fairlead" explain stands/smoke
