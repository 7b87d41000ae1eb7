"""S16: the client reaches nothing but what is public or allowed, and each hop is checked again."""

import asyncio
from collections.abc import Iterable, Sequence
from ipaddress import ip_address
from typing import Any

import httpcore
import pytest

from taskflowmq.tasks.errors import AddressRefused, HTTPCallError, InvalidInput, PermanentFailure
from taskflowmq.tasks.net import MAX_BODY, MAX_REDIRECTS, Call, SafeHttpClient, Target
from taskflowmq.tasks.netpolicy import HttpAllow, IPAddress

NAMES = {
    "public.test": ["93.184.216.34"],
    "localhost": ["127.0.0.1", "::1"],
    "loop.test": ["127.0.0.1"],
    "mixed.test": ["93.184.216.34", "10.0.0.5"],
    "metadata.test": ["169.254.169.254"],
    "inner.test": ["10.1.2.3"],
    "nothing.test": [],
}


class Dns:
    """A resolver that answers from a table and counts."""

    def __init__(self, names: dict[str, list[str]] | None = None) -> None:
        self.names = names or NAMES
        self.asked: list[str] = []

    async def __call__(self, host: str, port: int) -> Sequence[IPAddress]:
        self.asked.append(host)
        if host not in self.names:
            raise OSError("unknown name")
        return [ip_address(text) for text in self.names[host]]


class Network(httpcore.AsyncNetworkBackend):
    """Records each connect; sends all of them to one local port, or refuses."""

    def __init__(self, port: int | None = None, *, dead: frozenset[str] = frozenset()) -> None:
        self.connects: list[tuple[str, int]] = []
        self._port = port
        self._dead = dead
        self._real = httpcore.AnyIOBackend()

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore.AsyncNetworkStream:
        self.connects.append((host, port))
        if self._port is None or host in self._dead:
            raise httpcore.ConnectError("refused")
        return await self._real.connect_tcp("127.0.0.1", self._port, timeout)


def get(url: str, **headers: str) -> Call:
    return Call("GET", Target.parse(url), headers)


FORBIDDEN = [
    "https://169.254.169.254/latest/meta-data/",
    "https://[::ffff:127.0.0.1]/",
    "https://[::ffff:7f00:1]/",
    "https://[::127.0.0.1]/",
    "https://0x7f000001/",
    "https://2130706433/",
    "https://017700000001/",
    "https://0177.0.0.1/",
    "https://127.1/",
    "https://127.0.0.1/",
    "https://127.0.0.1./",
    "https://0.0.0.0/",
    "https://[::]/",
    "https://[::1]/",
    "https://[0:0:0:0:0:0:0:1]/",
    "https://10.0.0.1/",
    "https://172.16.0.1/",
    "https://192.168.1.1/",
    "https://100.64.0.1/",
    "https://100.100.100.200/",
    "https://192.0.0.192/",
    "https://198.18.0.1/",
    "https://168.63.129.16/",
    "https://224.0.0.1/",
    "https://255.255.255.255/",
    "https://[fe80::1]/",
    "https://[fe80::1%25eth0]/",
    "https://[fc00::1]/",
    "https://[fd00:ec2::254]/",
    "https://[ff02::1]/",
    "https://[64:ff9b::7f00:1]/",
    "https://[64:ff9b:1::7f00:1]/",
    "https://[2002:7f00:1::]/",
    "https://[2001::1]/",
    "https://[2001:db8::1]/",
    "https://localhost/",
    "https://LOCALHOST./",
    "https://loop.test/",
    "https://mixed.test/",
    "https://metadata.test/",
    "https://nothing.test/",
    "https://%31%32%37.0.0.1/",
    "https://①②⑦.⓪.⓪.①/",
    "https://127。0。0。1/",
    "http://public.test/",
    "http://loop.test/",
    "https://user:secret@public.test/",
    "https://public.test@127.0.0.1/",
    "https://@public.test/",
    "https://127.0.0.1\\@public.test/",
    "https://public.test:0/",
    "https://public.test:65536/",
    "https:///path",
    "https://public.test/\r\nX: y",
    "https://public .test/",
    "https://a..b.test/",
    "ftp://public.test/",
    "file:///etc/passwd",
    "gopher://127.0.0.1:6379/_x",
    "//public.test/",
    "public.test",
    "",
    "https://public.test/" + "a" * 9000,
]


