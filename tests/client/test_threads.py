"""Where a thread is no thread, a sentence comes at once instead of a wait without end."""

from __future__ import annotations

import sys
import types

import pytest

from taskflowmq import TaskFlow, WrongContext


@pytest.mark.parametrize(
    ("module", "name", "question"),
    [("gevent.monkey", "gevent", "is_module_patched"), ("eventlet.patcher", "eventlet", "is_monkey_patched")],
)
async def test_replaced_threads_are_refused_by_name(
    monkeypatch: pytest.MonkeyPatch, sqlite_url: str, module: str, name: str, question: str
) -> None:
    fake = types.ModuleType(module)
    replaced = True
    setattr(fake, question, lambda _which: replaced)
    monkeypatch.setitem(sys.modules, module, fake)
    app = TaskFlow(sqlite_url)
    with pytest.raises(WrongContext, match=f"{name} has patched threads, queues or select"):
        await app.aopen()
    with pytest.raises(WrongContext, match="thread=False"):
        await app.jobs.alist()
    replaced = False
    async with app:
        assert (await app.jobs.alist()).items == []
