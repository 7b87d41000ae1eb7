"""Head and body of an answer leave together; a head that nothing follows leaves all the same."""

from __future__ import annotations

import asyncio
from urllib.parse import urlsplit

import httpx
import pytest

from taskflowmq.server.transport import JoiningTransport, Outbox

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
    async with asyncio.timeout(10):
        assert await reader.readuntil(b"\r\n\r\n") == b"HTTP/1.1 100 Continue\r\n\r\n"
        writer.write(b'{"task":"anything"}')
        assert (await reader.readuntil(b"\r\n\r\n")).startswith(b"HTTP/1.1 201 ")
    writer.close()


async def test_a_head_for_nobody_is_dropped(wire: Wire, transport: JoiningTransport) -> None:
    transport.write(HEAD)
    wire.close()  # the client hung up
    await asyncio.sleep(0)
    assert wire.done == ["close"]
