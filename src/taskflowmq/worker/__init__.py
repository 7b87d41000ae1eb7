"""The worker: claims jobs, runs their bodies, stores their outcomes, and survives faults of bodies.

``Worker`` is one claiming process. ``Supervisor`` owns some of them as child processes: it alone renews their leases,
detects deaths and hangs from outside, and replaces them. Ports are injected; no store is named here.

A job passes ``claiming``, ``running`` and ``settling``. ``watches`` are the loops beside it, ``supervision`` holds the
parts of a ``Supervisor``. Each folder imports only those that the contract "Folders of the worker" names below it.
"""

from taskflowmq.worker.clock import SystemClock
from taskflowmq.worker.identity import WorkerIdentity
from taskflowmq.worker.options import WorkerOptions
from taskflowmq.worker.supervision.supervisor import Supervisor
from taskflowmq.worker.worker import Health, Worker

__all__ = ["Health", "Supervisor", "SystemClock", "Worker", "WorkerIdentity", "WorkerOptions"]
