"""The fields of a job that a store only keeps: for its worker and its readers, and no statement reads them.

They follow from the structs of core. Their columns stand in the parts of ``fragments/job_fields.sql``, in this order.
What a store reads (names, times, tags, the unique key) has code of its own.
"""

from __future__ import annotations

from collections.abc import Callable
from operator import attrgetter
from typing import Any

from msgspec.structs import fields

from taskflowmq.core.job import ClaimedJob, JobView, NewJob

#: Stored as numbers of other tables, or read by statements.
_READ = frozenset({"id", "task", "args", "queue", "priority", "tenant", "tags", "run_at"})
_NEW = {field.name: field for field in fields(NewJob)}

#: The last fields of a claimed job: what is plain, then what is JSON.
KEPT = tuple(name for name in ClaimedJob.__struct_fields__ if name in _NEW and name not in _READ)
KEPT_JSON = tuple(name for name in KEPT if _NEW[name].type == bytes | None)
KEPT_PLAIN = tuple(name for name in KEPT if name not in KEPT_JSON)
#: Their values of a job, in these orders.
plain_of: Callable[[Any], Any] = attrgetter(*KEPT_PLAIN)
json_of: Callable[[Any], Any] = attrgetter(*KEPT_JSON)

_RAW = "raw_"
#: Those that readers see: the name in the view, and the job's own.
VIEWED = tuple((name, own) for name in JobView.__struct_fields__ if (own := name.removeprefix(_RAW)) in KEPT)
