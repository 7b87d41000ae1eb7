"""The simulated cluster: processes, the calls between them and the store, and everything that may go wrong with both.

Nothing here is random. Who explores (the seeded runner, hypothesis) chooses what happens next: which call the store
does, what is lost, who dies. After every step the rows are read, compared with the model's, and the invariants checked.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Collection, Sequence
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from tests.simulation import checkers
from tests.simulation.backends import Backend, ModelBackend, seams
from tests.simulation.gate import Call
from tests.simulation.history import History, Step, short
from tests.simulation.loop import VirtualLoop
from tests.simulation.nodes import LEASE, QUEUES, SWEEP, TENANTS, Node, make_node
from tests.simulation.oracle import Oracle, plain
from tests.simulation.snapshot import EPOCH

from taskflowmq.core.errors import StoreUnavailable, TaskFlowError
from taskflowmq.core.history import By
from taskflowmq.core.job import QueueRef, State
from taskflowmq.ports.chance import chance
from taskflowmq.ports.store import HistoryQuery

NOON = datetime(2031, 5, 6, 12, 0, tzinfo=UTC)
#: Calls that only read: the rows after them are the rows before.
READS = frozenset(
    "jobs.get jobs.get_many jobs.attempts jobs.list_jobs jobs.list_rows stats.count stats.count_all"
    " stats.list_ready_tenants queues.list_queues workers.orphaned workers.held_jobs workers.suspects_ready"
    " workers.get workers.first_jobs"
    " workers.list_workers claims.requests claims.paused_queues intake.list_tasks upkeep.check"
    " upkeep.failures upkeep.duties stats.sizes"
    " probes.revision probes.probe_jobs probes.probe_page history.now history.read"
    " history.read_backlog inspections.get inspections.list_of".split()
)
#: Every so many steps the rows are read after a read, too, and views are compared.
LOOK_EVERY = 40


class Violation(AssertionError):
    """An invariant does not hold, or a store and the model differ; the message holds the history."""


class StoreClock:
    """The store's clock: the simulation's time, plus what somebody stepped it by."""

    def __init__(self, loop: VirtualLoop) -> None:
        self._loop = loop
        self.offset = self.furthest = 0.0

    def step(self, seconds: float) -> None:
        """Step it."""
        self.offset += seconds
        self.furthest = max(self.furthest, self.offset)

    def monotonic(self) -> float:
        return self._loop.time()

    def now(self) -> datetime:
        # Whole microseconds, as both databases keep them.
        return NOON + timedelta(microseconds=round((self._loop.time() + self.offset) * 1_000_000))

    async def sleep(self, seconds: float) -> None:
        raise AssertionError("stores do not sleep")


class World:
    """One simulation.

    Args:
        open_backend: opens what to run over, by the store's clock.
        seed: of everything that the engine itself draws (jitter, identities).
        wakes: tells whether a wake-up arrives.
        tenants: how many tenants the clients have.
    """

    def __init__(
        self,
        open_backend: Callable[[StoreClock], Backend],
        seed: int,
        wakes: Callable[[], bool] = lambda: True,
        *,
        tenants: int = 1,
    ) -> None:
        self.tenants = TENANTS[:tenants]
        self._stack = ExitStack()
        self.loop = VirtualLoop()  # type: ignore[abstract]  # sockets, signals and processes are not simulated
        self.clock = StoreClock(self.loop)
        for source in (random, chance):  # Python's, and the one of the product
            self._stack.callback(source.setstate, source.getstate())
            source.seed(seed)
        self._identities = random.Random(seed + 1)
        self._stack.enter_context(seams(self.loop.time, self.new_uuid))
        self.backend = open_backend(self.clock)
        self._stack.callback(self.backend.close)
        self.oracle = None if isinstance(self.backend, ModelBackend) else Oracle(self.clock)
        self.history = History()
        self.snap = self.backend.snapshot()
        self.nodes: list[Node] = []
        self._incarnations: dict[str, int] = {}
        #: Calls that wait for the store, answers on their way back, and calls that nobody waits for any more.
        self.asked: list[Call] = []
        self.replies: list[Call] = []
        self.ghosts: list[Call] = []
        self._dropped: list[str] = []
        self._closing = False
        self.away_until = float("-inf")
        self._away_since: float | None = None
        self._wakes = wakes

    # -- who takes part

    def new_uuid(self) -> UUID:
        """Make an identity."""
        return UUID(int=self._identities.getrandbits(128), version=4)

    def start(self, kind: str, role: str, **given: Any) -> Node:
        """Start a process of a kind; ``role`` names it through all its lives."""
        life = self._incarnations[role] = self._incarnations.get(role, 0) + 1
        node = make_node(self, kind, role, f"{role}.{life}", **given)
        self.nodes.append(node)
        self.event(node.name, "starts")
        node.boot()
        self.settle()
        return node

    def living(self, *kinds: str) -> list[Node]:
        """Return the processes that live, stopped ones included."""
        return [node for node in self.nodes if not node.dead and (not kinds or node.kind in kinds)]

    def kill(self, node: Node, code: int = -9) -> None:
        """End a process as kill -9 does. What it had asked for may still be done."""
        if node.dead or self._closing:
            return
        self.event(node.name, "dies", code)
        self.loop.hold()
        node.dead = True
        mine = [call for call in self.asked if call.process is node]
        self.asked = [call for call in self.asked if call.process is not node]
        self.replies = [call for call in self.replies if call.process is not node]
        self.ghosts += mine
        self._dropped.append(node.name)
        for child in node.children:
            self.kill(child, 1)
        node.ended(code)
        self.settle()

    def stop(self, node: Node) -> None:
        """SIGSTOP."""
        self.event(node.name, "stops")
        self.loop.stop_process(node)
        for child in node.children:
            if not child.dead:
                self.loop.stop_process(child)

    def wake_up(self, node: Node) -> None:
        """SIGCONT."""
        self.event(node.name, "wakes")
        for one in (node, *node.children):
            self.loop.wake_process(one)
        self.settle()

    # -- time

    def settle(self) -> None:
        """Let everybody go on until all wait. Inside a callback of theirs it does nothing: they go on anyway."""
        if self.loop.turning:
            return
        self.loop.turn()
        while self._dropped:
            self.backend.drop(self._dropped.pop())
        if self.loop.errors:
            raise Violation(f"an error that nobody handled: {self.loop.errors}\n{self.history.about([])}")

    def advance(self, seconds: float) -> None:
        """Let time pass, at most until somebody asks the store for something."""
        until, waiting = self.loop.time() + seconds, len(self.asked)
        while len(self.asked) == waiting:
            at = self.loop.next_timer()
            if at is None or at > until:
                self.loop.advance(until)
                break
            self.loop.advance(at)
        self.settle()
        self._look_at_outage()

    def step_clock(self, seconds: float) -> None:
        """Step the store's clock."""
        self.clock.step(seconds)
        self.event("the store", "clock", f"{seconds:+.0f} s")
        turned = self.history.facts.turned_us
        now = (self.clock.now() - EPOCH) // timedelta(microseconds=1)
        # A clock that was behind for a moment and comes back shows nobody a gap: who renewed in that moment is lost,
        # which is harmless.
        if turned is not None and seconds > 0 and now - turned > 3 * SWEEP * 1_000_000:
            self.event("the store", "blind")

    def go_away(self, seconds: float) -> None:
        """Let the database be away for a while."""
        if self._away_since is None:
            self._away_since = self.loop.time()
        self.away_until = max(self.away_until, self.loop.time() + seconds)
        self.event("the store", "away", f"{seconds:.1f} s")

    def _look_at_outage(self) -> None:
        if self._away_since is not None and self.loop.time() >= self.away_until:
            long = self.away_until - self._away_since > 3 * SWEEP
            self._away_since = None
            self.event("the store", "back")
            if long:
                self.event("the store", "blind")

    def wake(self, queues: Collection[QueueRef]) -> None:
        """Pass a wake-up on to everybody who listens."""
        for queue in sorted(queues):
            for node in self.living("worker", "child"):
                if self._wakes():
                    node.gate.hear(queue)

    # -- calls

    def execute(self, call: Call, fault: str = "") -> None:
        """Let the store do a waiting call, or not.

        Args:
            call: one of ``asked``.
            fault: "" the answer arrives; "slow" it arrives later; "refused" nothing is done, and the caller is told so;
                "lost" it is done, and the caller is told that it failed; "late" the caller is told that it failed, and
                it is done some time; "twice" it is done, answered, and some time done again.
        """
        self.asked.remove(call)
        self._look_at_outage()
        if self.loop.time() < self.away_until:
            fault = "refused"
        if fault in ("refused", "late"):
            self._record(call, done=False, fault=fault, error="StoreUnavailable")
            if fault == "late":
                self.ghosts.append(_again(call))
            call.deliver(StoreUnavailable("simulated: the store did not answer"))
            self.settle()
            return
        reply = self._do(call, fault)
        if fault == "twice":
            self.ghosts.append(_again(call))
        if fault == "lost":
            reply = StoreUnavailable("simulated: the answer was lost")
        if fault == "slow":
            call.reply = reply
            self.replies.append(call)
        else:
            call.deliver(reply)
        self._wake_after(call, reply)
        self.settle()

    def deliver(self, call: Call) -> None:
        """Let a slow answer arrive."""
        self.replies.remove(call)
        self.event(call.process.name, "hears", call.name)
        call.deliver(call.reply)
        self.settle()

    def haunt(self, call: Call) -> None:
        """Let the store do a call that nobody waits for."""
        self.ghosts.remove(call)
        self._look_at_outage()
        if self.loop.time() >= self.away_until:
            self._do(call, "nobody waits")

    def ask_directly(self, part: str, method: str, *args: Any, **kwargs: Any) -> Any:
        """Do a call now, as an operator."""
        call = Call(_Operator("operator"), (part, method), args, kwargs)
        call.asked = self.loop.time()
        return self._do(call, "")

    def _do(self, call: Call, fault: str) -> Any:
        before = self.snap
        reply: Any
        try:
            reply = self.backend.call(call.process.name, *call.what, call.args, call.kwargs)
        except TaskFlowError as refusal:
            reply = refusal
        wrong: list[str] = []
        if self.oracle is not None:
            said = reply
            wrong = self.oracle.follow(self.backend.name, call.what, call.args, call.kwargs, said)
        if call.name not in READS or len(self.history.steps) % LOOK_EVERY == 0:
            self.snap = self.backend.snapshot()
        error = repr(reply) if isinstance(reply, BaseException) else ""
        step = self._record(call, fault=fault, error=error, answer=None if error else reply)
        seen = checkers.Seen(before, step, self.snap, self.history.facts, LEASE)
        wrong += checkers.check(seen)
        self.history.facts.take(step)
        if self.oracle is not None and self.snap is not before:
            wrong += self.oracle.differences(self.backend.name, self.snap)
            if step.number % LOOK_EVERY == 0:
                wrong += self._compare_views(step.number)
        if isinstance(reply, StoreUnavailable):
            wrong.append(f"{self.backend.name} said that it is away: {reply!r}")
        if wrong:
            self.fail(wrong)
        return reply

    def _compare_views(self, number: int) -> list[str]:
        """Compare what readers see of a few jobs, and the counts."""
        if self.oracle is None:
            return []
        known = sorted(self.snap.jobs)
        chosen = known[number // LOOK_EVERY % 5 :: 5][-8:]
        asked: list[tuple[str, str, tuple[Any, ...]]] = [("stats", "count_all", ())]
        for tenant in self.tenants:
            asked += [("jobs", "get_many", (tenant, chosen)), ("stats", "count", (tenant,))]
            asked += [("history", "read", (self._recent_figures(tenant, by),)) for by in (By.QUEUE, By.NODE)]
        asked += [("jobs", "attempts", (self.snap.jobs[job_id].tenant, job_id)) for job_id in chosen]
        wrong = []
        for part, method, args in asked:
            theirs = plain(self.backend.call("reader", part, method, args, {}))
            ours = plain(self.oracle.model.call("oracle", part, method, args, {}))
            if ours != theirs:
                wrong.append(f"{part}.{method}: {self.backend.name} shows\n{theirs}\nthe model\n{ours}")
        return wrong

    def _recent_figures(self, tenant: str, by: By) -> HistoryQuery:
        now = self.clock.now().replace(minute=0, second=0, microsecond=0)
        around = timedelta(hours=3)
        return HistoryQuery(tenant=tenant, since=now - around, until=now + around, step_s=60, by=by)

    def _wake_after(self, call: Call, reply: Any) -> None:
        """What a store does after it made jobs ready."""
        if isinstance(reply, TaskFlowError):
            return
        if call.name == "intake.enqueue":
            self.wake({QueueRef(job.tenant, job.queue) for job in call.args[0]})
        elif call.name in ("jobs.retry", "jobs.move", "queues.resume") or _gives_back(call):
            self.wake([QueueRef(tenant, queue) for tenant in self.tenants for queue in QUEUES])

    # -- the record

    def event(self, actor: str, what: str, *args: Any) -> None:
        """Record something that is no store call, and check what it says about the rows."""
        if self._closing:
            return
        step = self._step(actor, what, args)
        self.history.steps.append(step)
        wrong = checkers.check(checkers.Seen(self.snap, step, self.snap, self.history.facts, LEASE))
        self.history.facts.take(step)
        if wrong:
            self.fail(wrong)

    def _record(self, call: Call, **said: Any) -> Step:
        step = self._step(call.process.name, call.name, call.args, asked=call.asked, kwargs=call.kwargs, **said)
        self.history.steps.append(step)
        return step

    def _step(self, actor: str, what: str, args: tuple[Any, ...], **more: Any) -> Step:
        at, now = self.loop.time(), self.clock.now()
        number = self.history.count = self.history.count + 1
        store_us = (now - EPOCH) // timedelta(microseconds=1)
        return Step(number=number, at=at, store_us=store_us, actor=actor, what=what, args=args, **more)

    def fail(self, wrong: Sequence[str]) -> None:
        """Say what is wrong, with the history of the jobs that it names."""
        text = "\n".join(wrong)
        named = [job_id for job_id in self.history.facts.wanted if str(job_id) in text or short(job_id) in text]
        raise Violation(f"{text}\n\n{self.history.about(named[:3])}")

    # -- the end

    def close(self) -> None:
        """End every process properly and close the store."""
        self._closing = True
        try:
            for node in self.nodes:
                node.gate.closed = True
            self.loop.unwind(list(self.nodes))
            for node in self.nodes:
                node.bury()
        finally:
            self._stack.close()


class _Operator(Node):
    """Somebody at a console."""

    def __init__(self, name: str) -> None:
        self.name, self.dead, self.stopped = name, False, False


def _gives_back(call: Call) -> bool:
    return call.name == "claims.settle" and any(change.to is State.PENDING for change in call.args[0])


def _again(call: Call) -> Call:
    other = Call(call.process, call.what, call.args, call.kwargs)
    other.asked = call.asked
    return other
