"""The one client that may call a URL from a job (server-side request forgery, OWASP API7).

What must stay true:

- A name is resolved once per hop. The answer is checked, and the connection goes to exactly the checked
  addresses: the name is never looked up again, so its owner cannot change the answer in between (DNS
      rebinding). TLS still
  verifies the name, and Host still carries it.
- Each redirect is a new URL with all checks again; to another origin go neither credentials nor other own
  headers.
- No proxy variables, cookies, connection reuse or decompression: httpcore is used directly because it has
  none.
- Answers are bounded in size, and a whole call in time, however slowly the other side sends.
- No error shows more of a URL than its scheme, host and port; the rest may hold secrets.
"""

import asyncio
import functools
import socket
import ssl
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from ipaddress import ip_address
from typing import Any
from urllib.parse import urljoin

import httpcore
import httpx

from taskflowmq.tasks.errors import AddressRefused, HTTPCallError, InvalidInput
from taskflowmq.tasks.mail_address import has_control
from taskflowmq.tasks.netpolicy import HttpAllow, IPAddress, parse_literal

MAX_URL = 8192  # characters
MAX_REDIRECTS = 5
MAX_BODY = 64 * 1024  # bytes of an answer that are read
CONNECT_TIMEOUT = 10.0  # seconds for one address
MAX_ADDRESSES = 4  # addresses of one name that are tried

Resolver = Callable[[str, int], Awaitable[Sequence[IPAddress]]]

# The only headers that go along to another origin. A list of what to drop would miss X-Api-Key and its kin.
_HARMLESS = frozenset({"accept", "accept-language", "content-type", "user-agent"})


@dataclass(frozen=True)
class Target:
    """A URL, taken apart once; every later step uses these parts and none parses again.

    Attributes:
        scheme: "https" or "http".
        host: lower case, ASCII, without brackets or final dot.
        port: the TCP port.
        path: path and query as they go on the wire.
    """

    scheme: str
    host: str
    port: int
    path: bytes

    @classmethod
    def parse(cls, url: str) -> "Target":
        """Take a URL apart.

        Args:
            url: an absolute http(s) URL without user name and password.

        Returns:
            Its parts.

        Raises:
            InvalidInput: it is no such URL.
            AddressRefused: its host is written in a form that programs read differently.
        """
        if not 0 < len(url) <= MAX_URL:
            raise InvalidInput(f"url must be a text of 1 to {MAX_URL} characters.")
        if has_control(url) or " " in url or "\\" in url:
            raise InvalidInput("url holds a space, backslash or control character. Percent-encode it.")
        try:
            parts = httpx.URL(url)
            host = parts.raw_host.decode("ascii").removesuffix(".").lower()
        except (httpx.InvalidURL, ValueError):
            raise InvalidInput("url cannot be read. Write it as https://host/path.") from None
        if parts.scheme not in ("http", "https") or not host:
            raise InvalidInput("url must start with https:// (or http://) and name a host.")
        if parts.userinfo or "@" in url.split("/", 3)[2]:
            raise InvalidInput("url holds a user name or password. Send an Authorization header instead.")
        parse_literal(host)
        port = (443 if parts.scheme == "https" else 80) if parts.port is None else parts.port
        if not 1 <= port <= 65535:
            raise InvalidInput("url has a port outside 1 to 65535.")
        return cls(parts.scheme, host, port, parts.raw_path)

    @property
    def origin(self) -> str:
        """`scheme://host:port`, safe to show."""
        return f"{self.scheme}://{self._authority(always_port=True)}"

    @property
    def host_header(self) -> str:
        """The value of the Host header (RFC 9110, 7.2)."""
        return self._authority(always_port=False)

    def _authority(self, *, always_port: bool) -> str:
        host = f"[{self.host}]" if ":" in self.host else self.host
        usual = self.port == (443 if self.scheme == "https" else 80)
        return host if usual and not always_port else f"{host}:{self.port}"


