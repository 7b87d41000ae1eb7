"""Names of releases."""

from __future__ import annotations

import pytest

from taskflowmq.core.releases import MAX_RELEASE, release_problem


@pytest.mark.parametrize(
    "name", ["1", "v2.4.1", "shop 2.4.1 (hotfix)", "4f9c2e1", "release/2026-11-22", "~", "x" * MAX_RELEASE]
)
def test_a_version_a_tag_or_a_hash_is_a_name(name: str) -> None:
    assert release_problem(name) is None


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("", "got ''"),
        ("x" * (MAX_RELEASE + 1), "got 65"),
        ("v1\n", "printable"),
        (" v1", "got ' v1'"),
        ("v1 ", "got 'v1 '"),
        ("v\x001", "printable"),
        ("v\u202e1", "printable"),
        ("März", "ASCII"),
        (7, "got int"),
        (None, "got NoneType"),
    ],
)
def test_what_is_no_name_is_said(name: object, said: str) -> None:
    problem = release_problem(name)
    assert problem is not None
    assert said in problem