@pytest.mark.parametrize("url", FORBIDDEN)
async def test_forbidden_urls_are_refused_without_a_connect(url: str) -> None:
    network = Network()
    with pytest.raises(PermanentFailure) as caught:
        await SafeHttpClient(HttpAllow(), resolver=Dns(), backend=network).request(get(url))
    assert network.connects == []
    assert "secret" not in str(caught.value)


async def test_a_public_address_is_connected_to_by_the_address_that_was_checked() -> None:
    dns, network = Dns(), Network()
    with pytest.raises(HTTPCallError, match=r"https://public\.test:443 could not be called"):
        await SafeHttpClient(HttpAllow(), resolver=dns, backend=network).request(get("https://Public.Test/"))
    assert network.connects == [("93.184.216.34", 443)]
    assert dns.asked == ["public.test"]


async def test_a_name_that_changes_its_address_after_the_check_gains_nothing() -> None:
    class Rebinding(Dns):
        async def __call__(self, host: str, port: int) -> Sequence[IPAddress]:
            self.asked.append(host)
            return [ip_address("93.184.216.34" if len(self.asked) == 1 else "127.0.0.1")]

    dns, network = Rebinding(), Network()
    client = SafeHttpClient(HttpAllow(), resolver=dns, backend=network)
    with pytest.raises(HTTPCallError):
        await client.request(get("https://rebind.test/"))
    assert len(dns.asked) == 1
    with pytest.raises(AddressRefused):
        await client.request(get("https://rebind.test/"))
    assert network.connects == [("93.184.216.34", 443)]


async def test_an_unknown_name_may_be_tried_again() -> None:
    with pytest.raises(HTTPCallError, match=r"unknown\.test could not be resolved"):
        await SafeHttpClient(HttpAllow(), resolver=Dns()).request(get("https://unknown.test/?token=secret"))


ALLOWED = [
    ("loop.test", "http://loop.test:8000/"),
    ("loop.test:8000", "http://loop.test:8000/"),
    ("LOOP.test", "https://loop.test/"),
    ("127.0.0.1", "http://127.0.0.1:9/"),
    ("127.0.0.1:9", "http://127.0.0.1:9/"),
    ("127.0.0.0/8", "http://loop.test/"),
    (" 10.0.0.0/8 , 127.0.0.0/8", "http://inner.test/"),
    ("[::1]:9", "http://[::1]:9/"),
    ("::1", "http://[::1]:9/"),
    ("10.0.0.0/8", "https://mixed.test/"),
    ("169.254.169.254", "http://metadata.test/"),
    ("public.test", "http://public.test/"),
]


@pytest.mark.parametrize(("allow", "url"), ALLOWED)
async def test_what_the_operator_allowed_is_reached(allow: str, url: str) -> None:
    network = Network()
    client = SafeHttpClient(HttpAllow.parse(allow), resolver=Dns(), backend=network)
    with pytest.raises(HTTPCallError):
        await client.request(get(url))
    assert network.connects


NOT_ALLOWED = [
    ("loop.test:8000", "http://loop.test:8001/"),
    ("loop.test", "http://sub.loop.test/"),
    ("127.0.0.1:9", "http://127.0.0.1:10/"),
    ("10.0.0.0/8", "http://mixed.test/"),
    ("metadata.test", "http://metadata.test/"),
    ("127.0.0.1", "http://localhost/"),
    ("127.0.0.1", "http://[::ffff:127.0.0.1]/"),
]


@pytest.mark.parametrize(("allow", "url"), NOT_ALLOWED)
async def test_the_allow_list_grants_no_more_than_it_says(allow: str, url: str) -> None:
    network = Network()
    dns = Dns({**NAMES, "sub.loop.test": ["127.0.0.1"]})
    with pytest.raises(AddressRefused):
        await SafeHttpClient(HttpAllow.parse(allow), resolver=dns, backend=network).request(get(url))
    assert network.connects == []


