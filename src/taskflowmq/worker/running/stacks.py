"""Where a body is: the calls of a coroutine that runs or waits, of the tasks it waits for, and of a thread.

Only code objects and line numbers are read, never the variables of a handler. What must stay true: a job that is not
looked at pays nothing for this; all is found from what there is anyway.
"""

from __future__ import annotations

import asyncio
import functools
import linecache
import logging
import sys
import threading
from collections.abc import Iterable, Sequence
from types import AsyncGeneratorType, CodeType, CoroutineType, FrameType, GeneratorType
from typing import Any

from taskflowmq.core.inspection import MAX_FRAMES, MAX_STACKS, OUTER_FRAMES, Frame, Stack, frame_of, stack_of
from taskflowmq.worker.running.blocking_probe import probed

log = logging.getLogger("taskflowmq.worker")

#: Frames of these modules around a body are not part of it.
_OWN = "taskflowmq.worker."
#: The worker's functions that run a body in a thread; their variable ``run`` says which.
_THREAD_BODIES = ("_thread_body", "_surrounded")
#: Calls that are read of one stack.
_MOST_CALLS = 20_000
#: Tasks of a loop that are looked through for those that a body waits for.
_MOST_TASKS = 10_000


def calls_of(frame: FrameType | None) -> list[FrameType]:
    """Return the calls of a thread, outermost first."""
    found: list[FrameType] = []
    while frame is not None and len(found) < _MOST_CALLS:
        found.append(frame)
        frame = frame.f_back
    found.reverse()
    return found


def of_body(calls: Sequence[FrameType]) -> Sequence[FrameType]:
    """Return calls without those around the body: the worker's, and what is around these."""
    first = next((index for index, frame in enumerate(calls) if _is_own(frame)), None)
    if first is None:
        return calls
    while first < len(calls) and _is_own(calls[first]):
        first += 1
    return calls[first:]


def calls_of_coroutine(root: Any, thread: FrameType | None) -> tuple[list[FrameType], bool]:
    """Return the calls of a coroutine, outermost first, and whether it waits.

    Args:
        root: the coroutine of a task.
        thread: the frame that the thread of its loop runs now; None if that is the caller, so that the coroutine waits.
    """
    outermost = _look(root)[0]
    if outermost is None:
        return [], False
    calls = calls_of(thread)
    for index, frame in enumerate(calls):
        if frame is outermost:
            return calls[index:], False
    return _awaits(root), True


def awaited_tasks(task: asyncio.Task[Any], everyone: Iterable[asyncio.Task[Any]]) -> list[asyncio.Task[Any]]:
    """Return the tasks that a task waits for: directly, in a task group, or with gather, wait, wait_for or shield."""
    waiter = getattr(task, "_fut_waiter", None)
    found = [waiter] if isinstance(waiter, asyncio.Task) else []
    others = (one for one in everyone if one is not task and one is not waiter)
    return found + [one for one in others if _ends_wait(one, task, waiter)]


def tasks_below(task: asyncio.Task[Any], everyone: Sequence[asyncio.Task[Any]]) -> list[asyncio.Task[Any]]:
    """Return all tasks that a task waits for, and those that they wait for, nearest first."""
    found = [task]
    for one in found:  # which grows meanwhile
        if len(found) >= MAX_STACKS:
            break
        found += [each for each in awaited_tasks(one, everyone) if each not in found]
    return found[1:MAX_STACKS]


def tasks_of(loop: asyncio.AbstractEventLoop) -> list[asyncio.Task[Any]]:
    """Return the tasks of a loop, from any thread; none if they change too fast, or are too many to look through."""
    try:
        found = list(asyncio.all_tasks(loop))
    except RuntimeError as error:
        log.debug("the tasks of a loop cannot be listed now: %s", error)
        return []
    return found if len(found) <= _MOST_TASKS else []


def stacks_of_task(task: asyncio.Task[Any], thread: FrameType | None) -> list[Stack]:
    """Return the stack of a task of a body, and those of the tasks that it waits for.

    Args:
        task: the body's.
        thread: as for :func:`calls_of_coroutine`.
    """
    stacks = [_task_stack(task, thread)]
    if stacks[0].waits:
        stacks += [_task_stack(each, thread) for each in tasks_below(task, tasks_of(task.get_loop()))]
    return stacks


