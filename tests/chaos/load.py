"""The clients of a run: they ask over REST and through the Python client, repeat what was not answered, and keep a log.

A request ends as ok (acknowledged), refused (certainly not stored), or unknown. Half of the callers that get no answer
ask again with the same Idempotency-Key, or the same jobs; the others go away, as programs do that die meanwhile.
"""

from __future__ import annotations

import asyncio
import random
import time
from collections import deque
from collections.abc import Awaitable, Callable
from typing import Any

import asyncpg
import httpx
from tests.chaos import tasks
from tests.chaos.database import DRIVER_ERRORS
from tests.chaos.evidence import Answer, Cancel, Request, Sighting
from tests.chaos.fleet import pause
from tests.chaos.reading import sighting

from taskflowmq import JobNotFound, StoreUnavailable, WrongContext

#: How long a client goes on asking.
PATIENCE_S = 12.0
#: How long it waits for one answer.
TRY_S = 4.0
API = "/api/v1"
Wanted = tuple[str, dict[str, Any]]
#: What the clients ask for, and how often.
MIX = {"quick": 8, "slow": 9, "in_thread": 2, "in_process": 1, "flaky": 3, "doomed": 1, "snoozing": 1, "effect": 4}


class Unanswered(Exception):
    """One try of a request brought no answer that says anything."""


