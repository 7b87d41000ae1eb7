"""The first minute with TaskFlow: real work on one SQLite file, and what a failure looks like.

``make run`` starts this with ``taskflow dev quickstart:app --demo quickstart:demo``. The demo starts a local mail sink,
then enqueues pictures to resize, a table to export, a mail, an HTTP call to this very server, and a job that fails.
Everything lands below ``output/``.
"""

from __future__ import annotations

import logging
import os
import socket
from pathlib import Path

from taskflowmq import Context, JobFailed, TaskFlow, Unique
from taskflowmq.tasks import registry

HERE = Path(__file__).parent
OUTPUT = HERE / "output"


def _free_port() -> int:
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        port: int = sock.getsockname()[1]
        return port


# The worker is another process: what it must know travels in its environment, set before it starts.
os.environ.setdefault("TASKFLOW_FILES_DIR", str(OUTPUT))
os.environ.setdefault("TASKFLOW_SMTP_URL", f"smtp://127.0.0.1:{_free_port()}?tls=none")
os.environ.setdefault("TASKFLOW_SMTP_FROM", "quickstart@example.org")
os.environ.setdefault("TASKFLOW_HTTP_ALLOW", "127.0.0.1")

logging.getLogger("mail.log").setLevel(logging.WARNING)  # the sink's dialogue would drown the worker's lines

app = TaskFlow()
app.include(registry)


@app.task(queue="greetings")
async def greet(ctx: Context, name: str, times: int = 1) -> str:
    """Say hello; shows the context, progress and a typed result."""
    for done in range(times):
        ctx.progress((done + 1) / times)
    ctx.log.info("greeted")
    return f"Hello, {name}! (attempt {ctx.attempt})"


def draw_picture(path: Path, text: str) -> None:
    """Draw the picture that the demo resizes."""
    from PIL import Image, ImageDraw  # here and not above: the worker imports this file too, and draws nothing

    picture = Image.new("RGB", (1600, 900), "#16517b")
    pen = ImageDraw.Draw(picture)
    for step in range(0, 1600, 80):
        pen.line([(step, 0), (1600 - step, 900)], fill="#f19829", width=6)
    pen.text((60, 60), text, fill="white")
    picture.save(path)


async def demo(base_url: str) -> None:
    """Enqueue one of everything and print what came of it.

    Args:
        base_url: where the API of this run answers.
    """
    from smtp_sink import MailSink

    OUTPUT.mkdir(exist_ok=True)
    port = int(os.environ["TASKFLOW_SMTP_URL"].rsplit(":", 1)[1].partition("?")[0])
    async with MailSink(OUTPUT / "mail", port):
        for name in ("sunrise", "sunset"):
            draw_picture(OUTPUT / f"{name}.png", name)
        handles = [
            await app.asend("test", {"message": "two seconds of work"}),
            await app.asend("image-resize", {"source": "sunrise.png", "width": 320}),
            await app.asend("image-resize", {"source": "sunset.png", "width": 640, "format": "webp"}),
            await app.asend(
                "csv-export",
                {"filename": "people.csv", "rows": [{"name": "Ada", "born": 1815}, {"name": "=2+2", "born": 1912}]},
            ),
            await app.asend(
                "email", {"to": "ada@example.org", "subject": "It works", "body": "Sent by a background job."}
            ),
            await app.asend("http", {"url": f"{base_url}/health/live"}),
            await greet.using(unique=Unique(period=60)).aenqueue("world", times=3),
        ]
        failing = await app.asend("failing-job", {"message": "on purpose, at every attempt"})
        for handle in handles:
            result = str(await handle.aresult(timeout=30))
            print(f"  {(await handle.ajob()).task:<14} {result:.90}", flush=True)
        try:
            await failing.aresult(timeout=30)
        except JobFailed as error:
            print(f"  {'failing-job':<14} dead after 3 attempts ({error.reason})", flush=True)
    print(f"Done. Look into {OUTPUT} and at {base_url} (the dashboard). Ctrl-C ends.", flush=True)
