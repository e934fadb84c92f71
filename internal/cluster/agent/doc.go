// Package agent is an embedded Mesos agent: it runs executors and command
// tasks as real processes in real sandboxes and speaks the v1 executor API, the
// files API and the reading part of the agent operator API over HTTP.
//
// It follows Apache Mesos in what can be observed: order of checks, status
// codes and texts, update and acknowledgement rules, sandbox layout and
// environment. It differs, on purpose, in these points:
//
//   - Processes are isolated by session and process group only. Resource
//     amounts are book-keeping, not limits; a container that asks for an image,
//     a network of its own or other isolation is refused.
//   - Nothing is recovered: when the process ends, the agent is gone.
//   - The built-in command and default executors run inside the agent.
//   - Files are confined to the sandbox, symbolic links and output_file
//     included.
//   - Descendants of an executor that left its session are ended with it.
//   - Should the agent's process be killed, the tasks it runs itself are killed
//     too; executors notice by themselves, and look for it no longer than
//     Config.RecoveryTimeout.
//
// One goroutine owns the state of an agent. Everything else (HTTP handlers,
// processes, timers, the master) posts to it and never waits for the master,
// nor does the agent.
package agent
