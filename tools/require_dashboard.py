"""A hook of hatch: no wheel or sdist without the dashboard; `pip install -e .` needs none."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

INDEX = Path("src/taskflowmq/_dashboard/index.html")


class RequireDashboard(BuildHookInterface[Any]):
    """Refuses what would be installed without the page that the server serves."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Check before anything is packed.

        Args:
            version: the kind of the build: `standard` or `editable`.
            build_data: what hooks may change; unused.

        Raises:
            RuntimeError: the dashboard is not built.
        """
        if version != "editable" and not (Path(self.root) / INDEX).is_file():
            raise RuntimeError(f"{INDEX} is missing: run `make web` (or `make wheel`, which does) and build again")
