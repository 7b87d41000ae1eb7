"""`http`: call an HTTP endpoint.

What must stay true: all calls go through `net.SafeHttpClient`; a caller can set neither the headers that
frame a request (Host, Content-Length …) nor smuggle a line break into one; an answer that is not a success is an
error, so that retries decide; of the answer only a few harmless headers and the start of a textual body are
kept, and Set-Cookie and its kin never reach the stored result.
"""

import codecs
import datetime as dt
import json
import re
from collections.abc import Mapping
from email.message import Message
from email.utils import parsedate_to_datetime
from typing import Any

from taskflowmq.tasks.errors import HTTPCallFailed, InvalidInput
from taskflowmq.tasks.net import Answer, Call, SafeHttpClient, Target
from taskflowmq.tasks.settings import TaskSettings

METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS")
MAX_HEADERS = 64
MAX_HEADER_BYTES = 16 * 1024  # all names and values together
MAX_RETRY_AFTER = 24 * 3600.0  # seconds; a longer value is cut, so that no server can park a job forever

KEPT_HEADERS = (
    "cache-control", "content-length", "content-type", "date", "etag", "last-modified", "location",
    "retry-after",
)  # fmt: skip
# These frame the request, belong to a proxy, or ask for a conversation that one call cannot hold.
_FORBIDDEN = frozenset(
    {
        "accept-encoding", "connection", "content-length", "expect", "host", "keep-alive", "te", "trailer",
        "transfer-encoding", "upgrade",
    }
)  # fmt: skip
_TOKEN = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+\Z")  # RFC 9110, 5.6.2
_VALUE = re.compile(r"(?:[\x21-\x7e\xa0-\xff](?:[\t\x20-\x7e\xa0-\xff]*[\x21-\x7e\xa0-\xff])?)?\Z")  # 5.5
_TEXTUAL = re.compile(r"text/|application/(?:json|xml|javascript|x-www-form-urlencoded|x-ndjson|[\w.-]+\+(?:json|xml))")

# What the web uses. Python has other codecs: punycode takes quadratic time, and some are no encodings of text.
_QUICK_CHARSET = re.compile(
    r"(?:ascii|utf-8|utf-8-sig|utf-16(?:-[bl]e)?|utf-32(?:-[bl]e)?|iso8859-\d+|cp\d+|koi8-[rtu]|mac-\w+"
    r"|shift_jis|euc_jp|iso2022_jp|euc_kr|gb2312|gbk|gb18030|big5(?:hkscs)?|tis-620)\Z"
)


async def http(
    url: str, method: str = "GET", headers: dict[str, str] | None = None, body: Any = None
) -> dict[str, Any]:
    """Call an endpoint.

    Args:
        url: an https URL; plain http and private addresses only where TASKFLOW_HTTP_ALLOW says so.
        method: GET, HEAD, POST, PUT, PATCH, DELETE or OPTIONS.
        headers: header names and values.
        body: text, sent as UTF-8; any other value is sent as JSON.

    Returns:
        {"status": the code, "headers": some of them, "body": the first 64 KiB if it is text, else None,
        "truncated": whether there was more}

    Raises:
        InvalidInput: an argument cannot be used.
        AddressRefused: the URL, or one it redirects to, must not be called.
        HTTPCallFailed: the status is not a success; it has `status` and `retry_after` (seconds or None).
        HTTPCallError: no complete answer came.
    """
    call = build_call(url, method, headers, body)
    settings = TaskSettings.from_env()
    client = SafeHttpClient(settings.http_allow, timeout=settings.http_timeout)
    return outcome(call, await client.request(call), now=dt.datetime.now(dt.UTC))


