"""`image-resize`: sizes, formats, and S28: bombs, animations and damage are refused early."""

import io
import resource
import signal
import struct
import subprocess
import sys
import time
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from PIL import Image, ImageCms

from taskflowmq.tasks.bounds import bounded
from taskflowmq.tasks.errors import InvalidInput, PermanentFailure
from taskflowmq.tasks.images import MAX_SCANS, image_resize


def chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def png_header(width: int, height: int, *extra: bytes) -> bytes:
    header = struct.pack(">IIBBBBB", width, height, 8, 6, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + b"".join(extra)


def bomb(side: int) -> bytes:
    """A valid black and white picture: 44 KB as a file, huge as pixels."""
    header = struct.pack(">IIBBBBB", side, side, 1, 0, 0, 0, 0)
    data = zlib.compress(bytes((1 + (side + 7) // 8) * side), 9)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", data) + chunk(b"IEND", b"")


def webp_bomb(width: int, height: int) -> bytes:
    """An animation that claims a huge canvas and holds one tiny frame."""
    tiny = io.BytesIO()
    Image.new("RGB", (1, 1)).save(tiny, "WEBP", lossless=True)
    vp8l = tiny.getvalue()[12:]
    size = struct.pack("<I", width - 1)[:3] + struct.pack("<I", height - 1)[:3]
    frame = b"\0" * 6 + b"\0" * 6 + b"\1\0\0" + b"\0" + vp8l
    body = b"WEBPVP8X" + struct.pack("<I", 10) + b"\x02\0\0\0" + size
    body += b"ANIM" + struct.pack("<I", 6) + b"\0" * 6
    body += b"ANMF" + struct.pack("<I", len(frame)) + frame
    return b"RIFF" + struct.pack("<I", len(body)) + body


def save(path: Path, picture: Image.Image, kind: str, **options: Any) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    picture.save(path, kind, **options)


def gradient(size: tuple[int, int] = (400, 200)) -> Image.Image:
    return Image.linear_gradient("L").resize(size).convert("RGB")


@pytest.mark.parametrize(
    ("width", "height", "expected"),
    [(100, None, (100, 50)), (100, 10, (20, 10)), (100, 100, (100, 50)), (1, None, (1, 1)),
     (400, 200, (400, 200)), (9999, None, (400, 200)), (10_000, 10_000, (400, 200)), (133, None, (133, 66))],
)  # fmt: skip
def test_sizes(files_dir: Path, width: int, height: int | None, expected: tuple[int, int]) -> None:
    save(files_dir / "in" / "a b.png", gradient(), "PNG")
    result = image_resize("in/a b.png", width, height)
    assert result["path"] == f"resized/in/a b-{expected[0]}x{expected[1]}.png"
    assert (result["width"], result["height"]) == expected
    target = files_dir / result["path"]
    assert target.stat().st_size == result["bytes"]
    with Image.open(target) as picture:
        assert (picture.size, picture.format) == (expected, "PNG")


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "WEBP"])
@pytest.mark.parametrize(
    ("wanted", "becomes"), [(None, None), ("png", "PNG"), ("jpeg", "JPEG"), ("JPG", "JPEG"), ("webp", "WEBP")]
)
def test_formats(files_dir: Path, kind: str, wanted: str | None, becomes: str | None) -> None:
    save(files_dir / "a.bin", gradient(), kind)  # the content decides, not the name
    result = image_resize("a.bin", 50, format=wanted)
    with Image.open(files_dir / result["path"]) as picture:
        assert picture.format == (becomes or kind)
        assert picture.size == (50, 25)
        grey = picture.convert("L")
        assert abs(grey.getpixel((25, 12)) - 127) < 12  # type: ignore[operator]


@pytest.mark.parametrize("mode", ["1", "L", "LA", "P", "PA", "RGB", "RGBA", "CMYK", "I;16"])
@pytest.mark.parametrize("wanted", ["png", "jpeg", "webp"])
def test_every_colour_mode(files_dir: Path, mode: str, wanted: str) -> None:
    if mode.startswith("I"):
        picture = Image.new(mode, (40, 40), 0x8080)
    else:
        picture = Image.new("RGB", (40, 40), (128, 128, 128)).convert("L" if mode == "LA" else "RGB").convert(mode)
    kind = "JPEG" if mode == "CMYK" else "PNG"
    if mode == "PA":
        picture = picture.convert("P")
        save(files_dir / "a", picture, kind, transparency=200)
    else:
        save(files_dir / "a", picture, kind)
    result = image_resize("a", 10, format=wanted)
    with Image.open(files_dir / result["path"]) as small:
        if mode != "1":
            assert abs(small.convert("L").getpixel((5, 5)) - 128) < 6  # type: ignore[operator]


def test_transparent_becomes_white_in_jpeg(files_dir: Path) -> None:
    save(files_dir / "a.png", Image.new("RGBA", (20, 20), (255, 0, 0, 0)), "PNG")
    with Image.open(files_dir / image_resize("a.png", 10, format="jpeg")["path"]) as picture:
        assert picture.convert("L").getextrema()[0] > 250  # type: ignore[operator]


def test_a_photo_on_its_side_is_set_upright_and_loses_its_metadata(files_dir: Path) -> None:
    exif = Image.Exif()
    exif[0x0112] = 6
    exif[0x010E] = "canary"
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    save(files_dir / "a.jpg", gradient((4000, 2000)), "JPEG", exif=exif, icc_profile=profile)
    result = image_resize("a.jpg", 100)
    assert (result["width"], result["height"]) == (100, 200)
    content = (files_dir / result["path"]).read_bytes()
    assert b"canary" not in content
    with Image.open(io.BytesIO(content)) as picture:
        assert picture.info["icc_profile"] == profile


def test_a_phone_photo_with_a_second_picture_inside(files_dir: Path) -> None:
    save(files_dir / "a.jpg", gradient(), "MPO", save_all=True, append_images=[gradient((20, 20))])
    assert image_resize("a.jpg", 100)["format"] == "jpeg"


def test_the_same_call_gives_the_same_file(files_dir: Path) -> None:
    save(files_dir / "a.png", gradient(), "PNG")
    first = image_resize("a.png", 10)
    content = (files_dir / first["path"]).read_bytes()
    assert image_resize("a.png", 10) == first
    assert (files_dir / first["path"]).read_bytes() == content


@pytest.mark.parametrize(
    "arguments",
    [(0,), (-1,), (10_001,), (10, 0), (10, 10_001), (10, None, "gif"), (10, None, ""), (10, None, "bmp\x00")],
)
def test_bad_arguments(files_dir: Path, arguments: tuple[Any, ...]) -> None:
    save(files_dir / "a.png", gradient(), "PNG")
    with pytest.raises(InvalidInput, match=r"width|height|format"):
        image_resize("a.png", *arguments)


def damaged() -> dict[str, bytes]:
    """Files that are no (whole) pictures."""
    whole: dict[str, bytes] = {}
    for kind in ("PNG", "JPEG", "WEBP"):
        target = io.BytesIO()
        Image.effect_noise((200, 200), 90).convert("RGB").save(target, kind)
        whole[kind] = target.getvalue()
    cases = {f"{kind} cut at {share}": data[: int(len(data) * share)]
             for kind, data in whole.items() for share in (0.01, 0.3, 0.9)}  # fmt: skip
    cases["PNG forged"] = whole["PNG"][:60] + b"\xff" * 400 + whole["PNG"][460:]
    cases["empty"] = b""
    cases["text"] = b"hello"
    cases["header only"] = png_header(10, 10)
    cases["no size"] = png_header(0, 0, chunk(b"IDAT", b""), chunk(b"IEND", b""))
    for kind in ("GIF", "BMP", "TIFF", "PPM", "ICO", "PDF"):
        target = io.BytesIO()
        Image.new("RGB", (32, 32)).save(target, kind)
        cases[kind] = target.getvalue()
    cases["EPS"] = b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n%%EndComments\nquit\n"
    cases["SVG"] = b'<svg xmlns="http://www.w3.org/2000/svg"/>'
    return cases


DAMAGED = damaged()


@pytest.mark.parametrize("case", DAMAGED)
def test_damaged_and_foreign_files_fail_clearly(files_dir: Path, case: str) -> None:
    (files_dir / "a.png").write_bytes(DAMAGED[case])
    with pytest.raises(PermanentFailure, match=r"damaged|no PNG, JPEG or WebP"):
        image_resize("a.png", 10)
    assert [path.name for path in files_dir.rglob("*")] == ["a.png"]


def test_animations_are_refused(files_dir: Path) -> None:
    frames = [Image.new("RGB", (10, 10), (n * 90, 0, 0)) for n in range(3)]
    for kind in ("PNG", "WEBP"):
        save(files_dir / "a", frames[0], kind, save_all=True, append_images=frames[1:])
        with pytest.raises(PermanentFailure, match="animation"):
            image_resize("a", 5)


def test_the_limit_of_pixels_is_the_operators(files_dir: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    save(files_dir / "a.png", Image.new("L", (100, 100)), "PNG")
    monkeypatch.setenv("TASKFLOW_IMAGE_MAX_PIXELS", "10000")
    image_resize("a.png", 10)
    monkeypatch.setenv("TASKFLOW_IMAGE_MAX_PIXELS", "9999")
    with pytest.raises(PermanentFailure, match="more than 9999 pixels"):
        image_resize("a.png", 10)


def test_a_huge_file_is_not_read(files_dir: Path) -> None:
    with (files_dir / "a.png").open("wb") as file:
        file.truncate(10**10)  # sparse
    with pytest.raises(PermanentFailure, match="larger than"):
        image_resize("a.png", 10)


def test_a_missing_file_may_come_later(files_dir: Path) -> None:
    with pytest.raises(FileNotFoundError, match=r"'a\.png' does not exist"):
        image_resize("a.png", 10)


def plain_webp() -> bytes:
    """An honest still picture of 50 million pixels in 2 KB."""
    target = io.BytesIO()
    Image.new("RGBA", (16_383, 3_051)).save(target, "WEBP", lossless=True)
    return target.getvalue()


def many_scans(scans: int) -> bytes:
    """A progressive JPEG that paints its 49 million pixels over and over: 417 KB take minutes."""
    target = io.BytesIO()
    Image.new("L", (7_000, 7_000)).save(target, "JPEG", progressive=True, quality=1)
    whole = target.getvalue()
    last = whole.rfind(b"\xff\xda")
    return whole[:last] + whole[last:-2] * scans + b"\xff\xd9"


ACTL_50K = chunk(b"acTL", struct.pack(">II", 50_000, 0))
#: Made by the test that needs one; these take a second.
LARGE = ("profile bomb", "webp of 50 million pixels", "jpeg of 3000 scans")
BOMBS: dict[str, Callable[[], bytes]] = {
    "19000x19000 header": lambda: png_header(19_000, 19_000, chunk(b"IDAT", b"")),
    "8000x8000 header": lambda: png_header(8_000, 8_000, chunk(b"IDAT", b"")),
    "9700x9700 between the limits of Pillow": lambda: png_header(9_700, 9_700, chunk(b"IDAT", b"")),
    "2^31 wide": lambda: png_header(2**31 - 1, 1, chunk(b"IDAT", b"")),
    "webp canvas": lambda: webp_bomb(9_000, 9_000),
    "webp canvas, largest": lambda: webp_bomb(16_384, 16_384),
    "50k frames": lambda: png_header(10, 10, ACTL_50K, chunk(b"IDAT", zlib.compress(b"\0" * 410)), chunk(b"IEND", b"")),
    "text bomb": lambda: png_header(10, 10, *[chunk(b"zTXt", b"k\0\0" + zlib.compress(bytes(10**7)))] * 30),
    "profile bomb": lambda: png_header(10, 10, chunk(b"iCCP", b"k\0\0" + zlib.compress(bytes(10**8)))),
    "webp of 50 million pixels": plain_webp,
    "jpeg of 3000 scans": lambda: many_scans(3_000),
}

PROBE = """
import pathlib, re
from taskflowmq.tasks.errors import PermanentFailure
from taskflowmq.tasks.images import image_resize
try:
    print(image_resize("bomb", 10))
except PermanentFailure as error:
    print(error)
# Not ru_maxrss: it is inherited over exec, so it would tell the size of the test runner.
print(int(re.search(r"VmHWM:\\s+(\\d+)", pathlib.Path("/proc/self/status").read_text())[1]) // 1024)
"""


@pytest.mark.parametrize(
    "case", [pytest.param(case, marks=pytest.mark.slow) if case in LARGE else case for case in BOMBS]
)
def test_bombs_fail_fast_and_cost_nothing(files_dir: Path, case: str) -> None:
    (files_dir / "bomb").write_bytes(BOMBS[case]())
    started = time.process_time()
    with pytest.raises(PermanentFailure):
        image_resize("bomb", 10)
    assert time.process_time() - started < 2


@pytest.mark.slow
@pytest.mark.parametrize(
    "case",
    [
        "44 KB, 19000x19000",
        "webp canvas, largest",
        "text bomb",
        "profile bomb",
        "webp of 50 million pixels",
        "jpeg of 3000 scans",
    ],
)
def test_bombs_take_less_than_300_megabytes(files_dir: Path, case: str) -> None:
    (files_dir / "bomb").write_bytes(BOMBS.get(case, lambda: bomb(19_000))())
    assert (files_dir / "bomb").stat().st_size < 500_000
    done = subprocess.run([sys.executable, "-c", PROBE], capture_output=True, text=True, check=True)
    message, megabytes = done.stdout.strip().rsplit("\n", 1)
    assert "'bomb'" in message
    assert int(megabytes) < 300


def test_what_encoders_write_is_below_the_limit_of_scans(files_dir: Path) -> None:
    save(files_dir / "a.jpg", gradient(), "JPEG", progressive=True, quality=95)
    assert (files_dir / "a.jpg").read_bytes().count(b"\xff\xda") <= MAX_SCANS // 2
    image_resize("a.jpg", 10)


def test_the_limit_of_memory_is_the_operators(files_dir: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TASKFLOW_IMAGE_MAX_MEMORY_MB", "1")
    save(files_dir / "small.png", Image.new("RGB", (500, 500)), "PNG")
    save(files_dir / "large.png", Image.new("RGB", (501, 500)), "PNG")
    image_resize("small.png", 10)
    with pytest.raises(PermanentFailure, match="more than 1 MB"):
        image_resize("large.png", 10)


LIMITED = """
import asyncio, resource, sys
from taskflowmq.tasks import bounds
bounds._in_body_process = lambda: True
before = resource.getrlimit(resource.RLIMIT_AS), resource.getrlimit(resource.RLIMIT_CPU)
what = sys.argv[1]
try:
    with bounds.bounded(50_000_000, 1):
        if what == "memory":
            bytearray(60_000_000)
        elif what == "time":
            while True:
                pass
except MemoryError:
    print("MemoryError")
assert before == (resource.getrlimit(resource.RLIMIT_AS), resource.getrlimit(resource.RLIMIT_CPU))
print("put back")
"""


@pytest.mark.slow
@pytest.mark.parametrize(
    ("what", "code", "said"),
    [
        ("nothing", 0, "put back"),
        ("memory", 0, "MemoryError\nput back"),
        ("time", -signal.SIGXCPU, ""),
    ],
)
def test_the_system_bounds_what_a_picture_takes(what: str, code: int, said: str) -> None:
    done = subprocess.run([sys.executable, "-c", LIMITED, what], capture_output=True, text=True)
    assert (done.returncode, done.stdout.strip()) == (code, said), done.stderr


def test_a_plain_call_bounds_nothing(files_dir: Path) -> None:
    save(files_dir / "a.png", gradient(), "PNG")
    seen: list[object] = []
    limit = resource.getrlimit(resource.RLIMIT_AS)
    with bounded(1, 1):
        seen.append(resource.getrlimit(resource.RLIMIT_AS))
    assert seen == [limit]