class Load:
    """Concurrent clients.

    Args:
        seed: what they ask for, and when.
        fronts: the servers' addresses.
        url: the database's address, for the Python client.
        transactions: whether to enqueue in transactions of the client's own.
    """

    def __init__(self, seed: int, fronts: list[str], url: str, *, transactions: bool) -> None:
        self.requests: list[Request] = []
        self.cancels: list[Cancel] = []
        self.sightings: dict[str, Sighting] = {}
        #: Answers that no fault may cause.
        self.surprises: list[str] = []
        self._seed = seed
        self._fronts = fronts
        self._url = url
        self._transactions = transactions
        self._over = asyncio.Event()
        self._app = tasks.app
        self._app.use_url(url)
        self._http = httpx.AsyncClient(timeout=httpx.Timeout(TRY_S, connect=1.5))
        self._count = 0
        self._cancellable: deque[str] = deque(maxlen=20)

    async def run(self, seconds: float) -> None:
        """Ask for jobs for so long; returns when the last answer is in, or given up."""
        asyncio.get_running_loop().call_later(seconds, self._over.set)
        clients: list[tuple[Callable[[random.Random], Awaitable[None]], float]] = [
            *[(self._rest, 0.12)] * 4,
            (self._rest_unique, 0.3),
            (self._rest_bulk, 0.9),
            *[(self._python, 0.25)] * 2,
            (self._python_many, 1.2),
            (self._cancel, 0.5),
            (self._look, 0.5),
        ]
        if self._transactions:
            clients.append((self._python_transaction, 0.5))
        async with asyncio.TaskGroup() as group:
            for number, (ask, every) in enumerate(clients):
                group.create_task(self._client(random.Random(f"{self._seed} client {number}"), ask, every))

    async def close(self) -> None:
        """Disconnect."""
        await self._http.aclose()
        await self._app.aclose()

    async def _client(self, rng: random.Random, ask: Callable[[random.Random], Awaitable[None]], every: float) -> None:
        while not await pause(self._over, rng.expovariate(1 / every)):
            await ask(rng)

    # -- over REST

    async def _rest(self, rng: random.Random) -> None:
        name, args = self._wanted(rng)
        body = {"task": name, "args": args, **self._when(rng)}
        await self._ask_rest(rng, "rest", name, "/jobs", body, [args["key"]])

    async def _rest_unique(self, rng: random.Random) -> None:
        key, unique = self._key(), f"only-{rng.randrange(3)}"
        body = {"task": "slow", "args": {"key": key, "seconds": 0.8}, "unique_key": unique}
        await self._ask_rest(rng, "rest-unique", "slow", "/jobs", body, [key], unique)

    async def _rest_bulk(self, rng: random.Random) -> None:
        wanted = [self._wanted(rng) for _ in range(rng.randrange(5, 25))]
        body = {"jobs": [{"task": name, "args": args, **self._when(rng)} for name, args in wanted]}
        await self._ask_rest(rng, "rest-bulk", "many", "/jobs/bulk", body, [args["key"] for _, args in wanted])

    async def _ask_rest(
        self,
        rng: random.Random,
        how: str,
        name: str,
        path: str,
        body: dict[str, Any],
        keys: list[str],
        unique: str | None = None,
    ) -> None:
        headers = {"Idempotency-Key": keys[0]}

        async def once() -> tuple[list[str], bool]:
            answer = await self._call("POST", API + path, rng, json=body, headers=headers)
            if answer.status_code in (200, 201):
                said = answer.json()
                return (said["ids"], True) if "ids" in said else ([said["id"]], said["created"])
            if answer.status_code not in (409, 503):
                self.surprises.append(f"POST {path} answered {answer.status_code}: {answer.text:.300}")
            raise Unanswered

        await self._insist(rng, how, name, keys, once, unique)

    async def _call(self, method: str, path: str, rng: random.Random, **more: Any) -> httpx.Response:
        try:
            async with asyncio.timeout(TRY_S):
                return await self._http.request(method, rng.choice(self._fronts) + path, **more)
        except (httpx.TransportError, TimeoutError) as error:
            raise Unanswered from error

    # -- through the Python client

    async def _python(self, rng: random.Random) -> None:
        name, args = self._wanted(rng)
        task = self._app.tasks[name].using(idempotency_key=args["key"], **self._when(rng))

        async def once() -> tuple[list[str], bool]:
            return [str((await task.aenqueue(**args)).id)], True

        await self._insist(rng, "python", name, [args["key"]], once)

    async def _python_many(self, rng: random.Random) -> None:
        wanted = [self._wanted(rng) for _ in range(rng.randrange(5, 25))]
        jobs = [self._app.tasks[name].using(**self._when(rng)).job(**args) for name, args in wanted]

        async def once() -> tuple[list[str], bool]:
            return [str(handle.id) for handle in await self._app.aenqueue_many(jobs)], True

        await self._insist(rng, "python-many", "many", [args["key"] for _, args in wanted], once)

    async def _python_transaction(self, rng: random.Random) -> None:
        """Enqueue in a transaction of ours, which ends either way; a lost answer to the commit leaves us unknowing."""
        name, args = self._wanted(rng)
        keep, begin = rng.random() < 0.6, time.monotonic()
        answer: Answer = "refused"
        ids: tuple[str, ...] = ()
        conn: asyncpg.Connection | None = None
        try:
            async with asyncio.timeout(2 * TRY_S):
                conn = await asyncpg.connect(self._url, timeout=TRY_S)
                transaction = conn.transaction()
                await transaction.start()
                handle = await self._app.tasks[name].using(conn=conn).aenqueue(**args)
                if keep:
                    answer = "unknown"
                    await transaction.commit()
                    answer, ids = "ok", (str(handle.id),)
                else:
                    await transaction.rollback()
        except (*DRIVER_ERRORS, OSError, TimeoutError, StoreUnavailable):
            pass
        except WrongContext:
            # Our own connection, cut between two statements: the library cannot know that it was not us.
            if conn is None or not conn.is_closed():
                raise
        finally:
            if conn is not None:
                conn.terminate()
        self._log("python-transaction", name, [args["key"]], answer, begin, ids=ids)

    # -- both

    async def _insist(
        self,
        rng: random.Random,
        how: str,
        name: str,
        keys: list[str],
        once: Callable[[], Awaitable[tuple[list[str], bool]]],
        unique: str | None = None,
    ) -> None:
        """Try until there is an answer, or the caller goes away."""
        begin, tries, patient = time.monotonic(), 0, rng.random() < 0.8
        while True:
            tries += 1
            try:
                async with asyncio.timeout(2 * TRY_S):
                    ids, created = await once()
            except (Unanswered, StoreUnavailable, TimeoutError):
                if not patient or time.monotonic() - begin > PATIENCE_S:
                    self._log(how, name, keys, "unknown", begin, tries=tries, unique=unique)
                    return
                await pause(asyncio.Event(), rng.uniform(0.1, 0.6))
                continue
            self._log(how, name, keys, "ok", begin, tries=tries, ids=tuple(ids), created=created, unique=unique)
            if name in ("slow", "in_thread") and created:
                self._cancellable.append(ids[0])
            return

    def _log(self, how: str, name: str, keys: list[str], answer: Answer, begin: float, **more: Any) -> None:
        end = time.monotonic()
        self.requests.append(Request(how=how, task=name, keys=tuple(keys), answer=answer, begin=begin, end=end, **more))

    async def _cancel(self, rng: random.Random) -> None:
        if not self._cancellable:
            return
        job_id = self._cancellable.pop()
        state = None
        try:
            if rng.random() < 0.5:
                answer = await self._call("POST", f"{API}/jobs/{job_id}/cancel", rng)
                if answer.status_code == 202:
                    state = answer.json()["state"]
                elif answer.status_code not in (409, 503):
                    self.surprises.append(f"cancel answered {answer.status_code}: {answer.text:.300}")
            else:
                async with asyncio.timeout(TRY_S):
                    state = (await self._app.jobs.acancel(job_id)).value
        except (Unanswered, StoreUnavailable, TimeoutError):
            pass
        except JobNotFound:
            self.surprises.append(f"cancel of the acknowledged job {job_id}: there is none")
        self.cancels.append(Cancel(job=job_id, at=time.monotonic(), state=state))

    async def _look(self, rng: random.Random) -> None:
        """See which jobs have ended, to compare with what they are at the end."""
        try:
            page = await self._call("GET", f"{API}/jobs?state=completed,cancelled,dead&limit=60", rng)
        except Unanswered:
            return
        if page.status_code == 200:
            for item in page.json()["items"]:
                self.sightings.setdefault(item["id"], sighting(item))
        elif page.status_code != 503:
            self.surprises.append(f"GET /jobs answered {page.status_code}: {page.text:.300}")

    # -- what they ask for

    def _key(self) -> str:
        self._count += 1
        return f"k{self._seed}-{self._count}"

    def _wanted(self, rng: random.Random) -> Wanted:
        name = rng.choices(list(MIX), list(MIX.values()))[0]
        args: dict[str, Any] = {"key": self._key()}
        match name:
            case "slow":
                args["seconds"] = rng.choice([0.2, 0.7, 1.5, 3.0])
            case "in_thread" | "in_process":
                args["seconds"] = round(rng.uniform(0.05, 0.8), 2)
            case "flaky":
                args["failures"] = rng.randrange(1, 4)
            case _:
                pass
        return name, args

    def _when(self, rng: random.Random) -> dict[str, Any]:
        return {"delay": round(rng.uniform(0.3, 6.0), 2)} if rng.random() < 0.12 else {}
