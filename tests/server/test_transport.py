"""Head and body of an answer leave together; a head that nothing follows leaves all the same."""

from __future__ import annotations

import asyncio
from urllib.parse import urlsplit

import httpx
import pytest

from taskflowmq.server.edge.transport import JoiningTransport, Outbox

HEAD = b"HTTP/1.1 201 Created\r\ncontent-length: 2\r\n\r\n"


class Wire:
    """A transport that notes what it is asked to do."""

    def __init__(self) -> None:
        self.done: list[bytes | str] = []

    def write(self, data: bytes) -> None:
        self.done.append(data)

    def close(self) -> None:
        self.done.append("close")

    def is_closing(self) -> bool:
        return "close" in self.done

    def get_extra_info(self, name: str) -> str:
        return f"the {name}"


@pytest.fixture
def wire() -> Wire:
    return Wire()


@pytest.fixture
async def transport(wire: Wire) -> JoiningTransport:
    return JoiningTransport(wire, Outbox())


async def test_head_and_body_are_one_write(wire: Wire, transport: JoiningTransport) -> None:
    transport.write(HEAD)
    assert wire.done == []
    transport.write(b"{}")
    assert wire.done == [HEAD + b"{}"]
    await asyncio.sleep(0)
    assert wire.done == [HEAD + b"{}"], "and nothing comes twice"


async def test_a_head_alone_goes_in_the_next_turn(wire: Wire, transport: JoiningTransport) -> None:
    transport.write(HEAD)
    await asyncio.sleep(0)
    transport.write(b"later")
    assert wire.done == [HEAD, b"later"]


async def test_a_connection_that_fails_holds_up_no_other() -> None:
    outbox, wires = Outbox(), [Wire(), Wire(), Wire()]
    for wire in wires:
        JoiningTransport(wire, outbox).write(HEAD)

    def fail(data: bytes) -> None:
        raise RuntimeError(f"cannot send {data!r}")

    wires[1].write = fail  # type: ignore[method-assign]
    told: list[dict[str, object]] = []
    asyncio.get_running_loop().set_exception_handler(lambda _, context: told.append(context))
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    assert [wire.done for wire in wires] == [[HEAD], [], [HEAD]]
    assert len(told) == 1


async def test_a_head_is_sent_before_the_end(wire: Wire, transport: JoiningTransport) -> None:
    transport.write(HEAD)
    transport.close()
    assert wire.done == [HEAD, "close"]
    assert transport.is_closing()


async def test_answers_keep_their_order(wire: Wire, transport: JoiningTransport) -> None:
    for part in (b"HTTP/1.1 100 Continue\r\n\r\n", HEAD, b"{}", HEAD, b"[]"):
        transport.write(part)
    await asyncio.sleep(0)
    sent = b"".join(part for part in wire.done if isinstance(part, bytes))
    assert sent == b"HTTP/1.1 100 Continue\r\n\r\n" + HEAD + b"{}" + HEAD + b"[]"


async def test_all_else_is_the_transport_s(transport: JoiningTransport) -> None:
    assert transport.get_extra_info("peername") == "the peername"


async def test_answers_without_a_body_and_permission_to_go_on(live: str) -> None:
    async with httpx.AsyncClient(base_url=live) as client:
        assert (await client.head("/api/v1/jobs")).status_code == 200
        assert (await client.delete("/api/v1/jobs/none")).status_code == 404
    url = urlsplit(live)
    reader, writer = await asyncio.open_connection(url.hostname, url.port)
    lines = ["POST /api/v1/jobs HTTP/1.1", "Host: localhost", "Content-Type: application/json"]
    writer.write("\r\n".join([*lines, "Content-Length: 19", "Expect: 100-continue", "", ""]).encode())
    async with asyncio.timeout(30):
        assert await reader.readuntil(b"\r\n\r\n") == b"HTTP/1.1 100 Continue\r\n\r\n"
        writer.write(b'{"task":"anything"}')
        assert (await reader.readuntil(b"\r\n\r\n")).startswith(b"HTTP/1.1 201 ")
    writer.close()


async def test_a_head_for_nobody_is_dropped(wire: Wire, transport: JoiningTransport) -> None:
    transport.write(HEAD)
    wire.close()  # the client hung up
    await asyncio.sleep(0)
    assert wire.done == ["close"]


STORE = b'{"task": "greet", "args": {"name": "Ada"}}'
LINE = b"POST /api/v1/jobs%s HTTP/1.1\r\nhost: localhost\r\nx-request-id: 0123456789abcdef\r\n%s"
FIELDS = b"content-type: application/json\r\ncontent-length: %d\r\n\r\n%s" % (len(STORE), STORE)


async def asked(address: str, *requests: bytes) -> list[bytes]:
    """Send requests on one connection at once, and return the heads of the answers."""
    parts = urlsplit(address)
    reader, writer = await asyncio.open_connection(parts.hostname, parts.port)
    writer.write(b"".join(requests))
    heads = []
    for _ in requests:
        heads.append(await reader.readuntil(b"\r\n\r\n"))
        length = next(line for line in heads[-1].lower().split(b"\r\n") if line.startswith(b"content-length:"))
        await reader.readexactly(int(length.split(b":")[1]))
    if b"connection: close" in heads[-1]:
        assert await reader.read() == b""
    writer.close()
    return heads


def fields(head: bytes) -> set[bytes]:
    status, *lines = head.removesuffix(b"\r\n\r\n").split(b"\r\n")
    return {status, *(line for line in lines if not line.startswith((b"date:", b"content-length:")))}


async def test_a_whole_answer_has_the_fields_of_any_other(live: str) -> None:
    whole, usual = await asked(live, LINE % (b"", FIELDS), LINE % (b"?", FIELDS))
    # A query, even an empty one that names nothing, is the framework's to judge; it answers with the same fields.
    [other] = await asked(live, LINE % (b"?nothing=1", FIELDS))
    assert fields(whole) - {b"HTTP/1.1 201 Created"} <= fields(other) | fields(usual)
    assert b"x-request-id: 0123456789abcdef" in whole
    assert b"content-type: application/json" in whole
    assert b"content-security-policy: default-src 'none'; frame-ancestors 'none'" in whole
    assert whole.count(b"\r\ndate: ") == 1
    assert b"connection:" not in whole


async def test_whole_answers_keep_their_order_and_end_the_connection_when_asked(live: str) -> None:
    heads = await asked(
        live,
        LINE % (b"", FIELDS),
        LINE % (b"", FIELDS),
        LINE % (b"", b"connection: close\r\n" + FIELDS),
    )
    assert [head.split(b"\r\n")[0] for head in heads] == [b"HTTP/1.1 201 Created"] * 3
    assert [b"connection: close" in head for head in heads] == [False, False, True]
