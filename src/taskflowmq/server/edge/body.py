"""How much a request may cost: bytes, seconds and nesting, each refused before the work is done (S29, F43)."""

from __future__ import annotations

import asyncio
import contextlib
import gc
import json
import re
from collections.abc import Awaitable, Callable, Coroutine, Generator, Iterator
from typing import Any, TypeVar

import msgspec

from taskflowmq.client.codec import split_path
from taskflowmq.core.errors import FieldError, InvalidJob
from taskflowmq.core.validation import MAX_DEPTH, check_storable
from taskflowmq.server.edge.problems import Problem, overloaded

Receive = Callable[[], Awaitable[Any]]
T = TypeVar("T")

#: Never backtracks: backtracking over a string of megabytes would need a gigabyte of memory.
#: A string that is not closed ends with the text: otherwise each of its escaped quotes would begin another match.
_TOKENS = re.compile(rb'"(?:[^"\\]++|\\.)*+(?:"|\\?\Z)|[\[\]{}:,]', re.DOTALL)
#: How much of a body is read, token by token, to describe an error in it.
_LOOK_BYTES = 64 * 1024
_LARGE_BYTES = 64 * 1024
#: The longest body that is read a second time, by a parser that takes more than JSON.
_READ_AGAIN_BYTES = 256 * 1024
_STEP = re.compile(r"\.([^.\[\]]+)|\[(\d+|\.\.\.)\]")
_UNKNOWN_FIELD = re.compile(r"Object contains unknown field `(.{0,80})", re.DOTALL)
_MISSING_FIELD = re.compile(r"Object missing required field `(.{0,80})", re.DOTALL)


class ClientGone(Exception):
    """The client disconnected before its request was complete; there is no one to answer."""


class Bodies:
    """Bytes of bodies that have begun to come in: many that are within the limit are too much together.

    Args:
        most: most bytes of all of them.
    """

    def __init__(self, most: int) -> None:
        self._most = most
        self._held = 0

    def take(self, size: int) -> None:
        """Reserve bytes.

        Raises:
            Problem: 503, there is none.
        """
        if self._held + size > self._most:
            raise overloaded()
        self._held += size

    def give_back(self, size: int) -> None:
        """Release bytes."""
        self._held -= size


async def read_body(receive: Receive, declared: bytes | None, limit: int, seconds: float, bodies: Bodies) -> bytes:
    """Read a request body of at most ``limit`` bytes within ``seconds``.

    Args:
        receive: the ASGI callable.
        declared: the Content-Length header, if any.
        limit: most bytes.
        seconds: most seconds until the last byte.
        bodies: what all bodies may hold together.

    Raises:
        Problem: 413 as soon as the body is known to be too large, 408 when it came too slowly.
        ClientGone: the connection ended first.
    """
    if declared is not None and declared.isdigit() and int(declared) > limit:
        raise too_large(limit)
    first = await _next(receive, seconds)
    body = first.get("body", b"")
    if len(body) > limit:
        raise too_large(limit)
    if not first.get("more_body"):
        return bytes(body)
    try:
        async with asyncio.timeout(seconds):
            return await _read_rest(receive, body, limit, bodies)
    except TimeoutError as error:
        raise _too_slow(seconds) from error


async def _next(receive: Receive, seconds: float) -> Any:
    waiting = receive().__await__()
    try:
        # Nearly always the body has come together with the head. Then there is nothing to wait for, and a deadline
        # would cost more than the rest of the reading.
        blocker = next(waiting)
    except StopIteration as done:
        message = done.value
    else:
        message = await _next_within(_Started(waiting, blocker), seconds)
    if message["type"] == "http.disconnect":
        raise ClientGone
    return message


async def _next_within(waiting: Awaitable[Any], seconds: float) -> Any:
    try:
        async with asyncio.timeout(seconds):
            return await waiting
    except TimeoutError as error:
        raise _too_slow(seconds) from error


class _Started(Generator[Any, Any, Any]):
    """An awaitable whose first step was taken before: that step's blocker comes first, then all others.

    Args:
        steps: the iterator of ``__await__``.
        blocker: what the first step waits for.
    """

    def __init__(self, steps: Any, blocker: Any) -> None:
        self._steps = steps
        self._first = [blocker]

    def __await__(self) -> Generator[Any, Any, Any]:
        """Return self."""
        return self

    def send(self, value: Any) -> Any:
        """Take the next step."""
        return self._first.pop() if self._first else self._steps.send(value)

    def throw(self, *error: Any) -> Any:
        """Pass an error, such as the deadline's cancellation, to the inner iterator."""
        return self._steps.throw(*error)


async def _read_rest(receive: Receive, first: bytes, limit: int, bodies: Bodies) -> bytes:
    # One buffer: of a body that comes byte by byte, a list of its parts would take forty times as much.
    whole, taken = bytearray(first), 0
    try:
        while True:
            message = await receive()
            if message["type"] == "http.disconnect":
                raise ClientGone
            part = message.get("body", b"")
            if len(whole) + len(part) > limit:
                raise too_large(limit)
            bodies.take(len(part))
            taken += len(part)
            whole += part
            if not message.get("more_body"):
                return bytes(whole)
    finally:
        bodies.give_back(taken)


