"""`image-resize`: write a smaller copy of a picture.

What must stay true:

- Nothing is decoded before the header's size and the number of frames were checked. The check is our own:
  Pillow's only warns at first, and warning filters belong to the process, not to this thread.
- What a decoder may use is bounded, too: by the header's size before it starts, and in a body process by limits of the
  operating system, which hold where a forged picture costs more than its header says.
- Only PNG, JPEG and WebP are ever opened or written; Pillow's other forty parsers are not reachable.
- A picture is never enlarged, and its proportions stay.
- The same call writes the same file again, so a retry is harmless.
"""

import math
import struct
from pathlib import PurePosixPath
from typing import Any, BinaryIO, NamedTuple

from PIL import Image, ImageOps, UnidentifiedImageError

from taskflowmq.tasks.bounds import bounded
from taskflowmq.tasks.errors import InvalidInput, PermanentFailure
from taskflowmq.tasks.files import FilesDir
from taskflowmq.tasks.settings import TaskSettings

MAX_SIDE = 10_000  # pixels
MAX_SOURCE_BYTES = 64 * 1024 * 1024
OUTPUT_FOLDER = "resized"

MEGABYTE = 1_000_000
#: Of processor time for one picture; 50 million pixels take about three.
CPU_SECONDS = 20
#: Encoders write about ten. A scan of 49 million pixels costs 70 ms, whatever it holds.
MAX_SCANS = 30
_START_OF_SCAN = b"\xff\xda"

_OPENED = ("PNG", "JPEG", "WEBP")
_EXTENSIONS = {"PNG": "png", "JPEG": "jpg", "WEBP": "webp"}
_ASKED = {"png": "PNG", "jpeg": "JPEG", "jpg": "JPEG", "webp": "WEBP"}
_SAVE_OPTIONS: dict[str, dict[str, Any]] = {
    "PNG": {"optimize": True},
    "JPEG": {"quality": 85},
    "WEBP": {"quality": 85},
}
# What Pillow's decoders raise on files that are cut off or forged.
_DAMAGE = (
    OSError,
    SyntaxError,
    ValueError,
    EOFError,
    IndexError,
    KeyError,
    TypeError,
    struct.error,
    ZeroDivisionError,
)
_TOO_LARGE = (Image.DecompressionBombError, Image.DecompressionBombWarning)


class Limits(NamedTuple):
    """What one picture may take: pixels that its header claims, bytes that decoding it needs."""

    pixels: int
    memory: int


def image_resize(
    source: str,
    width: int,
    height: int | None = None,
    format: str | None = None,  # noqa: A002 (the public name)
) -> dict[str, Any]:
    """Write a copy of a picture that fits into a box.

    Args:
        source: its name below TASKFLOW_FILES_DIR.
        width: greatest width of the copy in pixels, 1…10,000.
        height: greatest height in pixels; no limit if None.
        format: "png", "jpeg" or "webp"; the source's own if None.

    Returns:
        {"path": `resized/<folder>/<stem>-<w>x<h>.<ext>` below the same directory, "width", "height",
        "format", "bytes"}

    Raises:
        InvalidInput: an argument cannot be used.
        PermanentFailure: the picture is too large or too costly, animated, damaged or of another format.
        SettingsError: TASKFLOW_FILES_DIR is missing.
        FileNotFoundError: there is no such file (yet).
    """
    box = (_side("width", width), _side("height", MAX_SIDE if height is None else height))
    wanted = _format(format)
    settings = TaskSettings.from_env()
    files = FilesDir(settings.require_files_dir())
    limits = Limits(settings.image_max_pixels, settings.image_max_memory_mb * MEGABYTE)
    with bounded(limits.memory, CPU_SECONDS):
        with files.open(source) as file:
            picture, found = _load(file, source, box, limits)
        kind = wanted or found
        try:
            small = _shrink(picture, box)
            path = _output_name(source, small.size, _EXTENSIONS[kind])
            with files.replace(path) as target:
                _save(small, target, kind)
                size = target.tell()
        except MemoryError:
            raise _too_hungry(source, limits) from None
    return {"path": path, "width": small.width, "height": small.height, "format": kind.lower(), "bytes": size}


def _side(name: str, value: int) -> int:
    if not 1 <= value <= MAX_SIDE:
        raise InvalidInput(f"{name} must be a whole number of pixels from 1 to {MAX_SIDE}, not {value!r}.")
    return value


def _format(asked: str | None) -> str | None:
    if asked is None:
        return None
    kind = _ASKED.get(asked.lower())
    if kind is None:
        raise InvalidInput(f"format must be png, jpeg or webp, not {asked!r}.")
    return kind


def _load(file: BinaryIO, source: str, box: tuple[int, int], limits: Limits) -> tuple[Image.Image, str]:
    """Check the header, then decode. Returns the upright picture and its format."""
    if file.seek(0, 2) > MAX_SOURCE_BYTES:
        raise PermanentFailure(f"{source!r} is larger than {MAX_SOURCE_BYTES} bytes, the most that is read.")
    file.seek(0)
    try:
        picture = _open(file, source)
        _check_header(picture, source, limits.pixels)
        kind = "JPEG" if picture.format == "MPO" else str(picture.format)
        if kind == "JPEG":
            _check_scans(file, source)
        picture.draft(None, _draft_size(picture.size, box))
        _check_memory(picture, source, limits)
        picture.load()
        ImageOps.exif_transpose(picture, in_place=True)
        return picture, kind
    except _TOO_LARGE:
        raise _too_large(source, limits.pixels) from None
    except MemoryError:
        raise _too_hungry(source, limits) from None
    except _DAMAGE as error:
        why = " ".join(str(error).split())[:120]
        raise PermanentFailure(f"{source!r} is damaged or cut off ({why}). Upload it again.") from None


