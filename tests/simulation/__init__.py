"""A seeded simulation of the whole engine: real workers, supervisors, duties and clients on a virtual clock.

What runs
---------

One thread, one event loop that belongs to the simulation (``loop.py``), and everything above the store as it is
shipped: embedded workers, supervisors with children, duty-only programs, clients through the public API
(``nodes.py``, ``clients.py``). A **step is one store call, atomic**: it stops at a gate (``gate.py``) until the
explorer decides what becomes of it. Below are the reference model (``model.py``, dictionaries), SQLite or PostgreSQL
(``backends.py``), with the store's clock injected; beside a real store the model does every call, too, and is its
**oracle** (``oracle.py`` says what may differ). After each step the rows are read past the store's own code
(``snapshot.py``) and the invariants I1–I5, I7 and I10 are checked (``checkers.py``); when the faults stop, everything
must end within a quarter of an hour (liveness).

Faults are steps like any other: a call is ``refused`` (nothing done), ``lost`` (done, reported as failed), ``late``
(reported as failed, done some time later), done ``twice``, answered ``slow``, or done for somebody who has died
(``nobody waits``); a process dies as by kill -9, is stopped past its lease and woken, is drained; the store's clock
steps by an hour; the database is away, also for longer than a lease.

Not the real thing, and why: children are spawned on the same loop (the Spawner is a port for that); wake-ups are
passed on, or lost, by the simulation; the stores' measuring clock (``time.monotonic`` in five modules) and ``uuid4``
in the worker are replaced, so that a run is a function of its seed. A call is atomic here, so races inside the
database are not explored: those are forced in ``testing/conformance/races.py`` and ``tests/races``.

How to run it
-------------

::

    make simulate STORE=sqlite SEEDS=20 SEED=1               # stops at the first seed that fails
    python -m tests.simulation --store postgres --seconds 600  # as many seeds as fit; PostgreSQL is started for it
    python -m tests.simulation --seed 19 --steps 300         # one seed again, exactly
    python -m tests.simulation --seed 19 --history           # print every step, also if all is well
    pytest tests/simulation                                  # the quick part: fixed seeds, a derandomized state machine

A seed is a story for one version of the explorer, number of steps and store: the failure prints the command that
tells it again. ``test_seeds.py`` keeps those that found something.

How to read a history
---------------------

A failure names what is wrong, then the steps that speak of the jobs concerned, then the last forty::

      1086     76.165s  worker1.6    workers.end_expired(100) [lost] -> [6edd52, 5499b3]
      step     virtual  who.life     part.method(arguments) [fault] -> answer, or !! error

``worker1.6`` is the sixth life of ``worker1``; ``supervisor.2-3`` the third child of the second supervisor. Ids are
cut to their last six digits. Lines without a dot are events: ``begins`` and ``returns`` of a body (job, fence),
``told`` (a client got its answer), ``dies``, ``stops``, ``wakes``, ``clock``, ``away``, ``blind`` (from here on
nobody may be taken for lost for a lease), ``calm`` (the faults stop).
"""