def stack_of_thread(calls: Sequence[FrameType], thread_id: int) -> Stack:
    """Return the stack of a thread that runs a body.

    Args:
        calls: of the thread, outermost first.
        thread_id: the thread.
    """
    name = next((one.name for one in threading.enumerate() if one.ident == thread_id), str(thread_id))
    shown, left_out = _shown(of_body(calls))
    return stack_of(name, "thread", shown, left_out=left_out)


def runs_in(calls: Sequence[FrameType], run: object) -> bool:
    """Tell whether the calls of a thread of the worker are those of this run; threads go from job to job."""
    return any(
        _is_own(frame) and frame.f_code.co_name in _THREAD_BODIES and frame.f_locals.get("run") is run
        for frame in calls
    )


def thread_frame(thread_id: int) -> FrameType | None:
    """Return what a thread runs now."""
    return sys._current_frames().get(thread_id)


def shown_code(code: CodeType) -> Frame:
    """Return a function as a frame of a profile."""
    return frame_of(code.co_filename, code.co_firstlineno, code.co_qualname)


def _task_stack(task: asyncio.Task[Any], thread: FrameType | None) -> Stack:
    calls, waits = calls_of_coroutine(task.get_coro(), thread)
    shown, left_out = _shown(of_body(calls))
    return stack_of(task.get_name(), "task", shown, waits=waits, left_out=left_out)


def _shown(calls: Sequence[FrameType]) -> tuple[list[Frame], int]:
    """Return frames as they are shown, and how many in the middle were not even read."""
    inner = MAX_FRAMES - OUTER_FRAMES
    if len(calls) <= MAX_FRAMES:
        return [_frame(one) for one in calls], 0
    return [_frame(one) for one in (*calls[:OUTER_FRAMES], *calls[-inner:])], len(calls) - MAX_FRAMES


def _frame(frame: FrameType) -> Frame:
    code, line = frame.f_code, frame.f_lineno or 0
    return frame_of(code.co_filename, line, code.co_qualname, _source(code.co_filename, line, frame.f_globals))


def _source(file: str, line: int, names: dict[str, Any]) -> str | None:
    """Return a source line; a loader of modules is anyone's code, and may fail in any way."""
    try:
        return linecache.getline(file, line, names) or None
    except Exception as error:  # noqa: BLE001
        log.debug("a source line of %s cannot be read: %s", file, type(error).__name__)
        return None


def _is_own(frame: FrameType) -> bool:
    return str(frame.f_globals.get("__name__", "")).startswith(_OWN)


def _awaits(root: Any) -> list[FrameType]:
    """Return the frames of a coroutine that waits: its own, that of what it awaits, and so on."""
    found: list[FrameType] = []
    step = root
    while step is not None and len(found) < _MOST_CALLS:
        frame, step = _look(step)
        if frame is None:
            break
        found.append(frame)
    return found


def _look(awaitable: Any) -> tuple[FrameType | None, Any]:
    """Return the frame of an awaitable, and what it awaits. Of exact types: attributes of others are anyone's code."""
    if type(awaitable) is CoroutineType:
        return awaitable.cr_frame, awaitable.cr_await
    if type(awaitable) is GeneratorType:
        frame = awaitable.gi_frame
        if frame is not None and frame.f_code is probed.__code__:
            return frame, frame.f_locals.get("body")  # it drives its coroutine itself
        return frame, awaitable.gi_yieldfrom
    if type(awaitable) is AsyncGeneratorType:
        return awaitable.ag_frame, awaitable.ag_await
    return None, None


def _ends_wait(other: asyncio.Task[Any], task: asyncio.Task[Any], waiter: Any) -> bool:
    """Tell whether the end of a task is what another one waits for, by what is called then."""
    for callback, *_ in getattr(other, "_callbacks", None) or ():
        if type(callback) is functools.partial:
            if waiter is not None and any(one is waiter for one in callback.args):
                return True
            continue
        if getattr(getattr(callback, "__self__", None), "_parent_task", None) is task:  # a task group
            return True
        cells = getattr(callback, "__closure__", None) or ()
        if waiter is not None and any(_holds(cell, waiter) for cell in cells):
            return True
    return False


def _holds(cell: Any, value: Any) -> bool:
    try:
        return cell.cell_contents is value
    except ValueError:  # it is empty yet
        return False
