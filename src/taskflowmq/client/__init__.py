"""The part that application code uses: tasks, enqueueing, handles, the app.

| module | what it holds |
|---|---|
| `task` | a declared task and its methods that enqueue |
| `signature`, `codec` | a call ↔ JSON; the check at the enqueue is the decoding that the worker will do |
| `options`, `unique` | how a job is stored: queue, delay, priority, "only once" |
| `registry`, `app` | the tasks of one app, and the app |
| `hub`, `session`, `sync` | which event loop owns the store; the blocking twins |
| `group_commit`, `watch` | concurrent single enqueues in one commit; concurrent waits in one query |
| `handle`, `jobs`, `queues` | reading and controlling what was enqueued |

What must stay true: nothing is stored before it is valid; a handle that was returned is a job that was
committed (I1); this package knows the store's port only, never a concrete store.
"""
