"""What a mutant is."""

from __future__ import annotations

from typing import Literal, NamedTuple

from tests.mutants.tree import Edit

Engine = Literal["sqlite", "postgres", "any"]


class Mutant(NamedTuple):
    """One mistake on one engine."""

    name: str
    #: "any": the mistake lies above the stores.
    engine: Engine
    #: What is wrong with it, as its author would say in hindsight.
    mistake: str
    edits: tuple[Edit, ...]
    #: pytest node ids, each of which must fail; a test without its parameters stands for any of them.
    caught_by: tuple[str, ...]

    @property
    def key(self) -> str:
        """How it is named on the command line."""
        return f"{self.name}/{self.engine}"
