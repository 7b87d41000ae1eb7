"""More peers on Redis: versions, settings and what each cannot do."""

from __future__ import annotations

from benchmarks.compare.peer import Peer

PEERS: tuple[Peer, ...] = ()