@dataclass(frozen=True)
class Call:
    """One request; names of headers are lower case."""

    method: str
    target: Target
    headers: Mapping[str, str]
    body: bytes = b""


@dataclass(frozen=True)
class Answer:
    """What came back: names of headers are lower case, the body is cut after MAX_BODY bytes."""

    status: int
    headers: Mapping[str, str]
    body: bytes
    truncated: bool


async def resolve(host: str, port: int) -> Sequence[IPAddress]:
    """Look a name up with the system's resolver.

    Args:
        host: the name.
        port: the TCP port.

    Returns:
        All its addresses, in the order to try them.

    Raises:
        OSError: the lookup failed.
    """
    found = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(ip_address(entry[4][0]) for entry in found))


@functools.cache
def default_tls_context(purpose: str) -> ssl.SSLContext:
    """Make the usual check of servers: certificate and name, by the known certificate authorities.

    Args:
        purpose: "http" or "smtp"; each has its own context, because clients set protocol names (ALPN) on it.

    Returns:
        A context, kept for the life of the process because reading the authorities takes milliseconds.
        SSL_CERT_FILE and SSL_CERT_DIR name other authorities.
    """
    return httpx.create_ssl_context()


class SafeHttpClient:
    """Makes calls that reach only what the policy allows. Keeps no connection: there is nothing to close."""

    def __init__(
        self,
        allow: HttpAllow,
        *,
        timeout: float = 30.0,
        resolver: Resolver = resolve,
        backend: httpcore.AsyncNetworkBackend | None = None,
        tls_context: ssl.SSLContext | None = None,
    ) -> None:
        """Set up a client.

        Args:
            allow: what may be reached beyond public https.
            timeout: seconds for a whole call, redirects included.
            resolver: looks names up; tests pass their own.
            backend: opens connections; tests pass their own.
            tls_context: how to check servers; the usual certificate authorities if None.
        """
        self._allow = allow
        self._timeout = timeout
        self._resolver = resolver
        self._backend = backend or httpcore.AnyIOBackend()
        self._tls_context = tls_context

    async def request(self, call: Call) -> Answer:
        """Make a call and follow its redirects.

        Args:
            call: the request.

        Returns:
            The final answer, whatever its status.

        Raises:
            InvalidInput, AddressRefused: this URL, or one it redirects to, must not be called.
            HTTPCallError: no complete answer came; it may work later.
        """
        try:
            async with asyncio.timeout(self._timeout):
                for _ in range(MAX_REDIRECTS + 1):
                    answer = await self._exchange(call)
                    following = redirected(call, answer)
                    if following is None:
                        return answer
                    call = following
        except TimeoutError:
            raise HTTPCallError(f"{call.target.origin} sent no complete response within {self._timeout:g} s.") from None
        raise HTTPCallError(f"{call.target.origin} redirected more than {MAX_REDIRECTS} times. Use the final URL.")

    async def _exchange(self, call: Call) -> Answer:
        """Check, connect, send and read: one hop."""
        target = call.target
        addresses = await self._addresses(target)
        self._allow.check(target.scheme, target.host, target.port, addresses)
        url = httpcore.URL(scheme=target.scheme, host=target.host, port=target.port, target=target.path)
        try:
            async with (
                httpcore.AsyncConnectionPool(
                    ssl_context=self._tls_context or default_tls_context("http"),
                    network_backend=_PinnedBackend(target.host, addresses, self._backend),
                ) as pool,
                pool.stream(
                    call.method,
                    url,
                    headers=_wire_headers(call),
                    content=call.body or None,
                    extensions={"timeout": {"connect": CONNECT_TIMEOUT}},
                ) as response,
            ):
                body, truncated = await _read(response)
                return Answer(response.status, _merge(response.headers), body, truncated)
        except (
            httpcore.NetworkError,
            httpcore.TimeoutException,
            httpcore.ProtocolError,
            ssl.SSLError,
            OSError,
        ) as error:
            if isinstance(error, TimeoutError):
                raise  # the limit of the whole call
            why = " ".join(str(error).split())[:160] or type(error).__name__
            raise HTTPCallError(f"{target.origin} could not be called: {why}.") from None

    async def _addresses(self, target: Target) -> Sequence[IPAddress]:
        literal = parse_literal(target.host)
        if literal is not None:
            return [literal]
        try:
            return list(await self._resolver(target.host, target.port))
        except OSError:
            raise HTTPCallError(f"The name {target.host} could not be resolved. Check the host name.") from None


