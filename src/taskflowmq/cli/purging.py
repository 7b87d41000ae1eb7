"""``taskflow queues purge``: count, ask for the name, delete."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Sequence
from typing import Any

import click

from taskflowmq.cli.exits import CommandError
from taskflowmq.cli.matching import to_the_end
from taskflowmq.cli.output import emit_json, say
from taskflowmq.cli.program import caller
from taskflowmq.client.queues import find_queue
from taskflowmq.core.bulk import PURGED, Counted, purge_filter
from taskflowmq.core.filters import read_states
from taskflowmq.core.job import State
from taskflowmq.core.printable import counted

#: The counts before the question are exact, unless they take longer.
_MOST, _COUNT_S = 100_000_000, 2.0


async def purge_queue(app: Any, queue: str, states: Sequence[str] | None, given: dict[str, Any]) -> None:
    """Purge a queue as the command says.

    Args:
        app: open.
        queue: its name.
        states: of the jobs; None: those that wait.
        given: the options of the command.

    Raises:
        UsageError: there is no terminal to ask on.
        CommandError: another name was typed, or the operation failed.
    """
    find_queue(await app.queues.alist(), queue)  # a name that is misspelt is said before anything is counted
    wanted = PURGED if states is None else read_states(states)
    purge_filter(queue, wanted)
    counts = {state: await _count(app, queue, state) for state in wanted}
    total = sum(one.value for one in counts.values())
    if given["dry_run"] or not total:
        _show(queue, counts, as_json=given["as_json"])
        return
    if not given["yes"]:
        await _ask(queue, counts, total)
    bulk = await app.queues.apurge(queue, state=wanted, reason=given["reason"], rate=given["rate"], actor=caller())
    await to_the_end(app, bulk, detach=given["detach"], as_json=given["as_json"])


async def _count(app: Any, queue: str, state: State) -> Counted:
    found: Counted = await app.jobs.acount(purge_filter(queue, [state]), most=_MOST, seconds=_COUNT_S)
    return found


async def _ask(queue: str, counts: dict[State, Counted], total: int) -> None:
    """Ask for the name of the queue; without a terminal, refuse."""
    if not sys.stdin.isatty():
        raise click.UsageError(
            f"this would delete {counted(total, 'job')} of queue {queue}: add --yes to do it all the same, or --dry-run"
        )
    say(f"This deletes from queue {queue}: {_listed(counts)}.", err=True)
    typed = await asyncio.to_thread(click.prompt, "Type the name of the queue to delete them", err=True)
    if typed != queue:
        raise CommandError(f"{typed!r:.80} is not {queue!r}: nothing was deleted")


def _listed(counts: dict[State, Counted]) -> str:
    return ", ".join(
        f"{'' if one.exact else 'at least '}{one.value:,} {state}" for state, one in counts.items() if one.value
    )


def _show(queue: str, counts: dict[State, Counted], *, as_json: bool) -> None:
    if as_json:
        found = {state: {"value": one.value, "exact": one.exact} for state, one in counts.items()}
        emit_json({"queue": queue, "states": found})
    else:
        say(f"Would purge queue {queue} of {_listed(counts) or 'no jobs'}.")
