"""A result or an error that the database refuses still ends its job and never troubles its neighbours (F41, F42)."""

from __future__ import annotations

import msgspec
import pytest

from taskflowmq.core.job import ClaimedJob, State
from taskflowmq.core.transitions import Discarded, Failed, Outcome, Stopped, Succeeded
from taskflowmq.ports.store import Settled
from taskflowmq.testing.conformance.support import Rig, StoreSuite, decoded, transition

BAD = {
    "NUL escape": rb'"a\u0000b"',
    "NUL escape in a key": rb'{"a\u0000b":1}',
    "lone surrogate": rb'"a\ud800b"',
    "lone low surrogate": rb'["\udc00"]',
    "not JSON": b"{not json",
    "empty": b"",
    "two documents": b"1 2",
    "not UTF-8": b'"\xff\xfe"',
    "raw NUL": b'"a\x00b"',
    "NaN": b'{"n":NaN}',
    "too large a number": b"1e400000",
    "too deep": b"[" * 20_000 + b"]" * 20_000,
}


def readable(data: bytes | None) -> bool:
    """Tell whether a reader can show this: nothing, or JSON on which its engine and ours agree."""
    if data is None:
        return True
    try:
        msgspec.json.encode(msgspec.json.decode(data))
    except (msgspec.DecodeError, RecursionError, UnicodeError):
        return False
    return True


class TestUnstorable(StoreSuite):
    """Claims.settle and save_progress with what cannot be stored. Each kind is settled alone and among others."""

    async def _held(self, rig: Rig, count: int) -> list[ClaimedJob]:
        await rig.enqueue(*(rig.job() for _ in range(count)))
        return await rig.claim(await rig.worker())

    async def test_a_bad_result_completes_and_says_what_happened(self, rig: Rig) -> None:
        for kind, data in BAD.items():
            view = await rig.apply(await rig.running(), Succeeded(data))
            assert view.state is State.COMPLETED, kind
            assert readable(view.raw_result), kind
            assert view.result is not None or view.result_error, kind

    @pytest.mark.parametrize(
        ("kind", "state"),
        [(Failed, State.RETRYING), (Discarded, State.DEAD), (Stopped, State.CANCELLED)],
        ids=["failed", "discarded", "stopped"],
    )
    async def test_a_bad_error_ends_in_the_right_state(
        self, rig: Rig, kind: type[Failed] | type[Discarded] | type[Stopped], state: State
    ) -> None:
        for name, data in BAD.items():
            outcome: Outcome = Stopped(by_handler=True, error=data) if kind is Stopped else kind(error=data)  # type: ignore[call-arg]
            view = await rig.apply(await rig.running(), outcome)
            assert view.state is state, name
            assert readable(view.raw_error), name
            for attempt in await rig.store.jobs.attempts("default", view.id):
                assert readable(attempt.raw_error), name

    async def test_neighbours_keep_their_results(self, rig: Rig) -> None:
        held = await self._held(rig, 40)
        spoilt = dict(zip(range(3, 39, 3), BAD.values(), strict=True))
        done = [transition(job, Succeeded(spoilt.get(n, b'{"n":%d}' % n))) for n, job in enumerate(held)]
        assert await rig.store.claims.settle(done) == [Settled.APPLIED] * 40
        for n, job in enumerate(held):
            view = await rig.view(job.id)
            assert view.state is State.COMPLETED
            if n in spoilt:
                assert readable(view.raw_result), spoilt[n][:20]
            else:
                assert (decoded(view.raw_result), view.result_error) == ({"n": n}, None)

    async def test_a_batch_of_bad_ones_only(self, rig: Rig) -> None:
        held = await self._held(rig, len(BAD))
        done = [transition(job, Succeeded(data)) for job, data in zip(held, BAD.values(), strict=True)]
        assert await rig.store.claims.settle(done) == [Settled.APPLIED] * len(BAD)
        assert await rig.store.claims.settle(done) == [Settled.REPLAYED] * len(BAD)

    async def test_a_bad_text_beside_the_result_does_no_harm(self, rig: Rig) -> None:
        for text in ("cut\x00here", "cut\ud800here", "\udcff", "ok"):
            view = await rig.apply(await rig.running(), Succeeded(b'"kept"', result_error=text))
            assert view.state is State.COMPLETED
            assert view.result_error
            assert "\x00" not in view.result_error
            view.result_error.encode()

    async def test_bad_progress_is_dropped_and_harms_nobody(self, rig: Rig) -> None:
        held = await self._held(rig, 2 * len(BAD))
        updates = [(job.id, 1, data) for job, data in zip(held, BAD.values(), strict=False)]
        good = held[len(BAD) :]
        both = [update for job, bad in zip(good, updates, strict=True) for update in (bad, (job.id, 1, b"0.5"))]
        await rig.store.claims.save_progress(both)
        for job in good:
            assert decoded((await rig.view(job.id)).raw_progress) == pytest.approx(0.5)
        for job, kind in zip(held, BAD, strict=False):
            assert readable((await rig.view(job.id)).raw_progress), kind
        done = [transition(job, Succeeded(b"1")) for job in held]
        assert await rig.store.claims.settle(done) == [Settled.APPLIED] * len(held)
