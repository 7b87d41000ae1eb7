"""What property tests of the core draw from."""

from __future__ import annotations

from uuid import UUID

from hypothesis import strategies as st

from taskflowmq.core.job import Counters, HeldJob
from taskflowmq.core.transitions import (
    Crashed,
    Discarded,
    Failed,
    HandedBack,
    Invalid,
    Lost,
    Outcome,
    Snoozed,
    Stopped,
    Succeeded,
    TimedOut,
)

ERROR = b'{"type":"E","message":"m","traceback":""}'
rands = st.floats(0, 1, exclude_max=True)
delays = st.integers(0, 10**9)

counters = st.builds(
    Counters,
    round=st.integers(1, 100),
    attempt=st.integers(0, 200),
    crashes=st.integers(0, 5),
    losses=st.integers(0, 12),
    lease_no=st.integers(1, 10**6),
)
held_jobs = st.builds(HeldJob, st.uuids(version=4).map(lambda u: UUID(int=u.int)), st.integers(1, 100), counters)
outcomes: st.SearchStrategy[Outcome] = st.one_of(
    st.builds(Succeeded, st.sampled_from([None, b"1", b"{}"]), st.sampled_from([None, "cut"])),
    st.builds(Failed, st.just(ERROR), st.booleans(), st.none() | delays),
    st.builds(TimedOut, st.just(ERROR)),
    st.builds(Snoozed, delays),
    st.builds(Stopped, st.booleans(), st.sampled_from([None, ERROR])),
    st.builds(Discarded, st.just(ERROR)),
    st.builds(Invalid, st.just(ERROR)),
    st.just(HandedBack()),
    st.builds(Crashed, st.sampled_from([None, ERROR])),
    st.just(Lost()),
)
