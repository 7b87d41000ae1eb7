"""What jobs have logged: stored once, read in order, and gone with its attempt and its job."""

from __future__ import annotations

from datetime import timedelta
from uuid import UUID

import msgspec
import pytest

from taskflowmq.core.ids import uuid7
from taskflowmq.core.job import ClaimedJob
from taskflowmq.core.job_logs import Line, LogCursor, LogLine, LogPage, LogQuery, NewLines
from taskflowmq.core.transitions import Failed, Succeeded
from taskflowmq.testing.conformance.intake import ERROR
from taskflowmq.testing.conformance.retention import DAY_S, prune
from taskflowmq.testing.conformance.support import NOON, RETRY_S, Rig, StoreSuite

INFO, WARNING, ERRORS = 20, 30, 40


def lines_of(job: ClaimedJob, *lines: tuple[int, int, Line], keep: tuple[int, int] = (0, 0)) -> NewLines:
    """Return lines of a claimed job to append."""
    return NewLines(
        job_id=job.id,
        lease_no=job.lease_no,
        round=job.round,
        attempt=job.attempt,
        lines=lines,
        keep_to=keep[0],
        keep_from=keep[1],
    )


def numbered(first: int, last: int) -> list[tuple[int, int, Line]]:
    """Return lines with these numbers, both included."""
    return [(seq, 0, Line(INFO, f"line {seq}")) for seq in range(first, last + 1)]


async def read(rig: Rig, job_id: UUID, tenant: str = "default", **query: object) -> LogPage:
    """Read the lines of a job."""
    return await rig.store.logs.read(tenant, job_id, LogQuery(**query))  # type: ignore[arg-type]


def seqs(page: LogPage) -> list[tuple[int, int]]:
    """Return the places of a page's lines."""
    return [(line.lease_no, line.seq) for line in page.items]


