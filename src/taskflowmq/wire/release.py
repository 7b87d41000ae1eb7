"""Releases in JSON."""

from __future__ import annotations

from typing import Annotated

import msgspec
from msgspec import Meta

from taskflowmq.core.releases import Release
from taskflowmq.wire.kinds import Time


class ReleaseOut(msgspec.Struct, kw_only=True):
    """A release of a program, by the name that its workers announce."""

    name: str
    first_at: Annotated[Time, Meta(description="When a worker announced it first")]
    last_at: Annotated[Time, Meta(description="When a worker announced it last")]


def release_out(release: Release) -> ReleaseOut:
    """Return a release's answer."""
    return ReleaseOut(name=release.name, first_at=release.first_at, last_at=release.last_at)
