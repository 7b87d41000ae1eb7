"""The shape of the store and its version."""

from __future__ import annotations

from typing import Protocol


class Schema(Protocol):
    """The shape of the store and its version, for the installation."""

    async def version(self) -> int:
        """Return the stored schema version, 0 if there is none."""
        ...

    async def pending_sql(self, *, finish: bool = False) -> list[tuple[str, str]]:
        """Return (name, SQL) of what :meth:`migrate` would apply."""
        ...

    async def missing_rights(self) -> list[str]:
        """Return the rights that this program's role lacks for jobs and duties."""
        ...

    async def open_schemas(self) -> list[str]:
        """Return the schemas in which other roles may create objects that our statements would use by mistake."""
        ...

    async def migrate(self, *, finish: bool = False) -> list[str]:
        """Apply what is pending, one program at a time, and return its names.

        Migrations are safe while programs of the version before run. A new store is finished at once.

        Args:
            finish: also apply the steps that programs of older versions do not survive: no such program may run.
        """
        ...

    async def check_client(self) -> None:
        """Raise :class:`SchemaMismatch` unless this version of the library can use the schema."""
        ...
