"""Keep secrets out of what people read: log lines, stored errors, messages of commands, addresses.

There is one redactor and one URL printer for every layer. Both are linear in their input, whatever it holds: every
expression here consumes what it has read, so no character is read again from another start. Handlers log their
arguments; an expression that backtracks would let one argument block a whole worker.

A pattern finds what is written like a secret (``password=…``, ``Authorization: …``, ``scheme://user:…@host``). A secret
without such a context cannot be distinguished from any other word; SECURITY.md says so.
"""

from __future__ import annotations

import re
from functools import lru_cache
from urllib.parse import unquote_plus

from taskflowmq.core.hidden_values import HiddenValues

HIDDEN = "[redacted]"
#: How much further than the cut a text is read, so that a secret which the cut would split is seen whole.
_MARGIN = 2_048

_NONE = HiddenValues()

#: What a name must hold to be the name of a secret, in lower case. The first letters are factored out: the engine then
#: skips to them instead of trying every word at every character.
_WORD = (
    r"(?:a(?:uthorization|pi[_-]?key|ccess[_-]?key)|c(?:ookie|redential)|p(?:assw(?:or)?d|assphrase|rivate[_-]?key|wd)"
    r"|secret|token)"
)
#: One of them is in every text that the expression can match; a search for plain text is twenty times as fast.
_HINTS = ("passw", "secret", "token", "key", "authorization", "cookie", "credential", "passphrase", "pwd")
_NAME = re.compile(_WORD)

#: Closing quotes and brackets between a name and its separator: ``"token": …``, ``headers['token'] = …``, and the
#: backslashes of JSON inside JSON.
_SEPARATOR = r"[\\\"'\])]{0,12}+\s*+[=:]\s*+"
_VALUE = (
    r"(?:"
    r"(?:bearer|basic|digest)\s++[^\s,;\"']++"
    # A quoted value, to its closing quote or to the end of the line; prefixes as in b'…'.
    r"|[bruf]{0,2}+\"(?:[^\"\\\n]|\\.)*+\"?+"
    r"|[bruf]{0,2}+'(?:[^'\\\n]|\\.)*+'?+"
    r"|(?P<escaped>\\++[\"'])(?:(?!(?<!\\)(?P=escaped))[^\n])*+(?:(?P=escaped))?+"
    # A call, a list, a dictionary: to its first closing bracket.
    r"|[\w.]*+[\[({<][^\])}>\n]*+[\])}>]?+"
    # A word. If a comma, a semicolon or an ampersand does not begin the next pair, it belongs to the word.
    r"|(?:[^\s,;&\"']|[,;&](?!\s|\Z|[\"']?[\w.%-]*+[\"']?[=:]))++"
    r")"
)
#: Matches every name that holds one of the words, with a value or without: what was read is consumed.
_PAIR = re.compile(rf"{_WORD}[\w-]*+(?:{_SEPARATOR}(?P<value>{_VALUE}))?+")


def _encoded(word: str) -> str:
    """Return an expression of a word whose letters may be written as ``%70``."""
    return "".join(f"(?:{letter}|%{ord(letter):x}|%{ord(letter.upper()):x})" for letter in word)