@pytest.mark.parametrize(
    "address",
    [
        "::ffff:169.254.169.254",
        "64:ff9b::a9fe:a9fe",
        "64:ff9b:1::a9fe:a9fe",
        "64:ff9b:1:a9fe:a9:fe00::",
        "2002:a9fe:a9fe::1",
        "2001:0:a9fe:a9fe::1",
        "::169.254.169.254",
        "fe80::5efe:a9fe:a9fe",
        "2001:db8::200:5efe:a9fe:a9fe",
        "64:ff9b::100.100.100.200",
        "64:ff9b::224.0.0.1",
    ],
)
def test_an_allowed_name_does_not_lead_to_an_embedded_metadata_address(address: str) -> None:
    with pytest.raises(AddressRefused):
        HttpAllow.parse("inner.test").check("http", "inner.test", 80, [ip_address(address)])


def test_an_allowed_name_may_lead_through_nat64() -> None:
    HttpAllow.parse("inner.test").check("http", "inner.test", 80, [ip_address("64:ff9b::10.1.2.3")])


async def test_the_next_address_is_tried_when_one_is_dead(web: Any) -> None:
    web.reply("/", 200, b"here", content_type="text/plain")
    dns = Dns({"two.test": ["93.184.216.34", "93.184.216.35"]})
    network = Network(web.port, dead=frozenset({"93.184.216.34"}))
    client = SafeHttpClient(HttpAllow.parse("two.test"), resolver=dns, backend=network)
    answer = await client.request(get("http://two.test/"))
    assert answer.body == b"here"
    assert [host for host, _ in network.connects] == ["93.184.216.34", "93.184.216.35"]


async def test_tls_verifies_the_name_and_host_carries_it(secure_web: Any, certificate: Any) -> None:
    secure_web.reply("/a?b=c", 200, b"ok")
    network = Network(secure_web.port)
    dns = Dns({"web.test": ["93.184.216.34"], "other.test": ["93.184.216.34"]})
    client = SafeHttpClient(HttpAllow(), resolver=dns, backend=network, tls_context=certificate.client())
    assert (await client.request(get("https://web.test/a?b=c#d"))).status == 200
    assert secure_web.requests[0].headers["host"] == "web.test"
    with pytest.raises(HTTPCallError, match="certificate"):
        await client.request(get("https://other.test/"))
    with pytest.raises(HTTPCallError, match="certificate"):  # not signed by a known authority
        await SafeHttpClient(HttpAllow(), resolver=dns, backend=network).request(get("https://web.test/"))


class TestRedirects:
    """Each hop is a new URL with all checks."""

    def client(self, web: Any, allow: str) -> tuple[SafeHttpClient, Network]:
        network = Network(web.port)
        dns = Dns({**NAMES, "a.test": ["10.0.0.1"], "b.test": ["10.0.0.2"]})
        return SafeHttpClient(HttpAllow.parse(allow), resolver=dns, backend=network), network

    @pytest.mark.parametrize(
        "location",
        ["http://127.0.0.1/x", "https://loop.test/", "//metadata.test/", "http://[::1]/", "https://0x7f.1/",
         "file:///etc/passwd", "https://u:p@public.test/", "http://b.test/"],
    )  # fmt: skip
    async def test_to_what_is_not_allowed(self, web: Any, location: str) -> None:
        web.reply("/", 302, location=location)
        client, network = self.client(web, "a.test")
        with pytest.raises(PermanentFailure):
            await client.request(get("http://a.test/"))
        assert network.connects == [("10.0.0.1", 80)]

    async def test_a_relative_one_is_followed_on_the_same_host(self, web: Any) -> None:
        web.reply("/dir/x?q=1", 302, location="../y?z=2")
        web.reply("/y?z=2", 200, b"done")
        client, _ = self.client(web, "a.test")
        answer = await client.request(get("http://a.test/dir/x?q=1", authorization="Bearer s", accept="a/b"))
        assert answer.body == b"done"
        assert web.requests[1].headers["authorization"] == "Bearer s"

    async def test_another_origin_gets_no_credentials(self, web: Any) -> None:
        web.reply("/", 307, location="http://b.test/y")
        web.reply("/y", 200)
        client, _ = self.client(web, "a.test,b.test")
        headers = {"authorization": "s", "cookie": "s", "x-api-key": "s", "accept": "a/b"}
        await client.request(Call("GET", Target.parse("http://a.test/"), headers))
        kept = web.requests[1].headers
        assert not {"authorization", "cookie", "x-api-key"} & set(kept)
        assert (kept["accept"], kept["host"]) == ("a/b", "b.test")

    @pytest.mark.parametrize(
        ("status", "method", "then"),
        [(301, "POST", "GET"), (302, "POST", "GET"), (303, "PUT", "GET"), (303, "HEAD", "HEAD"),
         (302, "PUT", "PUT"), (307, "POST", "POST"), (308, "POST", "POST")],
    )  # fmt: skip
    async def test_method_and_body(self, web: Any, status: int, method: str, then: str) -> None:
        web.reply("/", status, location="/y")
        web.reply("/y", 200)
        client, _ = self.client(web, "a.test")
        body = b"" if method == "HEAD" else b"data"
        await client.request(Call(method, Target.parse("http://a.test/"), {"content-type": "a/b"}, body))
        second = web.requests[1]
        assert second.method == then
        assert second.body == (b"data" if then in ("PUT", "POST") else b"")
        assert ("content-type" in second.headers) == (then == method)

    async def test_endless_ones_end(self, web: Any) -> None:
        web.reply("/", 302, location="/")
        client, network = self.client(web, "a.test")
        with pytest.raises(HTTPCallError, match="more than 5 times"):
            await client.request(get("http://a.test/"))
        assert len(network.connects) == MAX_REDIRECTS + 1