def _open(file: BinaryIO, source: str) -> Image.Image:
    try:
        return Image.open(file, formats=_OPENED)
    except UnidentifiedImageError:
        raise PermanentFailure(f"{source!r} is not a PNG, JPEG or WebP picture, or its header is damaged.") from None


def _check_header(picture: Image.Image, source: str, max_pixels: int) -> None:
    """Refuse by what the header claims, before any pixel is decoded."""
    if picture.width * picture.height > max_pixels:
        raise _too_large(source, max_pixels)
    # Photos of many phones are MPO: a JPEG with further pictures behind it, of which the first is the photo.
    if picture.format != "MPO" and getattr(picture, "n_frames", 1) > 1:
        raise PermanentFailure(f"{source!r} is an animation; only still pictures can be resized. Export one frame.")


def _check_scans(file: BinaryIO, source: str) -> None:
    """Refuse a JPEG that paints its picture over and over: each scan of some bytes costs a pass over all pixels."""
    position = file.tell()
    file.seek(0)
    scans = file.read().count(_START_OF_SCAN)
    file.seek(position)
    if scans > MAX_SCANS:
        raise PermanentFailure(
            f"{source!r} is a JPEG of {scans} scans, more than {MAX_SCANS}: no camera and no editor writes that many. "
            "Save it again."
        )


def _check_memory(picture: Image.Image, source: str, limits: Limits) -> None:
    """Refuse by what decoding will take, before it starts. A draft has changed the size of a JPEG by now."""
    each = len(picture.getbands()) * (4 if picture.mode in ("I", "F") else 1)
    # Three bands are kept as four bytes a pixel. A WebP is decoded beside its canvas and copied from there.
    each = 4 if each == 3 else each
    copies = 3 if picture.format == "WEBP" else 1
    if picture.width * picture.height * each * copies > limits.memory:
        raise _too_hungry(source, limits)


def _too_hungry(source: str, limits: Limits) -> PermanentFailure:
    return PermanentFailure(
        f"{source!r} needs more than {limits.memory // MEGABYTE} MB to be decoded. Use a smaller picture, "
        "or let the operator raise TASKFLOW_IMAGE_MAX_MEMORY_MB."
    )


def _too_large(source: str, max_pixels: int) -> PermanentFailure:
    return PermanentFailure(
        f"{source!r} has more than {max_pixels} pixels. Use a smaller picture, "
        "or let the operator raise TASKFLOW_IMAGE_MAX_PIXELS."
    )


def _scale(size: tuple[int, int], box: tuple[int, int]) -> float:
    """The factor, at most 1, that makes a picture fit the box."""
    return min(box[0] / size[0], box[1] / size[1], 1.0)


def _draft_size(size: tuple[int, int], box: tuple[int, int]) -> tuple[int, int]:
    """The size at which a JPEG may be decoded: twice what is needed, for quality.

    Both orientations count, because the picture may be stored on its side (EXIF).
    """
    scale = 2 * max(_scale(size, box), _scale((size[1], size[0]), box))
    return math.ceil(size[0] * scale), math.ceil(size[1] * scale)


def _shrink(picture: Image.Image, box: tuple[int, int]) -> Image.Image:
    """Scale down to fit the box; colours that cannot be averaged (palette, CMYK …) are converted first."""
    if picture.mode not in ("L", "LA", "RGB", "RGBA"):
        picture = _plain_colours(picture)
    scale = _scale(picture.size, box)
    size = (max(1, round(picture.width * scale)), max(1, round(picture.height * scale)))
    if size == picture.size:
        return picture
    return picture.resize(size, Image.Resampling.LANCZOS, reducing_gap=3.0)


def _plain_colours(picture: Image.Image) -> Image.Image:
    if picture.mode.startswith("I"):  # 16 bits a pixel: convert() would cut off at 255 instead of scaling
        info = picture.info
        picture = picture.convert("I").point(lambda value: value * (1 / 257)).convert("L")
        picture.info = info
        return picture
    transparent = "transparency" in picture.info or picture.mode in ("PA", "La", "RGBa")
    return picture.convert("RGBA" if transparent else "RGB")


def _output_name(source: str, size: tuple[int, int], extension: str) -> str:
    path = PurePosixPath(source)
    return str(PurePosixPath(OUTPUT_FOLDER) / path.parent / f"{path.stem}-{size[0]}x{size[1]}.{extension}")


def _save(picture: Image.Image, target: BinaryIO, kind: str) -> None:
    """Encode without the source's metadata (a photo's place and date), except the colour profile."""
    profile = picture.info.get("icc_profile")
    if kind == "JPEG" and picture.mode in ("LA", "RGBA"):
        backed = Image.new("RGBA", picture.size, "white")
        backed.alpha_composite(picture.convert("RGBA"))
        picture = backed.convert("RGB")
    keep = profile if picture.mode in ("RGB", "RGBA") else None
    picture.save(target, kind, icc_profile=keep, **_SAVE_OPTIONS[kind])