#: The same names where letters may be written as ``%70``, as in the query of an address.
_ENCODED_PAIR = re.compile(
    rf"(?:{_encoded('passw')}|{_encoded('secret')}|{_encoded('token')}|{_encoded('api')}[_-]?{_encoded('key')})"
    rf"[\w%-]*+(?:\s*+[=:]\s*+(?P<value>{_VALUE}))?+"
)
_ENCODED_LETTER = re.compile("%[4-7][0-9a-f]")
_BEARER = re.compile(r"\b(?i:bearer|basic)\s++(?=[a-z.-]*+[^a-z.\s-])(?P<value>[\w.~+/=-]{8,})")
_PRIVATE_KEY = re.compile(r"-----begin (?:[a-z0-9]++ )*?private key-----(?P<value>[^-]*+)")
#: What follows ``://`` up to white space or a quote, if a colon or an @ is in it.
_ADDRESS = re.compile(r"://(?P<run>[^\s\"'<>@:`]*+[@:][^\s\"'<>`]*+)")
_SCHEME = re.compile(r"[a-z][a-z0-9+.-]*+\Z")
_END_OF_AUTHORITY = re.compile(r"[/?#]|\Z")
_HOST_AND_PORT = re.compile(r"(?:\[[^\]]*+\]|[^:\[\]@]*+)(?::\d*+)?+\Z")
#: Paths and queries of these hold an @ more often than their passwords hold a slash.
_PUBLIC_SCHEMES = frozenset({"http", "https", "ws", "wss", "ftp"})
#: The placeholder of a password in advice: ``postgresql://user:password@host``.
_PLACEHOLDERS = frozenset({"password", "PASSWORD", "<password>", "…", "..."})
#: Most addresses of one text that are parsed.
_ADDRESSES = 100
_Span = tuple[int, int]


@lru_cache(maxsize=1024)
def is_secret_key(key: str) -> bool:
    """Tell whether a field of this name may hold a secret."""
    lower = key.lower()
    return any(hint in lower for hint in _HINTS) and _NAME.search(lower) is not None


def redact_text(text: str) -> str:
    """Replace what looks like a secret inside a text: pairs, bearer tokens, private keys, passwords in addresses.

    Every log line passes through here, and most hold nothing that an expression could match. So a search for the plain
    text that each expression needs comes first, which is twenty times as fast.

    Args:
        text: any text, of any length: the time is linear in it.
    """
    if "://" in text:
        text = _hide(text, _secrets_of_addresses(text))
    pairs = "=" in text or ":" in text
    lower = _lower(text)
    if pairs and any(hint in lower for hint in _HINTS):
        text = _hide(text, [found.span("value") for found in _PAIR.finditer(lower)])
    if pairs and "%" in text and _ENCODED_LETTER.search(lower):
        text = _hide(text, [found.span("value") for found in _ENCODED_PAIR.finditer(_lower(text))])
    if "bearer" in lower or "basic" in lower:
        text = _hide(text, [found.span("value") for found in _BEARER.finditer(text)])
    if "private key-----" in lower:
        text = _hide(text, [found.span("value") for found in _PRIVATE_KEY.finditer(_lower(text))])
    return text


def redact_head(text: str, longest: int, hidden: HiddenValues = _NONE) -> str:
    """Redact the beginning of a text and cut it to ``longest`` characters; the rest is not read.

    Args:
        text: any text.
        longest: characters that are kept.
        hidden: values that are replaced first: what looks like a secret may be a part of one.
    """
    if len(text) <= longest:
        return redact_text(hidden.replaced(text))[:longest]
    piece = hidden.head(text, longest + _MARGIN)
    address = piece.rfind("://")
    if address >= 0 and not any(mark.isspace() for mark in piece[address:]):
        piece = piece[:address]  # its password may end behind the cut, and does not look like one without the end
    return redact_text(piece)[:longest]


def redact_tail(text: str, longest: int, hidden: HiddenValues = _NONE) -> str:
    """Redact the end of a text and cut it to ``longest`` characters; for tracebacks, whose last lines matter."""
    if len(text) <= longest:
        return redact_text(hidden.replaced(text))[-longest:]
    piece = hidden.tail(text, longest + _MARGIN)
    if len(text) > longest + _MARGIN:
        # The text before the first whole line may be the second half of a secret.
        first, _, rest = piece.partition("\n")
        piece = rest if len(first) <= _MARGIN else redact_text(hidden.replaced(text))
    return redact_text(piece)[-longest:]


