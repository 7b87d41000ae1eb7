"""Write the dashboard's types of the API, dashboard/src/api/schema.d.ts, from the API's own description.

The description comes from the routes, without a server or a store, and is not kept.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
from pathlib import Path

from tools.node import Node, ToolFailed, Unavailable, find
from tools.problems import ROOT

from tools import npm

DASHBOARD = ROOT / "dashboard"
TYPES = DASHBOARD / "src/api/schema.d.ts"
GENERATOR = DASHBOARD / "node_modules/openapi-typescript/bin/cli.js"


def document() -> bytes:
    """Return the OpenAPI document of the routes as they are now."""
    import msgspec

    from taskflowmq.server.app import make_framework
    from taskflowmq.server.openapi.document import describe

    return msgspec.json.encode(describe(make_framework()))


def generate(node: Node, description: bytes) -> str:
    """Return the types of a description.

    Raises:
        ToolFailed: the generator refuses it.
    """
    with tempfile.TemporaryDirectory() as scratch:
        source, types = Path(scratch) / "openapi.json", Path(scratch) / "schema.d.ts"
        source.write_bytes(description)
        # A field with a default may be left out of a request.
        command = node.command(GENERATOR, str(source), "--default-non-nullable=false", "-o", str(types))
        done = subprocess.run(  # noqa: S603 - the pinned generator
            command, cwd=DASHBOARD, env=npm.environment(node), capture_output=True, text=True, check=False
        )
        if done.returncode:
            raise ToolFailed(f"openapi-typescript refuses the API's description:\n{done.stdout}{done.stderr}".rstrip())
        return types.read_text(encoding="utf-8")


def main() -> int:
    """Write the file if it changes."""
    try:
        npm.ensure(DASHBOARD, find, dev=True)
        types = generate(find(), document())
    except (Unavailable, ToolFailed) as error:
        print(f"The types were not written: {error}", file=sys.stderr)
        return 1
    name = TYPES.relative_to(ROOT)
    if TYPES.read_text(encoding="utf-8") == types:
        print(f"{name} is current")
    else:
        TYPES.write_text(types, encoding="utf-8")
        print(f"{name} is written: commit it")
    return 0


if __name__ == "__main__":
    sys.exit(main())