async def test_a_long_answer_is_cut_and_the_rest_not_read(web: Any) -> None:
    web.reply("/", 200, b"x" * (MAX_BODY * 40))
    client = SafeHttpClient(HttpAllow.parse("127.0.0.1"))
    answer = await client.request(get(f"http://127.0.0.1:{web.port}/"))
    assert (len(answer.body), answer.truncated) == (MAX_BODY, True)
    web.reply("/", 200, b"x" * MAX_BODY)
    answer = await client.request(get(f"http://127.0.0.1:{web.port}/"))
    assert (len(answer.body), answer.truncated) == (MAX_BODY, False)


async def test_a_silent_server_runs_into_the_time_limit(web: Any) -> None:
    client = SafeHttpClient(HttpAllow.parse("127.0.0.1"), timeout=0.05)
    with pytest.raises(HTTPCallError, match=r"no complete response within 0\.05 s") as caught:
        await client.request(get(f"http://127.0.0.1:{web.port}/hang"))
    assert "/hang" not in str(caught.value)


async def test_cancelling_ends_the_call(web: Any) -> None:
    client = SafeHttpClient(HttpAllow.parse("127.0.0.1"))
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.05):
            await client.request(get(f"http://127.0.0.1:{web.port}/hang"))


@pytest.mark.parametrize("answer", [b"", b"junk\r\n\r\n", b"HTTP/1.1 200 x\r\n" + b"a: " + b"x" * 300_000])
async def test_a_broken_answer_may_be_tried_again(web: Any, answer: bytes) -> None:
    web.replies["/"] = answer
    with pytest.raises(HTTPCallError, match="could not be called"):
        await SafeHttpClient(HttpAllow.parse("127.0.0.1")).request(get(f"http://127.0.0.1:{web.port}/"))


async def test_proxy_variables_are_ignored(web: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:1")
    monkeypatch.setenv("ALL_PROXY", "http://127.0.0.1:1")
    web.reply("/", 200, b"direct")
    client = SafeHttpClient(HttpAllow.parse("127.0.0.1"))
    assert (await client.request(get(f"http://127.0.0.1:{web.port}/"))).body == b"direct"


def test_an_international_name_goes_out_in_ascii() -> None:
    assert Target.parse("https://bücher.example/ä?ö=1").host == "xn--bcher-kva.example"
    assert Target.parse("https://[2606:4700::1]:8443/").host_header == "[2606:4700::1]:8443"
    with pytest.raises(InvalidInput):
        Target.parse("https://xn--a-ecp.ru\u2028/")
