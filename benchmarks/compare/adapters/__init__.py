"""One program per peer, run inside that peer's own environment: ``python -m benchmarks.compare.adapters NAME …``.

It gets a command as its arguments and its settings from the environment: ``BENCH_URL`` (the database),
``BENCH_FOLDER`` (for counters, stamps and logs), ``BENCH_PROCESSES`` (for peers that start their own children).

========================  ==========================================================================================
``prepare``               make the schema or the queues in an empty database
``one N``                 enqueue N jobs, one call after the other; prints ``{"seconds": …}`` of the enqueueing alone
``together N``            the same with 64 callers at once
``bulk N``                the same in lists of 1,000
``paced N``               one call every 20–60 ms, at random
``left``                  for each line on standard input prints ``{"left": jobs not yet finished}``
``serve``                 an HTTP server until SIGTERM; its first line of output is ``{"url": …}``
``worker KIND C``         a worker until SIGTERM whose jobs do KIND, C at once (0: the peer's own choice)
========================  ==========================================================================================

There is one task; what its body does is the worker's KIND: ``noop``, ``sleep`` (10 ms), ``thread`` and ``process``
(a no-op there), ``stamp`` (writes how long ago the job was sent), ``hang`` (never returns). Every body ticks.
"""
