"""S27: no name leads out of the directory, and files appear complete or not at all."""

import os
import socket
from pathlib import Path

import pytest

from taskflowmq.tasks.errors import InvalidInput
from taskflowmq.tasks.files import FilesDir

TRAVERSALS = [
    "", ".", "..", "/", "../x.csv", "a/../x.csv", "a/../../x.csv", "/etc/passwd", "//etc/passwd", "a//b",
    "a/", "./a",
    "..\\x.csv", "a\\b", "C:\\x", "c:x", "\\\\host\\share", "%2e%2e/x", "..%2fx.csv", "%2e%2e%2fx",
    "%252e%252e%252fx",
    "a\x00.csv", "a\n.csv", "a\x1b[2J", "a\u2028b", "a\u202egpj.exe", "a\ud800", ".hidden", "a/.ssh/x",
    "~/x", "~root",
    "CON", "nul.csv", "a/COM1.png", "LPT9.tar.gz", "aux", "x. ", "x.", " x", "a:stream", "a?b", "a*b",
    "a|b", "<a>",
    "x" * 201, "ü" * 101, "a/" * 600 + "b", "...", "..../x",
]  # fmt: skip


def outside(tmp_path: Path) -> dict[str, bytes | None]:
    """Everything beside the directory, to see that nothing changed."""
    return {
        str(path): path.read_bytes() if path.is_file() else None
        for path in sorted(tmp_path.rglob("*"))
        if "files" not in path.relative_to(tmp_path).parts
    }


@pytest.mark.parametrize("name", TRAVERSALS)
def test_bad_names_are_refused_for_reading_and_writing(tmp_path: Path, files_dir: Path, name: str) -> None:
    (tmp_path / "x.csv").write_text("secret")
    before = outside(tmp_path)
    with pytest.raises(InvalidInput), FilesDir(files_dir).open(name):
        pass
    with pytest.raises(InvalidInput) as caught, FilesDir(files_dir).replace(name) as file:
        file.write(b"x")
    assert outside(tmp_path) == before
    assert list(files_dir.rglob("*")) == []
    assert str(tmp_path) not in str(caught.value)
    assert str(caught.value).isprintable()


@pytest.mark.parametrize(
    "name", ["a.csv", "A b/ü (1).png", "con2/nullable.csv", "100% sure.csv", "a..b", "日本語.webp"]
)
def test_good_names_are_written_and_read_back(files_dir: Path, name: str) -> None:
    files = FilesDir(files_dir)
    for content in (b"first", b"second"):
        with files.replace(name) as file:
            file.write(content)
        with files.open(name) as file:
            assert file.read() == content
    assert [path for path in files_dir.rglob("*") if path.is_file()] == [files_dir / name]


def test_the_directory_is_made_at_the_first_write(tmp_path: Path) -> None:
    files = FilesDir(tmp_path / "not" / "yet")
    with pytest.raises(FileNotFoundError, match="TASKFLOW_FILES_DIR"), files.open("a"):
        pass
    with files.replace("a/b/c") as file:
        file.write(b"x")
    with pytest.raises(FileNotFoundError, match="'a/b/d' does not exist"), files.open("a/b/d"):
        pass


def test_symlinks_are_not_followed(tmp_path: Path, files_dir: Path) -> None:
    (tmp_path / "secret").write_text("secret")
    (tmp_path / "folder").mkdir()
    (tmp_path / "folder" / "f").write_text("secret")
    (files_dir / "file").symlink_to(tmp_path / "secret")
    (files_dir / "dir").symlink_to(tmp_path / "folder")
    (files_dir / "new").symlink_to(tmp_path / "created")
    before = outside(tmp_path)
    files = FilesDir(files_dir)
    for name in ("file", "dir/f", "dir"):
        with pytest.raises(InvalidInput), files.open(name):
            pass
    for name in ("file", "dir/f", "dir/new", "dir", "new"):
        with pytest.raises(InvalidInput), files.replace(name) as file:
            file.write(b"x")
    assert outside(tmp_path) == before


def test_a_folder_swapped_for_a_symlink_while_writing_changes_nothing_outside(tmp_path: Path, files_dir: Path) -> None:
    (tmp_path / "elsewhere").mkdir()
    with FilesDir(files_dir).replace("a/b.csv") as file:
        file.write(b"x")
        (files_dir / "a").rename(files_dir / "moved")
        (files_dir / "a").symlink_to(tmp_path / "elsewhere")
    assert list((tmp_path / "elsewhere").iterdir()) == []
    assert (files_dir / "moved" / "b.csv").read_bytes() == b"x"


def test_only_plain_files_are_opened_or_replaced(files_dir: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    os.mkfifo(files_dir / "pipe")
    (files_dir / "folder").mkdir()
    monkeypatch.chdir(files_dir)  # the path of a socket must be short
    with socket.socket(socket.AF_UNIX) as unix:
        unix.bind("socket")
        for name in ("pipe", "folder", "socket"):
            with pytest.raises(InvalidInput), FilesDir(files_dir).open(name):
                pass
            with pytest.raises(InvalidInput), FilesDir(files_dir).replace(name):
                pass
    (files_dir / "plain").touch()
    with pytest.raises(InvalidInput), FilesDir(files_dir).replace("plain/below"):
        pass


def test_a_failed_write_leaves_the_old_file_and_no_rubbish(files_dir: Path) -> None:
    (files_dir / "a").write_bytes(b"old")
    with pytest.raises(RuntimeError), FilesDir(files_dir).replace("a") as file:
        file.write(b"half")
        raise RuntimeError
    assert [(path.name, path.read_bytes()) for path in files_dir.iterdir()] == [("a", b"old")]


def test_no_descriptor_is_left_open(files_dir: Path) -> None:
    files = FilesDir(files_dir)
    before = len(os.listdir("/dev/fd"))  # noqa: PTH208 (no Path: that would hold a descriptor itself)
    for name in ("a/b/c", "../x", "a", "missing/x"):
        try:
            with files.replace(name) as file:
                file.write(b"x")
            with files.open(name + "x"):
                pass
        except (InvalidInput, OSError):
            pass
    assert len(os.listdir("/dev/fd")) == before  # noqa: PTH208
