// Package taskgroup reads and writes task groups in the form their owners write them: YAML or JSON,
// one group to a document. What it returns has every default filled in; what it refuses, it refuses
// with file, line, column and field, everything that is wrong with a file at once.
//
// The defaults:
//
//	framework          default
//	role               the framework's configured role, else *
//	instances          1
//	gang               false; true is {min: instances}
//	priority           0
//	restart            {policy: never}; with on-failure max: 3, backoff: 5s;
//	                   with always max: 0 (no limit), backoff: 5s
//	preemptible        true
//	timezone           UTC
//	overlap            skip
//	catch_up           one
//	max_runtime        0s (no limit)
//	kill_grace         3s
//	uris               {executable: false, extract: true, cache: false}
//	http               {path: /, scheme: http}
//	ready              {timeout: 60s, interval: 1s}
//	quit               {grace: 5s}
//	health             {interval: 10s, timeout: 20s, grace: 10s, failures: 3}
//
// Grace periods, extraction and health checks default to what Mesos does by itself.
package taskgroup
