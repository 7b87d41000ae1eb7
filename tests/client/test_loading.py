from __future__ import annotations

from pathlib import Path

import pytest

from taskflowmq.bootstrap.loading import AppNotFound, load_app

SHOP = "from taskflowmq import TaskFlow\nmain = TaskFlow('sqlite:///shop.db')\napp = main\nclass holder: app = main\n"


@pytest.fixture(autouse=True)
def in_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(str(tmp_path))
    (tmp_path / "shop_for_test.py").write_text(SHOP)
    (tmp_path / "broken_for_test.py").write_text("import missing_dependency_xyz\n")


@pytest.mark.parametrize("spec", ["shop_for_test:main", "shop_for_test", "shop_for_test:holder.app"])
def test_an_app_is_found_by_name(spec: str) -> None:
    assert load_app(spec).url == "sqlite:///shop.db"


def test_a_url_wins_over_the_apps_own() -> None:
    assert load_app("shop_for_test:main", "sqlite:///other.db").url == "sqlite:///other.db"
    load_app("shop_for_test:main", "sqlite:///shop.db")


@pytest.mark.parametrize(
    ("spec", "why"),
    [
        ("no_such_module_xyz:app", "no module 'no_such_module_xyz'"),
        ("shop_for_test:nope", "has no 'nope'. Apps in that module: app, main"),
        ("shop_for_test:TaskFlow", "not a TaskFlow"),
        ("shop_for_test:", "names no app"),
        (":app", "names no app"),
    ],
)
def test_what_is_missing_is_said(spec: str, why: str) -> None:
    with pytest.raises(AppNotFound, match=why):
        load_app(spec)


def test_an_import_error_inside_the_app_is_shown_as_it_is() -> None:
    with pytest.raises(ModuleNotFoundError, match="missing_dependency_xyz"):
        load_app("broken_for_test:app")
