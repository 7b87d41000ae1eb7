"""No two processes share a connection, whose encryption would break at once (RELIABILITY F40)."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import sys
import time
from collections.abc import AsyncIterator
from pathlib import Path

import psutil
import pytest
from tests.faults.rig import PATIENCE, ROOT, SPEC, Rig
from tests.faults.tls import NoOpenssl, TlsFront, make_certificate
from tests.mortal import mortal

from taskflowmq.testing.waiting import wait_until

pytestmark = [pytest.mark.slow, pytest.mark.postgres]

CHILDREN, JOBS, MORE = 4, 1_000, 200


@pytest.fixture
async def encrypted(postgres_url: str, tmp_path: Path) -> AsyncIterator[tuple[Rig, TlsFront, str]]:
    """A client beside the encryption, programs behind it."""
    try:
        certificate = make_certificate(tmp_path)
    except NoOpenssl as error:
        pytest.skip(f"F40, forked programs over TLS, did NOT run: {error}")
    rig, front = Rig(postgres_url, tmp_path), TlsFront(postgres_url, certificate)
    await rig.app.aopen()
    yield rig, front, await front.start()
    await rig.close()
    await front.close()


def sockets(process: psutil.Process) -> set[str]:
    """Return the sockets that a process holds, by their number in the kernel."""
    links = set()
    for entry in Path(f"/proc/{process.pid}/fd").iterdir():
        with contextlib.suppress(FileNotFoundError):  # closed meanwhile
            links.add(str(entry.readlink()))
    return {link for link in links if link.startswith("socket:")}


async def run_forking(url: str) -> dict[str, object]:
    process = await asyncio.create_subprocess_exec(
        *mortal([sys.executable, "-W", "ignore", "-m", "tests.faults.forking", str(CHILDREN), str(JOBS)]),
        cwd=ROOT,
        env={**os.environ, "TASKFLOW_DATABASE_URL": url},
        stdout=asyncio.subprocess.PIPE,
    )
    out, _ = await process.communicate()
    answer: dict[str, object] = json.loads(out)
    return answer


async def test_a_program_that_forks_and_a_worker_with_four_children_over_tls(
    encrypted: tuple[Rig, TlsFront, str],
) -> None:
    rig, front, url = encrypted
    began = time.monotonic()
    assert await run_forking(url) == {"children": [0] * CHILDREN, "parent": 2}
    sent = CHILDREN * JOBS + 2
    assert (await rig.app.jobs.astats()).states["pending"] == sent
    program = rig.program(url=url, TASKFLOW_PROCESSES=CHILDREN, **SPEC)

    async def all_work() -> bool:
        """See each child run jobs; a child that starts late may find none left, and gets more."""
        nonlocal sent
        if len({line["pid"] for line in rig.ledger()}) == CHILDREN:
            return True
        if (await rig.app.jobs.astats()).states["completed"] == sent:
            sent += len(await rig.app.aenqueue_many([rig.app.tasks["quick"].job(n=n) for n in range(MORE)]))
        return False

    await wait_until(all_work, PATIENCE, what="four working children")
    held = [sockets(process) for process in (program.supervisor, *program.children())]

    async def done() -> bool:
        return (await rig.app.jobs.astats()).states["completed"] == sent

    await wait_until(done, PATIENCE, what="the jobs")
    troubles = [line for line in program.log().splitlines() if " WARNING " in line or " ERROR " in line]
    runs = [line for line in rig.ledger() if line["event"] == "start"]
    print(
        f"F40: {CHILDREN} forked clients and {CHILDREN} children over TLS: {sent} jobs, {front.encrypted} connections, "
        f"protocol errors {len(troubles)}, {time.monotonic() - began:.1f} s"
    )
    assert troubles == []
    assert front.encrypted > 2 * CHILDREN
    assert front.refused == 0, "somebody came without TLS"
    assert len(set.union(*held)) == sum(map(len, held)), "a connection is held by two processes"
    assert {line["lease"] for line in runs} == {1}
    assert len(runs) == sent
    await rig.check()