def build_call(url: str, method: str, headers: Mapping[str, str] | None, body: Any) -> Call:
    """Check the arguments of the task and make a request of them; raises InvalidInput or AddressRefused."""
    verb = method.upper()
    if verb not in METHODS:
        raise InvalidInput(f"method must be one of {', '.join(METHODS)}.")
    checked = _check_headers(headers or {})
    if body is None:
        return Call(verb, Target.parse(url), checked)
    if verb in ("GET", "HEAD"):
        raise InvalidInput(f"body is not allowed with {verb}. Use POST, PUT or PATCH.")
    is_text = isinstance(body, str)
    try:
        data = (body if is_text else json.dumps(body, ensure_ascii=False, allow_nan=False)).encode("utf-8")
    except (TypeError, ValueError):
        raise InvalidInput("body must be text, or a value that JSON can hold.") from None
    checked.setdefault("content-type", "text/plain; charset=utf-8" if is_text else "application/json")
    return Call(verb, Target.parse(url), checked, data)


def outcome(call: Call, answer: Answer, *, now: dt.datetime) -> dict[str, Any]:
    """Turn an answer into the task's result.

    Args:
        call: what was asked.
        answer: the final answer.
        now: the time, with zone; a Retry-After may be a date.

    Returns:
        The result as described at `http`.

    Raises:
        HTTPCallFailed: the status is not 2xx.
    """
    if not 200 <= answer.status <= 299:
        raise HTTPCallFailed(
            f"{call.target.origin} answered {call.method} with status {answer.status}. "
            "Check the request against its API, and see its log.",
            status=answer.status,
            retry_after=_retry_after(answer.headers.get("retry-after"), now),
        )
    return {
        "status": answer.status,
        "headers": {name: answer.headers[name] for name in KEPT_HEADERS if name in answer.headers},
        "body": _text(answer),
        "truncated": answer.truncated,
    }


def _check_headers(headers: Mapping[str, str]) -> dict[str, str]:
    if len(headers) > MAX_HEADERS:
        raise InvalidInput(f"headers must have at most {MAX_HEADERS} entries.")
    checked: dict[str, str] = {}
    size = 0
    for name, value in headers.items():
        if not _TOKEN.match(name):
            raise InvalidInput("headers: a name holds a character that is not allowed (RFC 9110, 5.6.2).")
        if not _VALUE.match(value):
            raise InvalidInput(f"headers: the value of {name!r} holds a line break or other character not allowed.")
        lower = name.lower()
        if lower in _FORBIDDEN or lower.startswith("proxy-") or lower in checked:
            raise InvalidInput(f"headers: {name!r} is set by the client itself, or given twice. Leave it out.")
        checked[lower] = value
        size += len(name) + len(value)
    if size > MAX_HEADER_BYTES:
        raise InvalidInput(f"headers are larger than {MAX_HEADER_BYTES} bytes together.")
    return checked


def _retry_after(text: str | None, now: dt.datetime) -> float | None:
    """Read Retry-After, which is seconds or a date (RFC 9110, 10.2.3); None if it is neither."""
    if text is None:
        return None
    if text.isascii() and text.isdecimal() and len(text) < 12:
        return min(float(text), MAX_RETRY_AFTER)
    try:
        moment = parsedate_to_datetime(text)
    except (ValueError, OverflowError):
        return None
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=dt.UTC)
    return min(max((moment - now).total_seconds(), 0.0), MAX_RETRY_AFTER)


def _text(answer: Answer) -> str | None:
    """The body as text, or None for anything binary, compressed or of unknown kind."""
    kind = Message()
    kind["content-type"] = answer.headers.get("content-type", "application/octet-stream")
    if not _TEXTUAL.match(kind.get_content_type()) or answer.headers.get("content-encoding", "identity") != "identity":
        return None
    return answer.body.decode(_charset(kind), errors="replace")


def _charset(kind: Message) -> str:
    """Return the declared encoding if decoding it takes linear time, else UTF-8: the other side chooses the name."""
    try:
        name = codecs.lookup(kind.get_content_charset("utf-8")).name
    except (LookupError, UnicodeError, ValueError):
        return "utf-8"
    return name if _QUICK_CHARSET.match(name) else "utf-8"
