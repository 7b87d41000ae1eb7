"""A result or an error that the database refuses still ends its job, and never troubles its neighbours (F41, F42)."""

from __future__ import annotations

import msgspec
import pytest

from taskflowmq.core.job import JobView, State
from taskflowmq.core.transitions import Discarded, Failed, Stopped, Succeeded
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
bad = pytest.mark.parametrize("data", BAD.values(), ids=BAD.keys())


def _readable(data: bytes | None) -> bool:
    """Tell whether a reader can show this: nothing, or JSON that its engine and ours agree on."""
    if data is None:
        return True
    msgspec.json.encode(msgspec.json.decode(data))
    return True


class TestUnstorable(StoreSuite):
    """Claims.settle and save_progress with what cannot be stored."""

    @bad
    async def test_a_bad_result_completes_and_says_what_happened(self, rig: Rig, data: bytes) -> None:
        view = await rig.apply(await rig.running(), Succeeded(data))
        assert view.state is State.COMPLETED
        assert _readable(view.result)
        if view.result is None:
            assert view.result_error

    @bad
    async def test_a_bad_error_fails_in_the_right_way(self, rig: Rig, data: bytes) -> None:
        retried = await rig.apply(await rig.running(), Failed(data))
        assert retried.state is State.RETRYING
        dead = await rig.apply(await rig.running(), Discarded(data))
        assert dead.state is State.DEAD
        stopped = await rig.apply(await rig.running(), Stopped(by_handler=True, error=data))
        assert stopped.state is State.CANCELLED
        for view in (retried, dead, stopped):
            assert _readable(view.error)
            for attempt in await rig.store.board.attempts("default", view.id):
                assert _readable(attempt.error)

    async def test_neighbours_keep_their_results(self, rig: Rig) -> None:
        await rig.enqueue(*(rig.job() for _ in range(40)))
        held = await rig.claim(await rig.worker())
        terrible = list(BAD.values())
        spoilt = {3: terrible[0], 4: terrible[4], 17: terrible[7], 39: terrible[2]}
        done = [transition(job, Succeeded(spoilt.get(n, b'{"n":%d}' % n))) for n, job in enumerate(held)]
        assert await rig.store.claims.settle(done) == [Settled.APPLIED] * 40
        for n, job in enumerate(held):
            view = await rig.view(job.id)
            assert view.state is State.COMPLETED
            if n in spoilt:
                assert _readable(view.result)
            else:
                assert (decoded(view.result), view.result_error) == ({"n": n}, None)

    async def test_a_batch_of_bad_ones_only(self, rig: Rig) -> None:
        await rig.enqueue(*(rig.job() for _ in BAD))
        held = await rig.claim(await rig.worker())
        done = [transition(job, Succeeded(data)) for job, data in zip(held, BAD.values(), strict=True)]
        assert await rig.store.claims.settle(done) == [Settled.APPLIED] * len(BAD)
        assert await rig.store.claims.settle(done) == [Settled.REPLAYED] * len(BAD)

    @bad
    async def test_a_bad_text_beside_the_result_does_no_harm(self, rig: Rig, data: bytes) -> None:
        text = data[:2000].decode("utf-8", "surrogateescape")
        view = await rig.apply(await rig.running(), Succeeded(b'"kept"', result_error=f"x{text}\x00\ud800"))
        assert view.state is State.COMPLETED
        assert view.result_error
        view.result_error.encode()

    @bad
    async def test_bad_progress_is_dropped_and_harms_nobody(self, rig: Rig, data: bytes) -> None:
        good, spoilt = await rig.running(), await rig.running()
        await rig.store.claims.save_progress([(spoilt.id, 1, data), (good.id, 1, b"0.5")])
        assert decoded((await rig.view(good.id)).progress) == pytest.approx(0.5)
        view: JobView = await rig.view(spoilt.id)
        assert _readable(view.progress)
        assert (await rig.apply(spoilt, Succeeded(b"1"))).state is State.COMPLETED
