// Package executor runs the task groups of one instance on a Mesos agent: it is the library behind
// fairlead-executor, of which the agent starts one process for each instance.
//
// Two halves meet in one goroutine (loop). The link speaks the v1 executor API: it subscribes, takes
// events, and keeps every task and status update until the agent has confirmed it (ledger), so that
// neither a restart of the agent nor a lost call loses anything. The runner starts the tasks as child
// processes, watches them, and ends a group as a whole. The runner knows nothing of HTTP, the link nothing
// of processes.
//
// What a task finds:
//
//   - Its working directory is the sandbox of the executor, where the agent's fetcher has put the
//     files of the group; its standard output and error are tasks/<task id>/stdout and stderr below it.
//   - Its environment is PATH, HOME and MESOS_SANDBOX (both the sandbox), MESOS_TASK_ID, and the variables of its
//     CommandInfo, which win. Nothing else of the executor's environment is passed on: the
//     authentication token must not be.
//   - It leads a process group of its own. Being ended means SIGTERM to that group, and SIGKILL when
//     the grace period is over. What is left of the group when its leader ends by itself is killed.
//
// Not done here: CommandInfo.uris of a task (the scheduler lists them in ExecutorInfo, for the agent's
// fetcher), CommandInfo.user (all run as the executor's user), and ContainerInfo (such a task fails).
package executor