async def drop_body(receive: Receive, limit: int) -> None:
    """Read and drop the rest of a body, at most about ``limit`` bytes of it.

    Raises:
        ClientGone: the connection ended.
    """
    dropped = 0
    while dropped < limit:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise ClientGone
        dropped += len(message.get("body", b""))
        if not message.get("more_body"):
            return


async def unless_gone(receive: Receive, work: Coroutine[Any, Any, T]) -> T:
    """Return the result of ``work``; end it at once if the client disconnects. The request's body must have been read.

    Raises:
        ClientGone: it disconnected.
    """
    tasks = asyncio.ensure_future(work), asyncio.ensure_future(_until_gone(receive))
    working, _ = tasks
    try:
        await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        if not working.done():
            raise ClientGone
        return working.result()
    finally:
        for task in tasks:
            task.cancel()


async def _until_gone(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass


def too_large(limit: int) -> Problem:
    """Return the answer to a body above the limit; the connection ends with it."""
    return Problem(413, "too_large", f"The body may have at most {limit} bytes", headers=(("Connection", "close"),))


def _too_slow(seconds: float) -> Problem:
    detail = f"The body must arrive within {seconds:g} seconds"
    return Problem(408, "too_slow", detail, headers=(("Connection", "close"),))


def decode_body(kind: type[T], body: bytes | msgspec.Raw) -> T:
    """Decode a JSON body strictly.

    Raises:
        Problem: 400, the body is no JSON.
        InvalidJob: it is JSON, but a field is wrong; the error names it.
    """
    if body == b"":
        raise no_body()
    decoder = _decoder_of(kind)
    try:
        if len(memoryview(body)) < _LARGE_BYTES:
            return decoder.decode(body)
        with _uncollected():
            return decoder.decode(body)
    except msgspec.ValidationError as error:
        raise invalid(str(error)) from error
    except RecursionError as error:
        raise InvalidJob.at(_deep_field(body), f"nested deeper than {MAX_DEPTH} levels") from error
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise _malformed(body, str(error)) from error


@contextlib.contextmanager
def _uncollected() -> Iterator[None]:
    """Disable the garbage collector: it would walk 300,000 new lists repeatedly, which takes four times as long."""
    enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if enabled:
            gc.enable()


def inside(index: int, error: InvalidJob) -> InvalidJob:
    """Return the error of one job as an error of the list that contains it."""
    prefix = f"/jobs/{index}"
    errors = tuple(FieldError(prefix + one.pointer, one.detail) for one in error.errors)
    return InvalidJob(f"jobs.{index}.{error.detail}", errors)


def no_body() -> Problem:
    """Return the answer to a request that should have had a body."""
    return Problem(400, "malformed_json", "The request needs a JSON body")


_decoders: dict[object, Any] = {}


def _decoder_of(kind: type[T]) -> msgspec.json.Decoder[T]:
    """Return the decoder of a type; building one costs far more than using it."""
    decoder: msgspec.json.Decoder[T] | None = _decoders.get(kind)
    if decoder is None:
        decoder = _decoders[kind] = msgspec.json.Decoder(kind)
    return decoder


def invalid(message: str) -> InvalidJob:
    """Turn msgspec's sentence ("Expected `int`, got `str` - at `$.priority`") into an error that names the field."""
    what, path = split_path(message)
    pointer = "".join(f"/{name or index}" for name, index in _STEP.findall(path))
    for pattern, detail in ((_UNKNOWN_FIELD, "is not a field of this request"), (_MISSING_FIELD, "is required")):
        found = pattern.match(what)
        if found:
            return InvalidJob.at(f"{pointer}/{found[1].removesuffix('`')}", detail)
    detail = what.replace("`", "")[:300]
    return InvalidJob.at(pointer, detail) if pointer else InvalidJob(f"the body: {detail}", (FieldError("/", detail),))


def _malformed(body: bytes | msgspec.Raw, detail: str) -> Exception:
    """Name the field when the body is JSON but for NaN, Infinity or a lone surrogate (F42); otherwise say 400.

    A long body is not read again for it: that would take seconds in which no other request is served.
    """
    plain = Problem(400, "malformed_json", detail)
    if len(memoryview(body)) > _READ_AGAIN_BYTES:
        return plain
    try:
        # The stdlib's parser accepts those three, so that the check after it can locate them.
        check_storable(json.loads(bytes(body)), "")
    except InvalidJob as named:
        return named
    except (ValueError, RecursionError):
        return plain
    return plain


def _deep_field(body: bytes | msgspec.Raw) -> str:
    """Return the pointer of the top-level field in which nesting passed the limit, if that is near the beginning."""
    depth, last, field = 0, b"", b""
    for match in _TOKENS.finditer(bytes(memoryview(body)[:_LOOK_BYTES])):
        token = match[0]
        if token == b":" and depth == 1:
            field = last
        elif token in (b"{", b"["):
            depth += 1
        elif token in (b"}", b"]"):
            depth -= 1
        if depth > MAX_DEPTH:
            break
        last = token
    else:
        return "/"
    name = field.strip(b'"').decode("utf-8", "replace")[:80]
    return f"/{name}"
