"""What a store only keeps of a job follows from the structs, and stands in every list of ``job_fields.sql``."""

from __future__ import annotations

import re
from importlib.resources import files

import pytest

from taskflowmq.core.job import ClaimedJob
from taskflowmq.stores.common.fields import KEPT, KEPT_JSON, KEPT_PLAIN, VIEWED
from taskflowmq.stores.common.sql import read_fragments

ENGINES = ("sqlite", "postgres")


def parts(engine: str) -> dict[str, list[str]]:
    """Return the items of each list, by the part's name."""
    found = read_fragments(files(f"taskflowmq.stores.{engine}"))
    lists = {name.partition(".")[2]: text for name, text in found.items() if name.startswith("job_fields.")}
    return {part: items(text) for part, text in lists.items()}


def items(text: str) -> list[str]:
    """Split a list at the commas outside of parentheses; it begins with one."""
    bare = re.sub(r"\([^()]*(?:\([^()]*\)[^()]*)*\)", lambda inside: inside[0].replace(",", ";"), text)
    first, *rest = [item.strip() for item in bare.split(",")]
    assert first == ""
    return rest


def test_what_is_kept_comes_last_in_a_claimed_job_and_json_last_of_it() -> None:
    assert KEPT == KEPT_PLAIN + KEPT_JSON == ClaimedJob.__struct_fields__[-len(KEPT) :]
    assert {own for _, own in VIEWED} <= set(KEPT)


@pytest.mark.parametrize("engine", ENGINES)
def test_every_list_of_an_engine_has_every_field(engine: str) -> None:
    lists = parts(engine)
    assert tuple(lists["columns"]) == KEPT
    emptied = lists.pop("emptied")
    assert emptied == [f"{name} = NULL" for name in KEPT_JSON]
    assert {part: len(found) for part, found in lists.items()} == dict.fromkeys(lists, len(KEPT))
