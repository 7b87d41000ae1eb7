"""One chaos run, from the start of the programs to the evidence."""

from __future__ import annotations

import asyncio
import json
import random
import time
from pathlib import Path

import httpx
import msgspec
from tests.chaos.database import Postgres, Sqlite, make_database
from tests.chaos.evidence import Evidence, OpenRuns, read_ledger, read_log
from tests.chaos.fleet import APP, Fleet, command
from tests.chaos.injector import Injector
from tests.chaos.links import Link
from tests.chaos.load import Load
from tests.chaos.plan import make_plan
from tests.chaos.reading import all_jobs, live_jobs
from tests.faults.rig import free_port

from taskflowmq.testing.waiting import wait_until

#: Everything must have ended so long after the last fault. A connection that leads nowhere is given up after 30 s.
SETTLED_WITHIN_S = 45.0
READY_WITHIN_S = 40.0


class Options(msgspec.Struct, frozen=True, kw_only=True):
    """What to run."""

    store: str
    seed: int
    seconds: float
    workers: int
    servers: int
    #: Only these kinds of faults; empty means all.
    kinds: frozenset[str] = frozenset()


async def run(options: Options, folder: Path) -> Evidence:
    """Run once.

    Args:
        options: what to run.
        folder: where logs, the ledger and the evidence go; PostgreSQL's user must be able to reach it.
    """
    (folder / "tmp").mkdir()
    database = await asyncio.to_thread(make_database, options.store, folder)
    try:
        async with Stage(options, folder, database) as stage:
            return await stage.play()
    finally:
        await asyncio.to_thread(database.close)


class Stage:
    """The programs, their connections and the clients of one run."""

    def __init__(self, options: Options, folder: Path, database: Postgres | Sqlite) -> None:
        self._options = options
        self._folder = folder
        self._database = database
        self._fleet = Fleet(folder, random.Random(f"{options.seed} fleet"))
        self._links: dict[str, Link] = {}
        self._servers: list[str] = []
        self._http = httpx.AsyncClient(timeout=20)

    async def __aenter__(self) -> Stage:
        """Start everything, and wait until it works."""
        try:
            await self._start()
        except BaseException:
            await self.__aexit__()
            raise
        return self

    async def __aexit__(self, *_: object) -> None:
        """Leave nothing behind, whatever happened."""
        self._fleet.kill()
        await self._http.aclose()
        for link in self._links.values():
            await link.close()

    async def play(self) -> Evidence:
        """Load and faults, then quiet, then the questions."""
        options = self._options
        plan = make_plan(
            options.seed, options.seconds, options.store,
            workers=options.workers, servers=options.servers, kinds=options.kinds,
        )  # fmt: skip
        fronts = [await self._links[f"front-{number}"].start() for number in range(options.servers)]
        url = await self._way("client")
        load = Load(options.seed, fronts, url, transactions=options.store == "postgres")
        injector = Injector(self._fleet, self._links, self._database, OpenRuns(self._folder / "ledger"))
        began = time.monotonic()
        async with asyncio.TaskGroup() as group:
            group.create_task(load.run(options.seconds))
            group.create_task(injector.run(plan, began, began + options.seconds))
        quiet = time.monotonic()
        findings = [*injector.findings, *load.surprises, *await self._settled()]
        settled_in = time.monotonic() - quiet
        ledger = read_ledger(self._folder / "ledger")
        jobs = await all_jobs(self._http, self._servers[0], ledger)
        findings += await self._doctor()
        await load.close()
        await self._fleet.close()
        evidence = Evidence(
            store=options.store,
            seed=options.seed,
            seconds=options.seconds,
            faults=sorted(injector.faults, key=lambda fault: fault.begin),
            ledger=read_ledger(self._folder / "ledger"),
            requests=load.requests,
            cancels=load.cancels,
            sightings=list(load.sightings.values()),
            jobs=jobs,
            effects=await self._database.effects(),
            endings=self._endings(),
            findings=findings + self._fleet.findings + self._surprises(),
            not_run=[f"{kind}: {why}" for kind, why in injector.not_run.items()],
            settled_in=settled_in,
        )
        evidence.save(self._folder)
        return evidence

    async def _start(self) -> None:
        code, said = await command(self._database.url, "db", "migrate")
        if code:
            raise RuntimeError(f"taskflow db migrate ended with exit code {code}: {said}")
        await self._database.prepare()
        for number in range(self._options.servers):
            port = free_port()
            self._servers.append(f"http://127.0.0.1:{port}")
            self._links[f"front-{number}"] = Link(self._servers[-1])
            name = f"server-{number}"
            self._fleet.add(name, "server", APP, "--port", str(port), url=await self._way(name))
        for number in range(self._options.workers):
            name = f"worker-{number}"
            self._fleet.add(name, "worker", APP, url=await self._way(name))
        children = 2 * self._options.workers
        await wait_until(lambda: self._ready(children), READY_WITHIN_S, what="servers and workers")

    async def _way(self, name: str) -> str:
        """Return a program's own way to the database. A file has no way to be cut."""
        if isinstance(self._database, Sqlite):
            return self._database.url
        self._links[name] = Link(self._database.url)
        return await self._links[name].start()

    async def _ready(self, children: int) -> bool:
        try:
            for server in self._servers:
                (await self._http.get(f"{server}/health/ready")).raise_for_status()
            workers = (await self._http.get(f"{self._servers[0]}/api/v1/workers")).json()["items"]
        except httpx.HTTPError:
            return False
        return len([worker for worker in workers if worker["ended_at"] is None]) >= children

    async def _settled(self) -> list[str]:
        """Wait until every job has ended, and say which have not."""
        last: list[dict[str, object]] = []

        async def ended() -> bool:
            nonlocal last
            found = await live_jobs(self._http, self._servers[0])
            last = last if found is None else found
            return found == []

        try:
            await wait_until(ended, SETTLED_WITHIN_S, what="every job to end")
        except TimeoutError:
            shown = [(job.get("id"), job.get("task"), job.get("state"), job.get("run_at")) for job in last]
            return [f"not everything has ended {SETTLED_WITHIN_S:g} s after the last fault: {shown}"]
        return []

    async def _doctor(self) -> list[str]:
        code, said = await command(self._database.url, "doctor", "--json")
        report = json.loads(said)
        must = ("store", "schema", "places", "orphans", "workers")
        bad = [check for check in report["checks"] if check["verdict"] != "OK" and check["name"] in must]
        return [f"the doctor: exit code {code}, {bad}"] if code or bad else []

    def _endings(self) -> list[tuple[str, str]]:
        """Return what workers logged of every settled transition."""
        return [
            (record["job_id"], record["outcome"])
            for log in sorted(self._folder.glob("worker-*.log"))
            for record in read_log(log)
            if record.get("logger") == "taskflowmq.worker" and "outcome" in record
        ]

    def _surprises(self) -> list[str]:
        """Return the exceptions that nobody foresaw, each once."""
        found = {}
        for log in sorted(self._folder.glob("*-?.log")):
            for record in read_log(log):
                error = record.get("error")
                foreseen = str(record.get("logger")).startswith("asyncpg")  # it tells of every lost connection
                # The record of a job's end shows what its body raised, on purpose or because its own SQL was cut.
                foreseen = foreseen or "outcome" in record
                if isinstance(error, dict) and error["type"] != "StoreUnavailable" and not foreseen:
                    found[error["type"], error["message"]] = f"{log.name}: {record.get('message')}: {error}"
        return list(found.values())