def safe_url(url: str) -> str:
    """Return an address without its password, for people to read.

    The password may hold ``/``, ``#``, ``?`` or ``@`` unencoded, which no parser of addresses accepts. Parameters that
    may be secrets (``password``, ``sslpassword``) are left out too, however they are written.
    """
    scheme, mark, rest = url.partition("://")
    if not mark:
        return redact_text(url)
    start, end = _password(scheme.lower(), rest)
    # Of user:password@ the colon goes too; a user without a password stays as it is.
    address = rest[: start - 1] + rest[end:] if start < end else rest
    head, _, query = address.partition("?")
    kept = [item for item in query.split("&") if not is_secret_key(unquote_plus(item.partition("=")[0]))]
    joined = "&".join(kept)
    return redact_text(f"{scheme}{mark}{head}{'?' if joined else ''}{joined}")


def has_readable_host(url: str) -> bool:
    """Tell whether an address's host can be distinguished from its password, where ``/ ? # [ ]`` must be encoded."""
    scheme, _, rest = url.partition("://")
    ends = _END_OF_AUTHORITY.search(rest)
    authority = rest[: ends.start()] if ends is not None else rest
    user, _, host = authority.rpartition("@")
    tail = rest[len(authority) :] if ":" in authority else ""
    if "[" in user or "]" in user:
        return False
    return not any(_split_by_password(scheme.lower(), one, tail) for one in host.split(","))


def _password(scheme: str, rest: str) -> _Span:
    """Return where the password is in what follows ``://``; an empty span where there is none."""
    ends = _END_OF_AUTHORITY.search(rest)
    authority = rest[: ends.start()] if ends is not None else rest
    colon = authority.find(":")
    if colon < 0:
        return 0, 0
    at = authority.rfind("@")
    if _split_by_password(scheme, authority[at + 1 :], rest[len(authority) :]):
        at = rest.rfind("@")
        if at < 0:
            return colon + 1, len(rest)  # cut before its host
    return (colon + 1, at) if colon < at else (0, 0)


def _split_by_password(scheme: str, host: str, tail: str) -> bool:
    """Tell whether the apparent host of an address is the beginning of a password with ``/ ? #`` in it."""
    if "," not in host and _HOST_AND_PORT.match(host) is None:
        return True
    if scheme in _PUBLIC_SCHEMES:
        return False
    path, _, query = tail.partition("?")
    return "@" in path or ("@" in query and "=" not in query.partition("@")[0])


def _secrets_of_addresses(text: str) -> list[_Span]:
    found = list(_ADDRESS.finditer(text))
    looked_at = [_secret_of_address(text, one) for one in found[:_ADDRESSES]]
    # No sentence holds more addresses. Such a text is hidden whole, which costs nothing.
    return looked_at + [one.span("run") for one in found[_ADDRESSES:]]


def _secret_of_address(text: str, found: re.Match[str]) -> _Span:
    begin, run = found.start("run"), found["run"]
    if "://" in run:  # several addresses without a space between them: from the first colon to the last @
        start, end = run.find(":") + 1, run.rfind("@")
    else:
        named = _SCHEME.search(text[max(0, found.start() - 8) : found.start()].lower())
        scheme = named[0] if named is not None else ""
        start, end = _password(scheme, run)
        if start == end and scheme in _PUBLIC_SCHEMES:
            # https://ghp_…@host: there, a user without a password is a token.
            ends = _END_OF_AUTHORITY.search(run)
            end = max(start, run.rfind("@", 0, ends.start() if ends is not None else len(run)))
    if run[start:end] in _PLACEHOLDERS:
        end = start
    return begin + start, begin + end


def _hide(text: str, spans: list[_Span]) -> str:
    parts, last = [], 0
    for start, end in spans:
        if last <= start < end:
            parts += [text[last:start], HIDDEN]
            last = end
    return "".join([*parts, text[last:]]) if parts else text


def _lower(text: str) -> str:
    """Return the text in lower case, character by character: positions are the same in both."""
    lower = text.lower()
    return lower if len(lower) == len(text) else text.replace("\u0130", "i").lower()