class TestLogs(StoreSuite):
    """Logs."""

    async def test_a_line_is_read_as_it_was_written(self, rig: Rig, other: Rig) -> None:
        job = await rig.running()
        line = Line(WARNING, "naïve \x1b[31mred\x1b[0m\n  next", b'{"page":3,"who":"ada"}')
        await rig.store.logs.append([lines_of(job, (1, 1_500_000, line))])
        page = await read(other, job.id)
        at = NOON - timedelta(seconds=1.5)
        wanted = LogLine(
            lease_no=1, round=1, attempt=1, seq=1, at=at, level=30, message=line.message, raw_fields=line.fields
        )
        assert (page.next, page.total, page.dropped) == (None, 1, 0)
        (found,) = page.items
        assert found.fields == {"page": 3, "who": "ada"}
        assert (found.at, found.message, found.level, found.cursor) == (at, wanted.message, 30, wanted.cursor)

    async def test_repeating_an_append_changes_nothing(self, rig: Rig) -> None:
        job = await rig.running()
        await rig.store.logs.append([lines_of(job, *numbered(1, 3))])
        await rig.store.logs.append([lines_of(job, (3, 0, Line(ERRORS, "another")), *numbered(4, 4))])
        page = await read(rig, job.id)
        assert [line.message for line in page.items] == ["line 1", "line 2", "line 3", "line 4"]

    async def test_pages_follow_one_another_over_attempts(self, rig: Rig) -> None:
        job = await rig.running()
        await rig.store.logs.append([lines_of(job, *numbered(1, 3))])
        await rig.apply(job, Failed(ERROR))
        await rig.after(RETRY_S)
        again = await rig.claim_one()
        await rig.store.logs.append([lines_of(again, *numbered(1, 2))])
        first = await read(rig, job.id, limit=2)
        assert seqs(first) == [(1, 1), (1, 2)]
        assert first.next == LogCursor(1, 2)
        second = await read(rig, job.id, limit=2, after=first.next)
        assert seqs(second) == [(1, 3), (2, 1)]
        assert seqs(await read(rig, job.id, limit=2, after=second.next)) == [(2, 2)]
        assert seqs(await read(rig, job.id, attempt=2)) == [(2, 1), (2, 2)]
        assert seqs(await read(rig, job.id, attempt=1, round=2)) == []
        assert seqs(await read(rig, job.id, round=1, after=LogCursor(2, 1))) == [(2, 2)]

    async def test_a_follower_begins_behind_the_last_line(self, rig: Rig) -> None:
        job = await rig.running()
        assert await rig.store.logs.last("default", job.id) is None
        await rig.store.logs.append([lines_of(job, *numbered(1, 11))])
        assert await rig.store.logs.last("default", job.id) == LogCursor(1, 11)
        assert await rig.store.logs.last("blue", job.id) is None
        await rig.apply(job, Failed(ERROR))
        await rig.after(RETRY_S)
        again = await rig.claim_one()
        await rig.store.logs.append([lines_of(again, *numbered(1, 2))])
        last = await rig.store.logs.last("default", job.id)
        assert last == LogCursor(2, 2)
        assert (await read(rig, job.id, after=last)).items == []

    async def test_lines_are_found_by_level_and_text(self, rig: Rig) -> None:
        job = await rig.running()
        lines = [
            (1, 0, Line(INFO, "Begin")),
            (2, 0, Line(WARNING, "slow 100% [x]", b'{"host":"Db-7"}')),
            (3, 0, Line(ERRORS, "begin again_")),
        ]
        await rig.store.logs.append([lines_of(job, *lines)])
        assert seqs(await read(rig, job.id, level=WARNING)) == [(1, 2), (1, 3)]
        assert seqs(await read(rig, job.id, level=31)) == [(1, 3)]
        for text, found in (("bEGIN", [(1, 1), (1, 3)]), ("0% [", [(1, 2)]), ("db-7", [(1, 2)]), ("_", [(1, 3)])):
            assert seqs(await read(rig, job.id, text=text)) == found, text
        filtered = await read(rig, job.id, level=ERRORS)
        assert (filtered.total, filtered.dropped) == (3, 0)

    async def test_missing_numbers_are_counted_as_dropped(self, rig: Rig) -> None:
        job = await rig.running()
        await rig.store.logs.append([lines_of(job, *numbered(101, 110))])
        page = await read(rig, job.id, limit=3)
        assert (page.total, page.dropped) == (10, 100)
        uncounted = await rig.store.logs.read("default", job.id, LogQuery(), counts=False)
        assert (len(uncounted.items), uncounted.total, uncounted.dropped) == (10, 0, 0)

    async def test_lines_in_the_middle_make_room(self, rig: Rig) -> None:
        job, bystander = await rig.running(), await rig.running()
        await rig.store.logs.append([lines_of(job, *numbered(1, 9)), lines_of(bystander, *numbered(1, 9))])
        await rig.store.logs.append([lines_of(job, *numbered(10, 11), keep=(2, 6))])
        page = await read(rig, job.id)
        assert seqs(page) == [(1, seq) for seq in (1, 2, 6, 7, 8, 9, 10, 11)]
        assert (page.total, page.dropped) == (8, 3)
        assert len((await read(rig, bystander.id)).items) == 9

    async def test_lines_of_attempts_that_are_not_kept_go(self, rig: Rig) -> None:
        job = await rig.running()
        for lease_no in (9, 11, 12, 101):
            of = lines_of(job, *numbered(1, 2))
            late = NewLines(job_id=of.job_id, lease_no=lease_no, round=1, attempt=1, lines=of.lines)
            await rig.store.logs.append([late])
        assert seqs(await read(rig, job.id)) == [(n, seq) for n in (9, 12, 101) for seq in (1, 2)]

    async def test_lines_of_jobs_that_do_not_exist_are_left_out(self, rig: Rig) -> None:
        job = await rig.running()
        nobody = msgspec.structs.replace(lines_of(job, *numbered(1, 1)), job_id=uuid7(1, 1))
        deleted = await rig.running()
        await rig.apply(deleted, Succeeded(b"1"))
        await rig.store.jobs.delete("default", deleted.id)
        await rig.store.logs.append([nobody, lines_of(deleted, *numbered(1, 1)), lines_of(job, *numbered(1, 1))])
        assert [len((await read(rig, one)).items) for one in (nobody.job_id, deleted.id, job.id)] == [0, 0, 1]

    async def test_a_tenant_reads_its_own_lines(self, rig: Rig) -> None:
        job = await rig.running(tenant="blue")
        await rig.store.logs.append([lines_of(job, *numbered(1, 1))])
        assert [seqs(await read(rig, job.id, tenant)) for tenant in ("blue", "default", "unheard-of")] == [
            [(1, 1)],
            [],
            [],
        ]
        other = await read(rig, job.id, "default")
        assert (other.total, other.dropped) == (0, 0)

    async def test_a_long_page_ends_early(self, rig: Rig) -> None:
        job = await rig.running()
        await rig.store.logs.append([lines_of(job, *((n, 0, Line(INFO, "x" * 900_000)) for n in range(1, 5)))])
        page = await read(rig, job.id)
        assert (seqs(page), page.next) == ([(1, 1), (1, 2)], LogCursor(1, 2))
        assert seqs(await read(rig, job.id, after=page.next)) == [(1, 3), (1, 4)]

    async def test_lines_go_with_a_job_that_is_deleted(self, rig: Rig) -> None:
        job = await rig.running()
        await rig.store.logs.append([lines_of(job, *numbered(1, 3))])
        await rig.apply(job, Succeeded(b"1"))
        await rig.store.jobs.delete("default", job.id)
        assert (await read(rig, job.id)).items == []

    @pytest.mark.parametrize("age_days", [8, 40])
    async def test_lines_go_with_a_job_past_its_retention(self, rig: Rig, age_days: int) -> None:
        job, kept = await rig.running(task="a"), await rig.running(task="b")
        await rig.store.logs.append([lines_of(job, *numbered(1, 3)), lines_of(kept, *numbered(1, 3))])
        await rig.apply(job, Succeeded(b"1"))
        rig.clock.advance(age_days * DAY_S)
        await prune(rig)
        assert (await read(rig, job.id)).items == []
        assert len((await read(rig, kept.id)).items) == 3
