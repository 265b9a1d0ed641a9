// Package lambdahost is one AWS Lambda execution environment on this machine. It runs
// a function's real bootstrap executable, and external extensions, as child processes
// under its own implementation of Lambda's Runtime API and Extensions API, and gives
// them the life they have in Lambda: init, freeze, thaw, crash, timeout, shutdown.
// Linux only; everything happens on loopback.
//
//	h, err := lambdahost.New(lambdahost.Config{Bootstrap: "./bootstrap"})
//	…
//	defer h.Close()
//	response, err := h.Invoke(ctx, []byte(`{"user":7}`))
//
// # What it models
//
// The sources of these facts are marked: [D] the Lambda developer guide, [S] the source
// of aws-lambda-go v1.55.1, [E] the source of Amazon's runtime interface emulator or
// its behaviour as measured.
//
//   - One process serves all invocations, one after the other; Invoke queues [D].
//   - Init begins with the first invocation, or ahead of it with [Host.Init]. The
//     runtime starts when every external extension has registered; init ends when the
//     runtime and all extensions asked for their first event [D]. It may take 10 s. An
//     init that fails is repeated within the invocation, under the function's
//     timeout [D].
//   - The event reaches the function with request id, ARN, trace id, deadline (epoch
//     milliseconds, host's clock) and, if given, client context, Cognito identity and
//     tenant id [D][S]. The deadline is [Config.Now] plus the timeout.
//   - A response comes whole or in chunks, which can be read as they arrive; an error
//     in mid-stream comes in trailers [D][S]. aws-lambda-go sends every response in
//     chunks, and never declares the streaming mode [S].
//   - An answer is complete when the function and every extension that got the event
//     asked for the next one. If time runs out before, the invocation has failed, even
//     if the response was there [E].
//   - Between invocations every process is stopped, with SIGSTOP and SIGCONT to its
//     process group: no goroutine runs, no timer fires, no packet is read [D]. Invoke
//     returns after the kernel has reported the last thread as stopped.
//   - A reported error leaves the process as it is. A process that ends fails the
//     invocation with Runtime.ExitError, unless it had answered. The next invocation
//     starts a new process: globals are gone, the tmp folder is kept [D][E].
//   - A timeout is Sandbox.Timedout and ends the process [D][E].
//   - Processes are ended with SIGKILL. Only if an extension has registered, an
//     internal one included, the function gets SIGTERM before, with 500 ms to end;
//     with an external one 600 ms, of 2 s for all. Then extensions that subscribed get
//     SHUTDOWN, with the reason spindown, timeout or failure, and the rest of the
//     2 s [D][E].
//   - External extensions may subscribe to INVOKE and SHUTDOWN, internal ones to INVOKE
//     alone; none may register after init [D][E]. An extension that ends, or reports an
//     error, costs the environment its processes [D].
//   - With [Config.MaxConcurrency] above 1 the environment is one of Lambda Managed
//     Instances: that many invocations at once in one process [S], no freeze, init up
//     to 15 minutes, a timeout fails its invocation alone and leaves the process
//     running [D], a late answer is refused with status 410 [E], which makes
//     aws-lambda-go end the process [S]. Extensions may subscribe to SHUTDOWN only [D].
//   - The Telemetry and Logs APIs answer 202 and NotSupported, which is not fatal [E].
//
// # The processes' environment
//
// Of the host's own variables only PATH is passed on, so that nothing of a developer's
// account or shell reaches the function. Lambda's variables are set as on an OS-only
// runtime (AWS_EXECUTION_ENV is absent), with made-up credentials; [Config.Env] is added
// and wins. TMPDIR, and thereby Go's os.TempDir, is a folder of the environment's own
// that stands for /tmp; HOME is the same folder, which hides ~/.aws. Every process leads
// a process group and dies with the host, however that ends.
//
// # Known gaps
//
//   - Stopped processes are not a paused machine: in Lambda the clocks may stand still
//     too. A clock set ahead with Config.Now shows a function the difference.
//   - Only the leader of each process group is waited for when freezing. A child that
//     the function started is stopped by the same signal, but not waited for; one that
//     left the group is neither frozen nor killed.
//   - In Lambda itself a caller may have the response before the extensions are done;
//     here it waits. A timeout caused by extensions then fails a delivered stream.
//   - No limits on memory, CPU, disk, open files, payload size or bandwidth. Invoke and
//     InvokeStream differ only in how the response is read.
//   - No SnapStart, no tenant routing, no telemetry or log delivery, no X-Ray, and no
//     credentials endpoint. Managed Instances queue invocations when every worker is
//     busy, where Lambda refuses them, and keep their tmp folder after a crash.
//   - The function sees the machine's whole file system, and paths such as /opt or
//     /var/task do not exist.
package lambdahost
