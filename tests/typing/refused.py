"""Uses that a type checker must refuse: every ignore here is needed, or the check of unused ones fails."""

from __future__ import annotations

from taskflowmq import Context, Retry, TaskFlow, Unique, task

app = TaskFlow("sqlite:///typing.db")


@app.task
async def send(ctx: Context, to: str, count: int = 1) -> str:
    return to


@task
def plain(x: int) -> int:
    return x


async def wrong_arguments(ctx: Context) -> None:
    await send.aenqueue(1)  # type: ignore[arg-type]
    await send.aenqueue()  # type: ignore[call-arg]
    await send.aenqueue("a", "b")  # type: ignore[arg-type]
    await send.aenqueue("a", size=1)  # type: ignore[call-arg]
    await send.aenqueue(ctx, "a")  # type: ignore[arg-type]
    send.enqueue("a", 1, 2)  # type: ignore[call-arg]
    send.job(to=None)  # type: ignore[arg-type]
    send.using(delay=1).enqueue(3)  # type: ignore[arg-type]
    await send("a")  # type: ignore[call-arg, arg-type]
    plain("x")  # type: ignore[arg-type]


async def wrong_results() -> None:
    number: int = await (await send.aenqueue("a")).aresult()  # type: ignore[assignment]
    text: str = plain.enqueue(1).result()  # type: ignore[assignment]
    send.enqueue("a").result(timeout="soon")  # type: ignore[arg-type]
    print(number, text)


def wrong_options() -> None:
    plain.using(dealy=1)  # type: ignore[call-arg]
    plain.using(priority="high")  # type: ignore[arg-type]
    plain.using(unique=True)  # type: ignore[arg-type]
    plain.using(run_at="tomorrow")  # type: ignore[arg-type]
    app.task(queue=3)  # type: ignore[call-overload]
    app.task(retries=3)  # type: ignore[call-overload]
    app.task(retry=3)  # type: ignore[call-overload]
    Unique(until="never")  # type: ignore[arg-type]
    Unique(on_conflict="panic")  # type: ignore[arg-type]
    Retry(max_attempts="many")  # type: ignore[arg-type]


def wrong_calls() -> None:
    app.enqueue_many([send])  # type: ignore[list-item]
    app.enqueue_many([send.enqueue("a")])  # type: ignore[list-item]
    app.send(send, {})  # type: ignore[arg-type]
    app.send("send", ["a"])  # type: ignore[arg-type]
    app.jobs.get(3)  # type: ignore[arg-type]
    app.include("module.name")  # type: ignore[arg-type]
    app.include([wrong_calls])  # type: ignore[list-item]
