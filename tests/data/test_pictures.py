"""Pictures: whatever they are stored as, the drawing decides the frames; what can't be read is one clear line."""

import io
import os
import resource
import struct
import sys
import time
import warnings
import zlib
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import settings as how
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays
from numpy.typing import NDArray
from PIL import Image

from heedful.data.digits import drawn_digits
from heedful.data.frames import BadFramesError, Framed, Kind, kind
from heedful.data.pictures import FORMATS, write_pictures
from heedful.data.settings import Column
from heedful.errors import MissingPackageError

Pixels = NDArray[np.uint8]
GREY: Pixels = next(each.pixels for each in drawn_digits(20, seed=5) if np.median(each.pixels) > 128)
"""Dark figures on light paper, 32 pixels high."""
INK = GREY < 110
TWO: Pixels = np.where(INK, 0, 255).astype(np.uint8)
COLOURS: Pixels = np.stack([GREY, 255 - GREY // 2, np.where(INK, 200, 90)], axis=2).astype(np.uint8)
BYTES = arrays.arrays(np.uint8, st.tuples(st.just(32), st.integers(1, 40)), elements=st.integers(2, 255))
"""Pictures 32 pixels high. Of nothing but zeros and ones they would be black and white."""


def columns(**given: Any) -> Kind:
    """Pictures as columns of pixels."""
    return kind(Column(unit="columns", **given))


def patches(**given: Any) -> Kind:
    """Pictures as a grid of patches."""
    return kind(Column(unit="patches", **given))


def saved(picture: Image.Image, form: str, **keys: Any) -> bytes:
    """A picture as bytes of a file."""
    file = io.BytesIO()
    picture.save(file, form, **keys)
    return file.getvalue()


def read(folder: Path, content: bytes, **given: Any) -> Framed:
    """The frames of a file with these bytes; its name says nothing."""
    path = folder / "picture"
    path.write_bytes(content)
    return columns(**given).read(path)


def refusal(path: Path, named: Kind | None = None) -> str:
    """What is said of a file that can't be read: one line."""
    with pytest.raises(BadFramesError) as caught:
        (named or columns()).read(path)
    said = str(caught.value)
    assert "\n" not in said
    return said


def outcome(named: Kind, path: Path) -> Framed | str:
    """The frames of a file, or what is said of it."""
    try:
        return named.read(path)
    except BadFramesError as error:
        return str(error)


def by_hand(pixels: Pixels) -> NDArray[np.int64]:
    """How much darker than the paper, halved; at its own height."""
    found = pixels.astype(np.int64)
    return (np.floor(np.median(found)).astype(np.int64) - found) // 2


def near(one: Framed, other: Framed, most: float = 2) -> None:
    """The same but for rounding."""
    assert one.values.shape == other.values.shape
    apart = np.abs(one.values.astype(int) - other.values.astype(int))
    assert apart.max() <= most
    assert apart.mean() <= 1


def transparent() -> Image.Image:
    """A palette whose paper can be seen through; its colour would look like ink."""
    picture = Image.fromarray(INK.astype(np.uint8))
    picture.putpalette([10, 10, 10, 0, 0, 0])
    return picture


def veiled() -> Image.Image:
    """Black everywhere, and how much of it is seen is the drawing."""
    alpha = 255 - GREY
    return Image.fromarray(np.dstack([np.zeros_like(COLOURS), alpha]))


L = Image.fromarray(GREY)
MODES: dict[str, tuple[Callable[[], bytes], Pixels]] = {
    "1": (lambda: saved(Image.fromarray(TWO).convert("1"), "PNG"), TWO),
    "L": (lambda: saved(L, "PNG"), GREY),
    "LA": (lambda: saved(L.convert("LA"), "PNG"), GREY),
    "P": (lambda: saved(L.convert("P"), "PNG"), GREY),
    "P, transparent": (lambda: saved(transparent(), "PNG", transparency=0), TWO),
    "P, transparent in bytes": (lambda: saved(transparent(), "PNG", transparency=b"\0\xff"), TWO),
    "P, transparent GIF": (lambda: saved(transparent(), "GIF", transparency=0), TWO),
    "RGB": (lambda: saved(L.convert("RGB"), "PNG"), GREY),
    "RGB, one colour transparent": (
        lambda: saved(Image.fromarray(np.dstack([TWO, TWO, TWO])), "PNG", transparency=(0, 0, 0)),
        np.full_like(TWO, 255),
    ),
    "RGBA": (lambda: saved(L.convert("RGBA"), "PNG"), GREY),
    "RGBA, veiled": (lambda: saved(veiled(), "PNG"), GREY),
    "RGBA, veiled WEBP": (lambda: saved(veiled(), "WEBP", lossless=True, exact=True), GREY),
    "CMYK": (lambda: saved(L.convert("RGB").convert("CMYK"), "TIFF"), GREY),
    "CMYK JPEG": (lambda: saved(Image.fromarray(GREY).convert("CMYK"), "JPEG", quality=100), GREY),
    "YCbCr": (lambda: saved(L.convert("YCbCr"), "TIFF"), GREY),
    "I;16": (lambda: saved(Image.fromarray(GREY.astype(np.uint16) * 257), "PNG"), GREY),
    "I;16 TIFF": (lambda: saved(Image.fromarray(GREY.astype(np.uint16) * 257), "TIFF"), GREY),
    "I": (lambda: saved(Image.fromarray(GREY.astype(np.int32)), "TIFF"), GREY),
    "I, wide": (lambda: saved(Image.fromarray(GREY.astype(np.int32) * 257), "TIFF"), GREY),
    "F": (lambda: saved(Image.fromarray(GREY.astype(np.float32)), "TIFF"), GREY),
    "F, up to 1": (lambda: saved(Image.fromarray((GREY / GREY.max()).astype(np.float32)), "TIFF"), GREY),
}


@pytest.mark.parametrize("mode", MODES)
def test_every_mode_gives_the_frames_of_the_drawing(mode: str, tmp_path: Path) -> None:
    make, plain = MODES[mode]
    found = read(tmp_path, make())
    brightest = 255 / plain.max() if mode == "F, up to 1" else 1.0  # where the greatest is 1, it is white
    expected = columns().take(np.clip(np.rint(plain * brightest), 0, 255).astype(np.uint8))
    near(found, expected, most=12 if "JPEG" in mode else 2)


@pytest.mark.parametrize("mode", ["RGB", "RGBA", "CMYK", "YCbCr"])
def test_colours_stay_what_they_are_in_every_mode(mode: str, tmp_path: Path) -> None:
    expected = columns(colour="rgb").take(COLOURS)
    near(read(tmp_path, saved(Image.fromarray(COLOURS).convert(mode), "TIFF"), colour="rgb"), expected)
    assert expected.values.shape == (GREY.shape[1], 32 * 3)
    each = expected.values.reshape(-1, 32, 3)
    for colour in range(3):
        np.testing.assert_array_equal(each[:, :, colour].T, by_hand(COLOURS[:, :, colour]))


@pytest.mark.parametrize("form", FORMATS)
def test_every_format_is_read(form: str, tmp_path: Path) -> None:
    expected = columns().take(GREY)
    found = read(tmp_path, saved(L, form, **({"quality": 95} if form in ("JPEG", "WEBP") else {})))
    near(found, expected, most=12 if form in ("JPEG", "WEBP") else 0)


@pytest.mark.parametrize(
    "keys", [{"compression": "tiff_lzw"}, {"compression": "tiff_deflate"}, {"compression": "packbits"}]
)
def test_packed_tiff_is_read(keys: dict[str, str], tmp_path: Path) -> None:
    near(read(tmp_path, saved(L, "TIFF", **keys)), columns().take(GREY), most=0)


def test_of_several_pictures_in_a_file_the_first_is_read(tmp_path: Path) -> None:
    other = Image.fromarray(255 - GREY)
    for form in ("GIF", "TIFF", "WEBP", "PNG"):
        more = {"lossless": True} if form == "WEBP" else {}
        near(read(tmp_path, saved(L, form, save_all=True, append_images=[other], **more)), columns().take(GREY))


EPS = b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 30 32\n%%EndComments\nshowpage\n%%EOF\n"


@pytest.mark.parametrize(
    "content",
    [
        EPS,
        b'<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"><rect width="9" height="9"/></svg>',
        b"these are words, and no picture\n",
        b"%PDF-1.4\n",
        b"\x00\x00\x01\x00\x01\x00\x10\x10\x00\x00\x01\x00\x20\x00",  # an icon
        b"x",
    ],
)
def test_other_files_are_refused(content: bytes, tmp_path: Path) -> None:
    path = tmp_path / "a.png"
    path.write_bytes(content)
    assert refusal(path) == f"is no picture that can be read ({', '.join(FORMATS)})"


def test_formats_that_run_programs_are_not_opened(tmp_path: Path) -> None:
    """Pillow itself would read this."""
    path = tmp_path / "a.png"
    path.write_bytes(saved(L, "EPS"))
    with Image.open(path) as opened:
        assert opened.format == "EPS"
    assert "is no picture" in refusal(path)
    for form in ("TGA", "PCX", "SGI", "ICO", "JPEG2000", "PDF"):
        path.write_bytes(saved(L, form))
        assert "is no picture" in refusal(path)


STORED = {form: saved(L, form) for form in FORMATS} | {
    "palette": saved(transparent(), "PNG", transparency=b"\0\xff"),
    "16 bit": saved(Image.fromarray(GREY.astype(np.uint16) * 257), "PNG"),
    "lossless": saved(veiled(), "WEBP", lossless=True),
    "progressive": saved(L, "JPEG", progressive=True),
    "CMYK": saved(L.convert("CMYK"), "JPEG"),
}


@how(max_examples=150)
@given(
    st.sampled_from(sorted(STORED)),
    st.lists(st.tuples(st.one_of(st.integers(0, 120), st.integers(0, 2**16)), st.integers(0, 255)), max_size=12),
    st.one_of(st.none(), st.floats(0, 1)),
)
def test_a_damaged_file_is_read_or_refused_and_never_anything_else(
    tmp_path_factory: pytest.TempPathFactory, name: str, changes: list[tuple[int, int]], cut: float | None
) -> None:
    content = bytearray(STORED[name])
    for place, value in changes:
        content[place % len(content)] = value
    path = tmp_path_factory.getbasetemp() / "damaged"
    path.write_bytes(content[: None if cut is None else int(cut * len(content))])
    for named in (columns(), patches()):
        found = outcome(named, path)
        if isinstance(found, str):
            assert found
            assert "\n" not in found
        else:
            assert found.values.dtype == np.int8
            assert 1 <= len(found.values) <= 4000


@pytest.mark.parametrize("name", sorted(STORED))
def test_a_truncated_file_is_refused(name: str, tmp_path: Path) -> None:
    """Unless what is missing says nothing of the picture."""
    content, whole = STORED[name], read(tmp_path, STORED[name])
    path = tmp_path / "cut"
    for part in range(16):
        path.write_bytes(content[: len(content) * part // 16])
        if part == 15 and name == "palette":
            np.testing.assert_array_equal(columns().read(path).values, whole.values)
            continue
        said = refusal(path)
        assert said.startswith("is empty: a file of 0 bytes" if part == 0 else ("is damaged (", "is no picture"))


def png_head(width: int, height: int) -> bytes:
    """A PNG that promises much and holds nothing."""

    def chunk(name: bytes, content: bytes) -> bytes:
        return struct.pack(">I", len(content)) + name + content + struct.pack(">I", zlib.crc32(name + content))

    head = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(b"\0" * 99)) + chunk(b"IEND", b"")


def tiff_head(width: int, height: int) -> bytes:
    """A TIFF that promises much."""
    tags = [(256, width), (257, height), (258, 8), (259, 1), (262, 1), (273, 8), (277, 1), (278, height), (279, 99)]
    return (
        b"II*\0"
        + struct.pack("<IH", 8, len(tags))
        + b"".join(struct.pack("<HHII", tag, 4, 1, said) for tag, said in tags)
    )


BOMBS = {
    "png": png_head(50_000, 50_000),
    "wide png": png_head(2**31 - 1, 1),
    "warned of by Pillow": png_head(12_000, 10_000),
    "ppm": b"P6 50000 50000 255\n" + bytes(99),
    "gif": b"GIF89a"
    + struct.pack("<HHBBB", 65535, 65535, 0x80, 0, 0)
    + bytes(6)
    + b","
    + struct.pack("<HHHHBB", 0, 0, 9, 9, 0, 8),
    "gif whose first picture is larger": b"GIF89a"
    + struct.pack("<HHBBB", 9, 9, 0x80, 0, 0)
    + bytes(6)
    + b","
    + struct.pack("<HHHHBB", 0, 0, 65535, 65535, 0, 8),
    "tiff": tiff_head(50_000, 50_000),
    "bmp": b"BM" + struct.pack("<IHHIIiiHHIIiiII", 99, 0, 0, 54, 40, 50_000, 50_000, 1, 24, 0, 0, 1, 1, 0, 0),
}


@pytest.mark.parametrize("name", BOMBS)
def test_a_picture_that_promises_too_much_is_refused_from_its_head(name: str, tmp_path: Path) -> None:
    """At once, in little memory, without a warning (which would be an error here)."""
    path = tmp_path / "bomb"
    path.write_bytes(BOMBS[name])
    before, began = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss, time.perf_counter()
    said = refusal(path)
    assert time.perf_counter() - began < 2
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 300_000  # kilobytes
    assert "more than max_pixels = 20,000,000" in said


def test_a_bomb_that_unpacks_is_not_unpacked(tmp_path: Path) -> None:
    """Twenty kilobytes that are 200 million pixels."""
    width = height = 14_000
    rows = zlib.compress((b"\0" + bytes((width + 7) // 8)) * height, 9)
    head = struct.pack(">IIBBBBB", width, height, 1, 0, 0, 0, 0)
    content = b"\x89PNG\r\n\x1a\n"
    for name, inside in ((b"IHDR", head), (b"IDAT", rows), (b"IEND", b"")):
        content += struct.pack(">I", len(inside)) + name + inside + struct.pack(">I", zlib.crc32(name + inside))
    path = tmp_path / "bomb.png"
    path.write_bytes(content)
    assert len(content) < 60_000
    began = time.perf_counter()
    assert "more than max_pixels = 20,000,000" in refusal(path)
    assert time.perf_counter() - began < 1


def test_the_number_of_pixels_is_limited_and_named(tmp_path: Path) -> None:
    content = saved(Image.new("L", (50, 20)), "PNG")
    assert len(read(tmp_path, content, max_pixels=1000).values) == 80
    (tmp_path / "a.png").write_bytes(content)
    said = refusal(tmp_path / "a.png", columns(max_pixels=999))
    assert said == "is a picture of 50 × 20 pixels, more than max_pixels = 999"
    with pytest.raises(BadFramesError, match=r"is a picture of 50 × 20 pixels, more than max_pixels = 999"):
        columns(max_pixels=999).take(np.zeros((20, 50), np.uint8))


@pytest.mark.parametrize(("width", "height", "frames"), [(1, 1, 32), (1, 3000, 1), (3000, 1000, 96), (7, 64, 4)])
def test_the_width_follows_the_height(width: int, height: int, frames: int, tmp_path: Path) -> None:
    found = read(tmp_path, saved(Image.new("RGB", (width, height), "white"), "PNG"))
    assert found.values.shape == (frames, 32)
    assert found.shape is None


def test_one_pixel_high_is_very_wide(tmp_path: Path) -> None:
    content = saved(Image.new("L", (3000, 1)), "PNG")
    (tmp_path / "a.png").write_bytes(content)
    assert refusal(tmp_path / "a.png") == "gives 96,000 frames, more than max_frames = 4,000"
    assert len(read(tmp_path, content, max_frames=96_000).values) == 96_000
    assert len(read(tmp_path, content, height=1).values) == 3000


def test_too_wide_is_said_before_memory_is_taken() -> None:
    """At this height it would be 17 billion pixels."""
    wide = np.zeros((1, 4096), np.uint8)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    for named in (columns(height=2048), patches(height=2048), columns(height=2048, join=64, colour="rgb")):
        with pytest.raises(BadFramesError, match="frames, more than max_frames = 4,000"):
            named.take(wide)
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 300_000


@given(st.integers(1, 90), st.integers(1, 40), st.integers(1, 5), st.sampled_from([1, 2, 4]))
def test_the_number_of_frames_is_limited_exactly(width: int, most: int, join: int, side: int) -> None:
    """Whichever of the two looks at it first."""
    picture = np.zeros((4, width), np.uint8)
    for named, count in (
        (columns(height=4, join=join, max_frames=most), -(-width // join)),
        (patches(height=4, patch=side, max_frames=most), 4 // side * -(-width // side)),
    ):
        if count <= most:
            assert len(named.take(picture).values) == count
        else:
            with pytest.raises(BadFramesError, match=rf"gives [\d,]+ frames, more than max_frames = {most}$"):
                named.take(picture)


@given(BYTES)
def test_a_picture_of_its_own_height_is_read_column_by_column(pixels: Pixels) -> None:
    found = columns().take(pixels)
    assert found.values.dtype == np.int8
    np.testing.assert_array_equal(found.values.T, by_hand(pixels))


@given(BYTES, st.integers(1, 5), st.booleans())
def test_joined_columns_stand_side_by_side_in_a_frame(pixels: Pixels, join: int, coloured: bool) -> None:
    picture = np.stack([pixels, 255 - pixels, pixels // 3], axis=2) if coloured else pixels
    keys = {"colour": "rgb"} if coloured else {}
    named, single = columns(join=join, **keys), columns(**keys).take(picture).values
    found, colours = named.take(picture).values, 3 if coloured else 1
    assert found.shape == (-(-pixels.shape[1] // join), named.frame().features)
    assert (named.frame().height, named.frame().depth) == (32, join * colours)
    for place in range(len(found) * join):
        here = found[place // join].reshape(32, join, colours)[:, place % join]
        expected = single[place].reshape(32, colours) if place < len(single) else np.zeros((32, colours))
        np.testing.assert_array_equal(here, expected)


@given(BYTES, st.sampled_from([1, 2, 4, 8, 16, 32]))
def test_a_patch_is_that_part_of_the_picture(pixels: Pixels, side: int) -> None:
    named = patches(patch=side)
    found, expected = named.take(pixels), by_hand(pixels)
    rows, across = 32 // side, -(-pixels.shape[1] // side)
    assert found.shape == (rows, across)
    assert found.values.shape == (rows * across, named.frame().features)
    assert (named.frame().grid, named.frame().height) == (True, 1)
    expected = np.pad(expected, ((0, 0), (0, across * side - pixels.shape[1])))  # paper
    for number, patch in enumerate(found.values):
        row, column = divmod(number, across)
        part = expected[row * side : (row + 1) * side, column * side : (column + 1) * side]
        np.testing.assert_array_equal(patch.reshape(side, side), part)


def test_patches_in_colour() -> None:
    found = patches(patch=16, colour="rgb").take(COLOURS)
    second = found.values[1].reshape(16, 16, 3)
    for colour in range(3):
        np.testing.assert_array_equal(second[:, :, colour], by_hand(COLOURS[:, :, colour])[:16, 16:32])


@given(st.tuples(*[st.integers(0, 255)] * 3), st.integers(1, 50), st.integers(1, 50))
def test_blank_paper_is_zeros_whatever_its_colour(colour: tuple[int, int, int], width: int, height: int) -> None:
    blank = np.full((height, width, 3), colour, np.uint8)
    for named in (columns(), columns(colour="rgb", join=3), patches(), patches(colour="rgb")):
        assert not named.take(blank).values.any()


@given(st.integers(0, 60))
def test_another_ground_changes_nothing_and_light_on_dark_turns_the_sign(ground: int) -> None:
    drawing = np.clip(GREY, 60, 255) - 60
    here, there = columns().take(drawing), columns().take((drawing + ground).astype(np.uint8))
    near(here, there, most=1)
    turned = columns().take((255 - drawing).astype(np.uint8))
    assert np.abs(turned.values.astype(int) + here.values.astype(int)).max() <= 1
    assert here.values.max() > 30  # dark ink is positive


def test_a_photograph_twice_the_size_gives_about_the_same_frames(tmp_path: Path) -> None:
    big = L.resize((L.width * 4, L.height * 4), Image.Resampling.BICUBIC)
    found, expected = read(tmp_path, saved(big, "PNG")), columns().take(GREY)
    assert found.values.shape == expected.values.shape
    assert np.abs(found.values.astype(int) - expected.values.astype(int)).mean() < 3


GIVEN: dict[str, Callable[[], NDArray[Any]]] = {
    "float32": lambda: (GREY / 255).astype(np.float32),
    "float64 up to 255": lambda: GREY.astype(np.float64),
    "int64": lambda: GREY.astype(np.int64),
    "uint16": lambda: GREY.astype(np.uint16) * 257,
    "one colour": lambda: GREY[..., None],
    "three colours": lambda: np.repeat(GREY[..., None], 3, axis=2),
    "three colours in floats": lambda: np.repeat(GREY[..., None], 3, axis=2) / 255,
    "three colours in uint16": lambda: np.repeat(GREY[..., None], 3, axis=2).astype(np.uint16) * 257,
    "alpha": lambda: np.dstack([GREY, GREY, GREY, np.full_like(GREY, 255)]),
    "alpha in floats": lambda: np.dstack([GREY, GREY, GREY, np.full_like(GREY, 255)]) / 255,
    "alpha that is the drawing": lambda: np.dstack([np.zeros_like(COLOURS), 255 - GREY]),
    "turned axes": lambda: np.asfortranarray(GREY),
    "every second pixel of one twice as wide": lambda: np.repeat(GREY, 2, axis=1)[:, ::2],
}


@pytest.mark.parametrize("name", GIVEN)
def test_arrays_from_python_give_the_frames_of_the_file(name: str, tmp_path: Path) -> None:
    array = GIVEN[name]()
    if name in ("float32", "three colours in floats"):
        array = array.copy()
        array[0, 0] = 1.0  # so that it is seen to reach to 1 as bytes reach to 255
    expected = read(tmp_path, saved(L, "PNG"))
    apart = np.abs(columns().take(array).values.astype(int) - expected.values.astype(int))
    assert np.sort(apart.flatten())[-2] <= 1


@pytest.mark.parametrize("kind_of_number", [bool, np.float32])
def test_one_and_zero_are_white_and_black(kind_of_number: type) -> None:
    found = columns().take((TWO > 0).astype(kind_of_number))
    np.testing.assert_array_equal(found.values, columns().take(TWO).values)


@pytest.mark.parametrize("kind_of_number", [np.uint8, np.int64])
def test_whole_numbers_are_grey_levels_however_small(kind_of_number: type) -> None:
    assert not columns().take((TWO > 0).astype(kind_of_number)).values.any()  # one level of 255 is no ink


@pytest.mark.parametrize(
    ("array", "says"),
    [
        (np.zeros(9), "has the shape (9,)"),
        (np.zeros((3, 4, 5)), "has the shape (3, 4, 5)"),
        (np.zeros((3, 4, 2)), "has the shape (3, 4, 2)"),
        (np.zeros((1, 3, 4, 3)), "has the shape (1, 3, 4, 3)"),
        (np.float64(3), "has the shape ()"),
        (np.zeros((0, 4)), "is empty: a picture of 0 × 4 pixels"),
        (np.zeros((4, 0)), "is empty: a picture of 4 × 0 pixels"),
        (np.zeros((0, 4, 3), np.uint8), "is empty: a picture of 0 × 4 pixels"),
        (np.zeros((4, 4), complex), "is an array of complex128"),
        (np.array([["ink"]]), "is an array of <U3"),
        (np.array([[{}]]), "is an array of object"),
    ],
)
def test_arrays_that_are_no_pictures_are_refused(array: NDArray[Any], says: str) -> None:
    for named in (columns(), patches()):
        with pytest.raises(BadFramesError) as caught:
            named.take(np.asarray(array))
        assert str(caught.value).startswith(says)


@pytest.mark.parametrize("shape", [(5, 6), (5, 6, 3), (5, 6, 4)])
def test_numbers_that_are_none_are_black_or_white(shape: tuple[int, ...]) -> None:
    """A picture is clipped to what can be seen, so frames are finite whatever it holds."""
    array = np.linspace(-3, 900, int(np.prod(shape))).reshape(shape)
    array.flat[:3] = np.nan, np.inf, -np.inf
    assert columns().take(array).values.dtype == np.int8


def test_places_that_are_no_file(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "nothing.png").touch()
    (tmp_path / "gone.png").symlink_to(tmp_path / "nowhere")
    said = {name: refusal(tmp_path / name) for name in ("pipe", "missing.png", "gone.png", "nothing.png", "a\0b")}
    assert said == {
        "pipe": "is no regular file",
        "missing.png": "no such file",
        "gone.png": "no such file",
        "nothing.png": "is empty: a file of 0 bytes",
        "a\0b": "no such file",
    }
    assert refusal(tmp_path) == "is a folder"
    assert refusal(Path("/dev/zero")) == "is no regular file"
    assert "can't be read" in refusal(tmp_path / ("a" * 300))
    assert refusal(tmp_path / "nothing.png" / "a.png") == "no such file"


def test_a_file_that_may_not_be_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "a.png").write_bytes(STORED["PNG"])
    monkeypatch.setattr(os, "access", lambda *_: False)  # a test may be run by who may read everything
    assert refusal(tmp_path / "a.png") == "can't be read (permission denied)"


def test_many_at_once_are_read_as_one_by_one(tmp_path: Path) -> None:
    """And nobody's warnings are turned off by it."""
    paths = []
    for number, (make, _) in enumerate(MODES.values()):
        paths.append(tmp_path / str(number))
        paths[-1].write_bytes(make())
    alone = [columns().read(path).values for path in paths]
    before = list(warnings.filters)
    with ThreadPoolExecutor(8) as pool:
        together = list(pool.map(lambda path: columns().read(path).values, paths * 5))
    assert warnings.filters == before
    for number, values in enumerate(together):
        np.testing.assert_array_equal(values, alone[number % len(alone)])


def test_without_pillow_one_line_says_how_to_get_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "a.png").write_bytes(STORED["PNG"])
    monkeypatch.setitem(sys.modules, "PIL", None)
    for call in (lambda: columns().read(tmp_path / "a.png"), lambda: columns().take(GREY)):
        with pytest.raises(MissingPackageError, match=r"Pillow, .* not installed: pip install 'heedful\[image\]'"):
            call()


def test_the_picture_is_seen_as_it_is(tmp_path: Path) -> None:
    (tmp_path / "a.png").write_bytes(saved(Image.fromarray(COLOURS), "PNG"))
    look = columns().look(columns().open(tmp_path / "a.png"))
    assert look.pixels is not None
    np.testing.assert_array_equal(look.pixels, COLOURS)
    assert look.seconds is None


def test_positions_are_named_by_their_columns() -> None:
    spans = np.array([[0, 0, 0.25, 1], [0.25, 0, 0.5, 1], [0.5, 0.5, 1, 1]], np.float32)
    assert columns().labels(spans, 8) == ["0-1", "2-3", "4-7, 50%-100%"]
    assert columns(join=3).labels(np.array([[0.5, 0, 1, 1]], np.float32), 2) == ["3-5"]
    assert columns().labels(np.array([[0, 0, 0.25, 1]], np.float32), 4) == ["0"]
    cells = np.array([[c / 3, r / 2, (c + 1) / 3, (r + 1) / 2] for r in range(2) for c in range(3)], np.float32)
    assert patches().labels(cells, 6) == ["1,1", "1,2", "1,3", "2,1", "2,2", "2,3"]


def test_written_pictures_are_read_back(tmp_path: Path) -> None:
    drawn = [each.pixels for each in drawn_digits(12, seed=1)]
    names = write_pictures(drawn, tmp_path / "new" / "pictures")
    assert names[0] == "01.png"
    assert len(set(names)) == 12
    for name, pixels in zip(names, drawn, strict=True):
        found = columns().read(tmp_path / "new" / "pictures" / name)
        np.testing.assert_array_equal(found.values, columns().take(pixels).values)