class _PinnedBackend(httpcore.AsyncNetworkBackend):
    """Connects to the checked addresses, whatever the name would resolve to now."""

    def __init__(self, host: str, addresses: Sequence[IPAddress], inner: httpcore.AsyncNetworkBackend) -> None:
        self._host = host
        self._addresses = addresses[:MAX_ADDRESSES]
        self._inner = inner

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore.AsyncNetworkStream:
        if host != self._host:
            raise AddressRefused("The connection was requested for a host other than the checked one. Report this bug.")
        failure: httpcore.NetworkError | httpcore.TimeoutException = httpcore.ConnectError("no address")
        for address in self._addresses:
            try:
                return await self._inner.connect_tcp(str(address), port, timeout, local_address, socket_options)
            except (httpcore.ConnectError, httpcore.ConnectTimeout) as error:
                failure = error
        raise failure

    async def connect_unix_socket(
        self, path: str, timeout: float | None = None, socket_options: Iterable[Any] | None = None
    ) -> httpcore.AsyncNetworkStream:
        raise AddressRefused("Local sockets cannot be called.")

    async def sleep(self, seconds: float) -> None:
        await self._inner.sleep(seconds)


def redirected(call: Call, answer: Answer) -> Call | None:
    """Decide what a redirect asks for (RFC 9110, 15.4).

    Args:
        call: the request that was answered.
        answer: the answer.

    Returns:
        The next request, or None if the answer is final.

    Raises:
        InvalidInput, AddressRefused: the new URL is unusable.
    """
    location = answer.headers.get("location")
    if answer.status not in (301, 302, 303, 307, 308) or not location:
        return None
    here = call.target
    following = replace(call, target=Target.parse(urljoin(f"{here.origin}{here.path.decode('ascii')}", location)))
    to_get = (answer.status == 303 and call.method != "HEAD") or (answer.status < 303 and call.method == "POST")
    if to_get:
        headers = {name: value for name, value in call.headers.items() if not name.startswith("content-")}
        following = replace(following, method="GET", headers=headers, body=b"")
    if following.target.origin != here.origin:
        kept = {name: value for name, value in following.headers.items() if name in _HARMLESS}
        following = replace(following, headers=kept)
    return following


def _wire_headers(call: Call) -> list[tuple[bytes, bytes]]:
    # "identity": a compressed answer could be a bomb, and is not wanted.
    own = {"accept": "*/*", "accept-encoding": "identity", "user-agent": "taskflow", "connection": "close"}
    headers = {"host": call.target.host_header, **own, **call.headers}
    if call.body or call.method in ("POST", "PUT", "PATCH"):
        headers["content-length"] = str(len(call.body))
    return [(name.encode("ascii"), value.encode("latin-1")) for name, value in headers.items()]


async def _read(response: httpcore.Response) -> tuple[bytes, bool]:
    """Read at most MAX_BODY bytes; leaving the rest closes the connection."""
    body = bytearray()
    async for chunk in response.aiter_stream():
        body += chunk
        if len(body) > MAX_BODY:
            return bytes(body[:MAX_BODY]), True
    return bytes(body), False


def _merge(headers: Iterable[tuple[bytes, bytes]]) -> dict[str, str]:
    """Lower-case names; of a repeated header the first counts."""
    merged: dict[str, str] = {}
    for name, value in headers:
        merged.setdefault(name.decode("latin-1").lower(), value.decode("latin-1"))
    return merged
