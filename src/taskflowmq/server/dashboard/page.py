"""The page of the dashboard: the built HTML, with what the browser must know before its first request."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from functools import cache, lru_cache
from importlib import resources
from string import Template

import msgspec

_BOOT = '<script id="boot" type="application/json">{}</script>'
_END = "</head>"
_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self' 'nonce-{nonce}'; img-src 'self' data:; font-src 'self'; "
    "connect-src 'self'; worker-src 'self'; manifest-src 'self'; base-uri 'none'; form-action 'none'; "
    "frame-ancestors {ancestors}"
)


class Features(msgspec.Struct, frozen=True):
    """What this server offers beyond the rest.

    Args:
        playground: whether stress tests can be started.
        public: whether it is a demonstration for everyone.
        resets_at: when its store goes back to how it began, and again every hour; None: never.
    """

    playground: bool = False
    public: bool = False
    resets_at: datetime | None = None


class Boot(msgspec.Struct, frozen=True, kw_only=True):
    """What the page knows before its first request.

    Args:
        base: the path prefix, without a slash at its end; empty at the root.
        api: the prefix of the API.
        version: of this server; the live feed says it too.
        nonce: allows style sheets that scripts make, in this page only.
        tenant: whose jobs the page shows.
        actor: who opens it; None for a guest, who has shown no key.
        role: of the actor.
        permissions: of the actor.
        features: what this server offers.
        zone: the time zone of this server.
        store: the engine.
        environment: the name of this installation, if the operator gave one.
        requires_reason: whether an act must say why.
        sign_in: whether a key is needed and none was given.
    """

    base: str
    api: str
    version: str
    nonce: str
    tenant: str
    actor: str | None
    role: str | None
    permissions: Sequence[str]
    features: Features
    zone: str
    store: str
    environment: str | None
    requires_reason: bool
    sign_in: bool


def content_policy(nonce: str, ancestors: str) -> bytes:
    """Return the content security policy of a page.

    Args:
        nonce: of this response.
        ancestors: who may show the page in a frame.
    """
    return _POLICY.format(nonce=nonce, ancestors=ancestors).encode()


def fill(page: str, boot: Boot, scripts: tuple[str, ...] = ()) -> bytes:
    """Return the page for one response.

    Args:
        page: the built HTML.
        boot: what the browser must know.
        scripts: names of those that the page loads beside those of the HTML; the browser fetches them at once.
    """
    before, after = _split(page, boot.base, scripts)
    # The only character by which the text could end its element, or begin a comment in it.
    written = msgspec.json.encode(boot).decode().replace("<", "\\u003c")
    return "".join((before, _BOOT.replace("{}", written), after)).encode()


def not_built(nonce: str, base: str) -> bytes:
    """Return the page of a server without a built dashboard."""
    return Template(_static("not_built.html")).substitute(nonce=nonce, base=base).encode()


@lru_cache(maxsize=32)
def _split(page: str, base: str, scripts: tuple[str, ...]) -> tuple[str, str]:
    # Last: a browser that asks for few files at once shall begin with the program. As a header, before all, they
    # delayed the first paint by the time that the program's own files took.
    preloads = "".join(f'<link rel="modulepreload" crossorigin href="./{name}">\n' for name in scripts)
    before, mark, after = page.replace(_END, preloads + _END, 1).replace('"./', f'"{base}/').partition(_BOOT)
    if not mark:
        raise ValueError(f"the built index.html has no {_BOOT}")
    return before, after


@cache
def _static(name: str) -> str:
    return resources.files(__package__).joinpath("static", name).read_text(encoding="utf-8")
