"""The statements of a store: one ``.sql`` file each, read and put together once, when the engine's package is imported.

``queries/`` holds what both engines have under the same names, ``only/`` what one engine alone needs. What several
statements must do in the same way is a fragment, ``fragments/<name>.sql``. A line ``-- include: <name>`` includes it:

    WITH ending AS (SELECT ...)
    -- include: end_job
    SELECT job_id FROM ending

A fragment's file is a statement by itself, which editors, checks and the server can read. Only the text between the
lines ``-- begin`` and ``-- end`` is included; the text around them shows which columns the fragment reads. Lists that
change together are parts of one fragment, each between ``-- begin: <part>`` and ``-- end``; a part is included as
``-- include: <name>.<part>``.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from functools import partial
from importlib.resources import files
from importlib.resources.abc import Traversable

#: The folders of statements, in the package of an engine.
FOLDERS = ("queries", "only")
_INCLUDE = re.compile(r"^[ \t]*-- include:[ \t]*(\S*)[ \t]*\n?", re.MULTILINE)
_BODY = re.compile(r"^[ \t]*-- begin(?:: (\w+))?\n(.*?)^[ \t]*-- end$", re.MULTILINE | re.DOTALL)


class BadStatement(Exception):
    """A file of SQL cannot be put together; the message says which and why."""


class Statements:
    """The statements of an engine: ``q.claim_jobs`` is the text of ``claim_jobs.sql`` with its fragments.

    Args:
        package: the engine's package, as ``taskflowmq.stores.sqlite``.

    Raises:
        BadStatement: a fragment is missing, is not a fragment or includes itself, or two files have one name.
    """

    def __init__(self, package: str) -> None:
        for name, text in load(files(package)).items():
            setattr(self, name, text)

    def __getattr__(self, name: str) -> str:
        raise AttributeError(f"there is no statement {name}")


def load(root: Traversable) -> dict[str, str]:
    """Return the statements of an engine by name, with their fragments in place.

    Raises:
        BadStatement: see :class:`Statements`.
    """
    statements: dict[str, str] = {}
    for folder in FOLDERS:
        found = load_folder(root, folder)
        if double := found.keys() & statements.keys():
            raise BadStatement(f"two statements are named {min(double)}")
        statements |= found
    return statements


def load_folder(root: Traversable, folder: str) -> dict[str, str]:
    """Return the texts of a folder by name, with their fragments in place.

    Raises:
        BadStatement: see :class:`Statements`.
    """
    fragments = read_fragments(root)
    return {name: expand(text, fragments, name).strip() for name, text in read_folder(root, folder).items()}


def read_folder(root: Traversable, folder: str) -> dict[str, str]:
    """Return the texts of the ``.sql`` files of a folder and those below it, by name without folder and ending.

    Raises:
        BadStatement: two of them have one name.
    """
    found: dict[str, str] = {}
    for entry in _walk(root / folder):
        name = entry.name.removesuffix(".sql")
        if name in found:
            raise BadStatement(f"two files in {folder} are named {entry.name}")
        found[name] = entry.read_text(encoding="utf-8")
    return found


def read_fragments(root: Traversable) -> dict[str, str]:
    """Return the text between ``-- begin`` and ``-- end`` in each fragment, by name and part.

    Raises:
        BadStatement: a file in ``fragments`` has no such lines, or twice for one part.
    """
    fragments: dict[str, str] = {}
    for name, text in read_folder(root, "fragments").items():
        parts = _BODY.findall(text)
        if not parts:
            raise BadStatement(f"the fragment {name} has no lines `-- begin` and `-- end`")
        for part, body in parts:
            key = f"{name}.{part}" if part else name
            if key in fragments:
                raise BadStatement(f"the fragment {key} begins twice")
            fragments[key] = body
    return fragments


def expand(text: str, fragments: Mapping[str, str], *within: str) -> str:
    """Put the fragments that a text includes in their places.

    Args:
        text: with lines ``-- include: <name>``.
        fragments: by name; they may include others.
        within: the names of the texts that this one is included in, outermost first.

    Raises:
        BadStatement: a fragment is missing or includes itself.
    """
    return _INCLUDE.sub(partial(_body, fragments, within), text)


def _body(fragments: Mapping[str, str], within: tuple[str, ...], include: re.Match[str]) -> str:
    name = include[1]
    if name in within:
        raise BadStatement(f"the fragment {name} includes itself, in {' in '.join(reversed(within))}")
    if name not in fragments:
        raise BadStatement(f"{' in '.join(reversed(within)) or 'a text'} includes {name}, which is not a fragment")
    return expand(fragments[name], fragments, *within, name)


def _walk(folder: Traversable) -> Iterator[Traversable]:
    if not folder.is_dir():
        return
    for entry in folder.iterdir():
        if entry.is_dir():
            yield from _walk(entry)
        elif entry.name.endswith(".sql"):
            yield entry
