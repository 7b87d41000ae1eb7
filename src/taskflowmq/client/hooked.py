"""The decorators of an app that hang functions around its bodies and into the life of its workers."""

from __future__ import annotations

from taskflowmq.client.registry import Registry
from taskflowmq.ports.hooks import A, E, W


class Hooked:
    """The decorators of ``TaskFlow`` for hooks. Hooks belong to the app that runs a job, also for included tasks."""

    tasks: Registry

    def around(self, hook: A) -> A:
        """Run a generator function around every body of this app: ``@app.around``.

        ``def hook(ctx): …; yield; …`` runs where the body runs: on the loop, in its thread, in its process.
        ``async def hook(ctx): …; yield; …`` runs on an event loop. What the body raises is thrown in at the yield, and
        what leaves the hook is what the job is judged by; a hook that swallows it completes the job without a result.
        Hooks nest in the order of registration, the first is outermost.

        Raises:
            TypeError: it is not a generator function of one parameter.
        """
        return self.tasks.hooks.around(hook)

    def on_worker_start(self, hook: W) -> W:
        """Run ``hook(state)`` once in each process that runs bodies, before its first: ``@app.on_worker_start``.

        What it sets on ``state`` is ``ctx.state`` of handlers and around hooks. If it raises, the process does not
        serve, and is restarted with growing pauses.

        Raises:
            TypeError: it is not a function of one parameter.
        """
        return self.tasks.hooks.on_worker_start(hook)

    def on_worker_stop(self, hook: W) -> W:
        """Run ``hook(state)`` once in each of those processes, after its last body: ``@app.on_worker_stop``.

        The last registered runs first. All of them together have a few seconds.

        Raises:
            TypeError: it is not a function of one parameter.
        """
        return self.tasks.hooks.on_worker_stop(hook)

    def on_error(self, hook: E) -> E:
        """Call ``hook(job, error)`` after each failed attempt: ``@app.on_error``.

        ``job`` is a :class:`FailedJob`; ``error`` the exception, or an :class:`AttemptError` where there is none in
        this process. The hook cannot change the outcome of the job.

        Raises:
            TypeError: it is not a function of two parameters.
        """
        return self.tasks.hooks.on_error(hook)
