"""Whatever an archive's scanners wrote comes out right, with all its bits, or is refused with one sentence."""

import io
import struct
import sys
import zlib
from pathlib import Path

import numpy as np
import pytest
import tifffile
from PIL import Image, ImageCms

from colouru.images import pixels as pixels_module
from colouru.images.photo import open_photo
from colouru.images.pixels import in_memory

HEIGHT, WIDTH = 40, 56
RAMP = np.linspace(0, 65_535, HEIGHT * WIDTH).round().astype(np.uint16).reshape(HEIGHT, WIDTH)
COLOURS = np.stack([RAMP, RAMP[::-1], RAMP[:, ::-1]], axis=-1)


def scan(path: Path, samples: np.ndarray, **options) -> Path:
    """A TIFF as tifffile writes it, which knows nothing of ours."""
    options.setdefault("photometric", "rgb" if samples.ndim == 3 and samples.shape[-1] in (3, 4) else "minisblack")
    tifffile.imwrite(path, samples, metadata=None, software=None, **options)
    return path


def pixels(path: Path) -> np.ndarray:
    return in_memory(open_photo(path).pixels)


def error(found: np.ndarray, expected: np.ndarray) -> float:
    return float(np.abs(found.astype(float) - expected).mean())


def packed(samples: np.ndarray, bits: int) -> bytes:
    rows = []
    for row in samples:
        text = "".join(f"{value:0{bits}b}" for value in row.ravel())
        text += "0" * (-len(text) % 8)
        rows.append(int(text, 2).to_bytes(len(text) // 8, "big"))
    return b"".join(rows)


def by_hand(path: Path, data: bytes, order: str = "<", **tags: int | tuple[int, ...]) -> Path:
    """A TIFF of one strip with those tags, by their numbers, and no other."""
    values = {256: WIDTH, 257: HEIGHT, 258: 16, 259: 1, 262: 1, 273: 8, 277: 1, 278: HEIGHT, 279: len(data)}
    values |= {int(name[1:]): value for name, value in tags.items()}
    place = 8 + len(data) + len(data) % 2
    table, extra = b"", b""
    for tag, value in sorted(values.items()):
        each = value if isinstance(value, tuple) else (value,)
        inline = struct.pack(f"{order}{len(each)}I", *each)
        if len(each) > 1:
            at = place + 2 + 12 * len(values) + 4 + len(extra)
            extra, inline = extra + inline, struct.pack(order + "I", at)
        table += struct.pack(order + "HHI", tag, 4, len(each)) + inline
    head = (b"II*\0" if order == "<" else b"MM\0*") + struct.pack(order + "I", place)
    directory = struct.pack(order + "H", len(values)) + table + bytes(4) + extra
    path.write_bytes(head + data + bytes(len(data) % 2) + directory)
    return path


# The nine kinds that once came out wrong without a word.


def test_of_sixteen_bits_in_which_white_is_nought_no_negative_is_made(tmp_path):
    path = scan(tmp_path / "a.tif", RAMP, photometric="miniswhite")
    assert np.array_equal(pixels(path), 65_535 - RAMP)


def test_twelve_bits_are_as_light_as_they_were_packed_or_in_sixteen(tmp_path):
    twelve = RAMP >> 4
    expected = twelve / 4095 * 65_535
    packed_path = by_hand(tmp_path / "packed.tif", packed(twelve, 12), t258=12)
    assert error(pixels(packed_path), expected) < 0.51 and not open_photo(packed_path).remarks
    told = scan(tmp_path / "told.tif", twelve, extratags=[(281, 3, 1, 4095, True)])
    assert error(pixels(told), expected) < 0.51 and not open_photo(told).remarks
    untold = scan(tmp_path / "untold.tif", twelve)
    assert error(pixels(untold), expected) < 0.51
    assert open_photo(untold).remarks == (
        "untold.tif has 16 bits, but its values end at 4,095: it is taken for a 12-bit scan.",
    )


@pytest.mark.parametrize("bits", [10, 14])
def test_so_are_other_numbers_of_bits(tmp_path, bits):
    path = by_hand(tmp_path / "a.tif", packed(RAMP >> (16 - bits), bits), t258=bits)
    assert error(pixels(path), RAMP) < 65_535 / (1 << bits)


def test_signed_values_are_as_light_as_unsigned_ones_and_it_is_said(tmp_path):
    shifted = scan(tmp_path / "shifted.tif", (RAMP.astype(int) - 32_768).astype(np.int16))
    assert np.array_equal(pixels(shifted), RAMP) and "signed values" in open_photo(shifted).remarks[0]
    positive = scan(tmp_path / "positive.tif", (RAMP // 2).astype(np.int16))
    assert error(pixels(positive), RAMP) < 2 and "none of them negative" in open_photo(positive).remarks[0]


@pytest.mark.parametrize("kind", [np.uint32, np.int32, np.float32, np.float64])
def test_thirty_two_bits_up_to_65535_keep_their_range_and_it_is_said(tmp_path, kind):
    path = scan(tmp_path / "a.tif", RAMP.astype(kind))
    assert np.array_equal(pixels(path), RAMP) and "65,535 is taken for white" in open_photo(path).remarks[0]


def test_thirty_two_bits_up_to_the_last_need_no_word(tmp_path):
    path = scan(tmp_path / "a.tif", RAMP.astype(np.uint32) * 65_537)
    assert np.array_equal(pixels(path), RAMP) and not open_photo(path).remarks


@pytest.mark.parametrize("most, least", [(1.0, 0.0), (1.01, 0.0), (1.2, -0.04)])
def test_floating_point_around_one_is_no_black_picture(tmp_path, most, least):
    values = np.linspace(least, most, RAMP.size).reshape(RAMP.shape)
    photo = open_photo(scan(tmp_path / "a.tif", values.astype(np.float32)))
    assert error(photo.pixels, values.clip(0, 1) * 65_535) < 0.51
    assert "1 is taken for white" in photo.remarks[0] and ("is clipped" in photo.remarks[0]) == (most > 1)
    assert "taken for sRGB" in photo.remarks[1]


@pytest.mark.parametrize("planes", ["separate", "contig"])
@pytest.mark.parametrize("order", ["<", ">"])
def test_sixteen_bits_of_colour_come_out_in_planes_or_together(tmp_path, planes, order):
    samples = np.moveaxis(COLOURS, 2, 0) if planes == "separate" else COLOURS
    path = scan(tmp_path / "a.tif", samples, planarconfig=planes, photometric="rgb", byteorder=order)
    assert np.array_equal(pixels(path), COLOURS) and not open_photo(path).remarks


def test_a_reduced_image_before_the_scan_is_not_taken_for_it(tmp_path):
    with tifffile.TiffWriter(tmp_path / "a.tif") as file:
        file.write(np.zeros((24, 80), np.uint8), subfiletype=1, metadata=None)
        file.write(RAMP, metadata=None)
    assert np.array_equal(pixels(tmp_path / "a.tif"), RAMP) and not open_photo(tmp_path / "a.tif").remarks


def icc(colours: bytes, connection: bytes, parts: list[tuple[bytes, bytes]]) -> bytes:
    """An ICC profile of version 2 with those tags."""
    place, table, data = 128 + 4 + 12 * len(parts), struct.pack(">I", len(parts)), b""
    for name, content in parts:
        content += bytes(-len(content) % 4)
        table += struct.pack(">4sII", name, place + len(data), len(content))
        data += content
    head = struct.pack(">I4sI4s4s4s", place + len(data), b"\0\0\0\0", 0x02400000, b"scnr", colours, connection)
    head += bytes(12) + b"acsp" + bytes(28) + struct.pack(">3i", 63_190, 65_536, 54_061)
    return head.ljust(128, b"\0") + table + data


def grey_profile(curve: bytes, connection: bytes = b"XYZ ") -> bytes:
    """An ICC profile of greyscale with that curve."""
    white = b"XYZ \0\0\0\0" + struct.pack(">3i", 63_190, 65_536, 54_061)
    description = b"desc\0\0\0\0" + struct.pack(">I", 5) + b"grey\0" + bytes(78)
    parts = [(b"desc", description), (b"wtpt", white), (b"kTRC", curve)]
    return icc(b"GRAY", connection, parts)


def gamma(value: float) -> bytes:
    return b"curv\0\0\0\0" + struct.pack(">IH", 1, round(value * 256))


def srgb(linear: np.ndarray) -> np.ndarray:
    return np.where(linear <= 0.0031308, 12.92 * linear, 1.055 * np.maximum(linear, 1e-9) ** (1 / 2.4) - 0.055) * 65_535


def test_a_linear_scan_keeps_its_shadows_through_a_profile_of_gamma_one(tmp_path):
    path = scan(tmp_path / "a.tif", RAMP, iccprofile=grey_profile(gamma(1)))
    assert error(pixels(path), srgb(RAMP / 65_535)) < 0.51
    shadows = scan(tmp_path / "shadows.tif", np.append(np.arange(512), [65_535]).astype(np.uint16)[None])
    dark = scan(tmp_path / "dark.tif", tifffile.imread(shadows), iccprofile=grey_profile(gamma(1)))
    assert len(np.unique(pixels(dark))) == 513


def test_sixteen_bits_become_eight_by_rounding_and_not_by_flooring():
    greys = np.arange(65_536, dtype=np.uint16).reshape(256, 256)
    rgb = open_photo(greys).rgb
    assert rgb.dtype == np.uint8 and np.abs(rgb[..., 0] - greys / 257).max() <= 0.5


def png(path: Path, samples: np.ndarray, kind: int, transparency: bytes = b"") -> Path:
    """A PNG of sixteen bits by hand, unfiltered."""
    height, width = samples.shape[:2]
    data = b"".join(b"\0" + row.astype(">u2").tobytes() for row in samples)
    chunks = [(b"IHDR", struct.pack(">IIBBBBB", width, height, 16, kind, 0, 0, 0))]
    chunks += [(b"tRNS", transparency)] if transparency else []
    chunks += [(b"IDAT", zlib.compress(data)), (b"IEND", b"")]
    path.write_bytes(
        b"\x89PNG\r\n\x1a\n"
        + b"".join(
            struct.pack(">I", len(content)) + name + content + struct.pack(">I", zlib.crc32(name + content))
            for name, content in chunks
        )
    )
    return path


def test_transparency_of_a_png_of_sixteen_bits_is_laid_on_white(tmp_path):
    alpha = np.full((HEIGHT, WIDTH, 1), 65_535, np.uint16)
    alpha[0], alpha[1] = 0, 32_768
    expected = COLOURS.astype(float)
    expected[0], expected[1] = 65_535, expected[1] * 32_768 / 65_535 + 65_535 - 32_768
    colour = png(tmp_path / "colour.png", np.concatenate([COLOURS, alpha], 2), 6)
    grey = png(tmp_path / "grey.png", np.concatenate([RAMP[..., None], alpha], 2), 4)
    assert error(pixels(colour), expected) < 0.51 and error(pixels(grey), expected[..., 0]) < 0.51
    key = png(tmp_path / "key.png", RAMP, 0, struct.pack(">H", RAMP[20, 20]))
    assert pixels(key)[20, 20] == 65_535 and pixels(key)[20, 21] == RAMP[20, 21]
    key = png(tmp_path / "keys.png", COLOURS, 2, struct.pack(">3H", *COLOURS[20, 20]))
    assert pixels(key)[20, 20].tolist() == [65_535] * 3 and np.array_equal(pixels(key)[21:], COLOURS[21:])
    for path in (colour, grey, key):
        assert "transparent in places" in open_photo(path).remarks[0]


# All the bits, of whatever is in a file.


@pytest.mark.parametrize("channels", [1, 2, 3, 4])
def test_a_png_that_is_too_large_for_memory_is_read_as_its_rows_are_asked_for(tmp_path, monkeypatch, channels):
    pytest.importorskip("pyvips")
    samples = np.concatenate([COLOURS, np.full_like(RAMP, 65_535)[..., None]], 2)
    samples = {1: RAMP[..., None], 2: samples[..., [0, 3]], 3: COLOURS, 4: samples}[channels]
    path = png(tmp_path / "a.png", samples, {1: 0, 2: 4, 3: 2, 4: 6}[channels])
    monkeypatch.setattr("colouru.images.png.HELD_BYTES", 0)
    monkeypatch.setattr("colouru.images.photo.held", lambda made: made)
    monkeypatch.setattr(pixels_module, "BAND_PIXELS", 500)
    photo = open_photo(path)
    for _ in range(2):
        assert np.array_equal(in_memory(photo.pixels), samples[..., :3] if channels > 2 else samples[..., 0])
    path.write_bytes(path.read_bytes()[:300])
    with pytest.raises(ValueError, match="a.png is damaged or cut short"):
        monkeypatch.setattr("colouru.images.photo.held", in_memory)
        open_photo(path)


@pytest.mark.parametrize("samples", [RAMP >> 8, COLOURS >> 8], ids=["grey", "colour"])
@pytest.mark.parametrize("suffix", ["png", "jpg"])
def test_eight_bits_that_are_too_many_for_memory_are_read_so_too(tmp_path, monkeypatch, suffix, samples):
    pytest.importorskip("pyvips")
    path, exif = tmp_path / f"a.{suffix}", Image.Exif()
    exif[0x0112] = 2  # mirrored
    Image.fromarray(samples.astype(np.uint8)).save(path, exif=exif)
    expected = pixels(path)
    monkeypatch.setattr("colouru.images.decoded.HELD_BYTES", 0)
    monkeypatch.setattr("colouru.images.photo.held", lambda made: made)
    monkeypatch.setattr("PIL.ImageFile.ImageFile.load", None)
    monkeypatch.setattr(pixels_module, "BAND_PIXELS", 500)
    photo = open_photo(path)
    assert np.array_equal(in_memory(photo.pixels), expected)


def test_what_is_not_installed_is_named(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "pyvips", None)
    monkeypatch.setattr("colouru.images.png.HELD_BYTES", 0)
    with pytest.raises(ValueError, match=r'install what archives need: pip install "colouru\[archive\]"'):
        open_photo(png(tmp_path / "a.png", RAMP, 0))


def test_every_bit_of_a_png_is_kept(tmp_path):
    assert np.array_equal(pixels(png(tmp_path / "a.png", RAMP, 0)), RAMP)
    assert np.array_equal(pixels(png(tmp_path / "b.png", COLOURS, 2)), COLOURS)


@pytest.mark.parametrize("samples", [RAMP, COLOURS, RAMP.astype(np.uint8), COLOURS.astype(np.uint8)])
@pytest.mark.parametrize(
    "options",
    [
        {"compression": "zlib"},
        {"compression": "zlib", "predictor": True, "rowsperstrip": 7},
        {"compression": "zlib", "tile": (16, 32), "predictor": True},
        {"tile": (16, 16)},
        {"rowsperstrip": 3, "byteorder": ">"},
        {"bigtiff": True, "compression": "zlib", "tile": (32, 16)},
    ],
    ids=lambda options: "-".join(options),
)
def test_every_bit_of_a_tiff_is_kept_however_it_is_packed(tmp_path, samples, options):
    assert np.array_equal(pixels(scan(tmp_path / "a.tif", samples, **options)), samples)


@pytest.mark.parametrize("samples", [RAMP, COLOURS])
@pytest.mark.parametrize(
    "options", [{}, {"predictor": "horizontal"}, {"tile": True, "tile_width": 32, "tile_height": 16}]
)
@pytest.mark.parametrize("compression", ["lzw", "deflate", "packbits"])
def test_so_is_every_bit_that_libtiff_packed(tmp_path, samples, options, compression):
    pyvips = pytest.importorskip("pyvips")
    picture = pyvips.Image.new_from_array(samples, interpretation="rgb16" if samples.ndim == 3 else "grey16")
    picture.tiffsave(str(tmp_path / "a.tif"), compression=compression, **options)
    assert np.array_equal(pixels(tmp_path / "a.tif"), samples)


def test_the_predictor_of_floating_point_is_undone(tmp_path):
    values = (COLOURS / 65_535).astype(np.float32)
    rows = values.view(np.uint8).reshape(HEIGHT, WIDTH * 3, 4)[..., ::-1].transpose(0, 2, 1).reshape(HEIGHT, -1, 3)
    rows = np.diff(rows, axis=1, prepend=np.zeros((HEIGHT, 1, 3), np.uint8))
    path = by_hand(
        tmp_path / "a.tif", zlib.compress(rows.tobytes()),
        t258=(32, 32, 32), t259=8, t262=2, t277=3, t317=3, t339=(3, 3, 3),
    )  # fmt: skip
    assert np.array_equal(pixels(path), COLOURS)


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("source", [RAMP, COLOURS.astype(np.uint8)], ids=["sixteen bits", "eight bits"])
def test_a_scan_that_was_turned_stands_upright(tmp_path, orientation, source, monkeypatch):
    turns = [
        lambda a: a, lambda a: a[:, ::-1], lambda a: a[::-1, ::-1], lambda a: a[::-1], lambda a: a.swapaxes(0, 1),
        lambda a: np.rot90(a, -1), lambda a: np.rot90(a, 2).swapaxes(0, 1), np.rot90,
    ]  # fmt: skip
    expected = turns[orientation - 1](source)
    tiff = scan(tmp_path / "a.tif", source, extratags=[(274, 3, 1, orientation, True)], rowsperstrip=5)
    exif = Image.Exif()
    exif[0x0112] = orientation
    Image.fromarray(source).save(tmp_path / "a.png", exif=exif)
    assert np.array_equal(pixels(tiff), expected) and np.array_equal(pixels(tmp_path / "a.png"), expected)
    # The same a few rows at a time, as what is too large to be held is read.
    monkeypatch.setattr(pixels_module, "BAND_PIXELS", 300)
    for path in (tiff, tmp_path / "a.png"):
        monkeypatch.setattr("colouru.images.photo.held", lambda made: made)
        photo = open_photo(path)
        assert np.array_equal(in_memory(photo.pixels), expected) and photo.rgb.shape[:2] == expected.shape[:2]


def test_what_is_not_held_in_memory_gives_the_same_thumbnail(tmp_path, monkeypatch):
    smooth = np.outer(np.linspace(0, 60_000, 900), np.linspace(0, 1, 700)).astype(np.uint16)
    path = scan(tmp_path / "a.tif", smooth, rowsperstrip=16)
    whole = open_photo(path).thumbnail(64).pixels
    monkeypatch.setattr("colouru.images.photo.held", lambda made: made)
    monkeypatch.setattr("colouru.images.photo.OVERVIEW_SIDE", 300)
    monkeypatch.setattr(pixels_module, "BAND_PIXELS", 5000)
    photo = open_photo(path)
    assert photo.overview.pixels.shape == (300, 234) and photo.thumbnail(64).pixels.dtype == np.uint16
    assert error(photo.thumbnail(64).pixels, whole) < 60
    small = open_photo(smooth // 257 * np.uint16(257)).thumbnail(64).pixels
    assert error(small, open_photo((smooth // 257).astype(np.uint8)).thumbnail(64).pixels * 257.0) < 257


def test_one_strip_that_holds_everything_is_read_in_parts(tmp_path, monkeypatch):
    monkeypatch.setattr("colouru.images.tiff.PART_BYTES", 1000)
    for name, options in {
        "a": {},
        "b": {"compression": "zlib"},
        "c": {"compression": "zlib", "predictor": True},
    }.items():
        for samples in (RAMP, COLOURS):
            path = scan(tmp_path / f"{name}.tif", samples, rowsperstrip=HEIGHT, **options)
            assert np.array_equal(pixels(path), samples)


# Profiles.


@pytest.mark.parametrize(
    "curve, luminance",
    [
        (gamma(2.2), lambda x: x ** (round(2.2 * 256) / 256)),
        (gamma(1.8), lambda x: x ** (round(1.8 * 256) / 256)),
        (b"curv" + bytes(8), lambda x: x),
        (
            b"curv\0\0\0\0" + struct.pack(">I", 3) + struct.pack(">3H", 0, 10_000, 65_535),
            lambda x: np.interp(x, [0, 0.5, 1], [0, 10_000 / 65_535, 1]),
        ),
        (b"para\0\0\0\0" + struct.pack(">HHi", 0, 0, 2 << 16), lambda x: x**2),
    ],
    ids=["gamma 2.2", "gamma 1.8", "linear", "table, as of dot gain", "formula"],
)
def test_a_profile_of_greyscale_keeps_every_step_and_one_channel(tmp_path, curve, luminance):
    every = np.arange(65_536, dtype=np.uint16).reshape(256, 256)
    path = scan(tmp_path / "a.tif", every, iccprofile=grey_profile(curve))
    photo = open_photo(path)
    assert error(photo.pixels, srgb(luminance(every / 65_535))) < 0.51 and not photo.remarks


def test_a_profile_that_meets_in_lab_tells_lightness(tmp_path):
    path = scan(tmp_path / "a.tif", RAMP, iccprofile=grey_profile(b"curv" + bytes(8), b"Lab "))
    middle = np.abs(RAMP / 65_535 - 0.5).argmin()
    # L* of 50 is sRGB 118.9.
    assert abs(pixels(path).ravel()[middle] / 257 - 118.9) < 0.2


def rgb_profile(tone: float) -> bytes:
    """Adobe RGB (1998), as far as three curves and a matrix go."""
    columns = [(0.60974, 0.31111, 0.01947), (0.20528, 0.62567, 0.06087), (0.14919, 0.06322, 0.74457)]
    parts = [(b"desc", b"desc\0\0\0\0" + struct.pack(">I", 4) + b"rgb\0" + bytes(78))]
    parts += [(b"wtpt", b"XYZ \0\0\0\0" + struct.pack(">3i", 63_190, 65_536, 54_061))]
    for name, column in zip((b"r", b"g", b"b"), columns, strict=True):
        fixed = struct.pack(">3i", *(round(v * 65_536) for v in column))
        parts += [(name + b"XYZ", b"XYZ \0\0\0\0" + fixed), (name + b"TRC", gamma(tone))]
    return icc(b"RGB ", b"XYZ ", parts)


def test_a_scanners_profile_gives_the_colours_that_a_colour_engine_gives_but_in_sixteen_bits(tmp_path):
    profile = rgb_profile(2.2)
    muted = COLOURS // 3 + 20_000
    path = scan(tmp_path / "a.tif", muted, iccprofile=profile)
    found = pixels(path)
    eight = Image.fromarray((muted / 257).round().astype(np.uint8))
    engine = ImageCms.profileToProfile(
        eight, ImageCms.ImageCmsProfile(io.BytesIO(profile)), ImageCms.createProfile("sRGB"), outputMode="RGB"
    )
    # Its eight bits are coarse in the shadows.
    light = np.asarray(engine) > 40
    assert np.abs(found / 257 - engine)[light].max() < 3
    greys = np.repeat(np.arange(65_536, dtype=np.uint16).reshape(256, 256, 1), 3, axis=2)
    path = scan(tmp_path / "b.tif", greys, iccprofile=profile)
    tone = round(2.2 * 256) / 256
    assert error(pixels(path), srgb((greys / 65_535) ** tone)) < 8


def table_profile() -> bytes:
    """A profile that has a table from RGB to CIELAB instead of curves, as those of scanners have that were measured."""
    corners = [(0, 0, 0), (30, 60, -90), (85, -80, 70), (90, -40, -10)]
    corners += [(50, 70, 60), (60, 90, -55), (95, -15, 85), (100, 0, 0)]
    table = [round(v) for L, a, b in corners for v in (L * 652.8, (a + 128) * 256, (b + 128) * 256)]
    identity = struct.pack(">9i", *[65_536 * (place % 4 == 0) for place in range(9)])
    ramps = struct.pack(">6H", *[0, 65_535] * 3)
    content = b"mft2\0\0\0\0" + bytes([3, 3, 2, 0]) + identity + struct.pack(">2H", 2, 2)
    content += ramps + struct.pack(">24H", *table) + ramps
    description = b"desc\0\0\0\0" + struct.pack(">I", 4) + b"rgb\0" + bytes(78)
    white = b"XYZ \0\0\0\0" + struct.pack(">3i", 63_190, 65_536, 54_061)
    return icc(b"RGB ", b"Lab ", [(b"desc", description), (b"wtpt", white), (b"A2B0", content)])


def test_a_profile_of_tables_keeps_sixteen_bits_where_pyvips_is_installed_and_says_where_it_is_not(
    tmp_path, monkeypatch
):
    pytest.importorskip("pyvips")
    path = scan(tmp_path / "a.tif", COLOURS, iccprofile=table_profile())
    deep = open_photo(path)
    assert deep.remarks == () and len(np.unique(deep.pixels)) > 1500
    monkeypatch.setitem(sys.modules, "pyvips", None)
    shallow = open_photo(path)
    assert "was applied with 8 bits a channel; to keep 16, install" in shallow.remarks[0]
    assert error(deep.pixels, shallow.pixels) < 257


def test_the_profile_of_srgb_changes_nothing(tmp_path):
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    path = scan(tmp_path / "a.tif", COLOURS, iccprofile=profile)
    assert np.array_equal(pixels(path), COLOURS) and not open_photo(path).remarks


@pytest.mark.parametrize("profile", [b"no profile", grey_profile(gamma(1))[:150], grey_profile(b"curv" + b"\xff" * 8)])
def test_a_profile_that_cannot_be_used_is_said_and_the_scan_is_there(tmp_path, profile):
    photo = open_photo(scan(tmp_path / "a.tif", RAMP, iccprofile=profile))
    assert np.array_equal(photo.pixels, RAMP) and "colour profile cannot be used" in photo.remarks[0]


# Formats that archives have beside TIFF.


def test_jpeg_2000_opens_with_its_sixteen_bits_of_grey(tmp_path):
    Image.fromarray(RAMP).save(tmp_path / "a.jp2")
    assert np.array_equal(pixels(tmp_path / "a.jp2"), RAMP)
    Image.fromarray((COLOURS >> 8).astype(np.uint8)).save(tmp_path / "b.j2k")
    assert np.array_equal(pixels(tmp_path / "b.j2k"), COLOURS >> 8)


def photoshop(
    path: Path, samples: np.ndarray, *, packed: bool = False, mode: int = 3, whole: int = 1, layers: int = 0
) -> Path:
    """A Photoshop file with nothing but the picture of all its layers."""
    height, width, channels = samples.shape
    bits = 8 * samples.dtype.itemsize
    version = b"8BIM" + struct.pack(">HHI", 1057, 0, 6) + bytes(4) + bytes([whole, 0])
    resolution = b"8BIM" + struct.pack(">HHI", 1005, 0, 16) + struct.pack(">IHHIHH", 300 << 16, 1, 1, 300 << 16, 1, 1)
    resources = version + resolution
    layer_section = struct.pack(">Ih", 2, layers) if layers else b""
    planes = [samples[..., c].astype(samples.dtype.newbyteorder(">")) for c in range(channels)]
    if packed:
        # Every row as literal runs of up to 128 bytes.
        rows = [
            b"".join(bytes([len(row[i : i + 128]) - 1]) + row[i : i + 128] for i in range(0, len(row), 128))
            for plane in planes for row in (line.tobytes() for line in plane)
        ]  # fmt: skip
        data = struct.pack(">H", 1) + struct.pack(f">{len(rows)}H", *map(len, rows)) + b"".join(rows)
    else:
        data = struct.pack(">H", 0) + b"".join(plane.tobytes() for plane in planes)
    path.write_bytes(
        struct.pack(">4sH6xHIIHH", b"8BPS", 1, channels, height, width, bits, mode)
        + struct.pack(">I", 0)
        + struct.pack(">I", len(resources)) + resources
        + struct.pack(">I", len(layer_section)) + layer_section
        + data
    )  # fmt: skip
    return path


@pytest.mark.parametrize("packed", [False, True], ids=["as it is", "in runs"])
@pytest.mark.parametrize("samples", [COLOURS, (COLOURS >> 8).astype(np.uint8)], ids=["16", "8"])
def test_a_photoshop_file_opens_as_all_its_layers_look(tmp_path, packed, samples):
    photo = open_photo(photoshop(tmp_path / "a.psd", samples, packed=packed))
    assert np.array_equal(photo.pixels, samples) and not photo.remarks and photo.resolution == (300, 300)


def test_a_photoshop_file_of_layers_alone_is_refused(tmp_path):
    with pytest.raises(ValueError, match="a.psd holds only its layers; save it again with maximal compatibility"):
        open_photo(photoshop(tmp_path / "a.psd", COLOURS, whole=0))


def test_a_selection_in_a_photoshop_file_is_no_transparency(tmp_path):
    four = np.concatenate([COLOURS, np.zeros_like(COLOURS[..., :1])], axis=2)
    assert np.array_equal(pixels(photoshop(tmp_path / "a.psd", four)), COLOURS)
    assert (pixels(photoshop(tmp_path / "b.psd", four, layers=-1)) == 65_535).all()


def test_ink_of_a_photoshop_file_is_paper_where_there_is_none(tmp_path):
    paper = np.full((4, 4, 4), 255, np.uint8)
    assert (pixels(photoshop(tmp_path / "a.psd", paper, mode=4)) == 255).all()


# Input that hurts.


def test_a_fax_of_one_bit_is_black_and_white(tmp_path):
    drawing = Image.fromarray(np.indices((64, 64)).sum(0) % 16 < 8)
    drawing.save(tmp_path / "a.tif", compression="group4")
    photo = open_photo(tmp_path / "a.tif")
    assert photo.pixels.shape == (64, 64) and np.array_equal(photo.pixels == 255, drawing)


def test_cmyk_is_as_white_as_its_paper_and_its_profile_is_missed(tmp_path):
    paper = np.zeros((8, 8, 4), np.uint16)
    for samples in (paper, paper.astype(np.uint8)):
        photo = open_photo(scan(tmp_path / "a.tif", samples, photometric="separated"))
        assert (photo.pixels == 255).all() and "CMYK without a colour profile" in photo.remarks[0]


@pytest.mark.parametrize("kind", ["cielab", "icclab"])
@pytest.mark.parametrize("bits", [8, 16])
def test_cielab_gives_the_colours_that_it_means(tmp_path, kind, bits):
    # sRGB red, with the white D50: L* 54.29, a 80.81, b 69.89.
    lightness, a, b = 54.29, 80.81, 69.89
    step = 1 if bits == 8 else 256
    whole = {8: 255, 16: 65_535 if kind == "cielab" else 65_280}[bits]
    offset = 128 * step if kind == "icclab" else 0
    values = [lightness / 100 * whole, a * step + offset, b * step + offset]
    samples = np.full((4, 4, 3), values).round().astype(f"u{bits // 8}")
    found = pixels(scan(tmp_path / "a.tif", samples, photometric=kind)) / 257
    assert np.abs(found - [255, 0, 0]).max() < (9 if bits == 8 else 1)


@pytest.mark.parametrize("kind", [np.uint8, np.uint16, np.uint32, np.int16, np.float32])
def test_a_scan_that_is_all_black_is_black(tmp_path, kind):
    photo = open_photo(scan(tmp_path / "a.tif", np.zeros((8, 8), kind)))
    assert (photo.pixels == 0).all() and (kind == np.uint8 or photo.remarks)


@pytest.mark.parametrize("kind", ["unassalpha", "assocalpha"])
def test_an_alpha_channel_is_laid_on_white(tmp_path, kind):
    alpha = np.full((HEIGHT, WIDTH, 1), 65_535, np.uint16)
    alpha[3] = 0
    colours = np.where(alpha == 0, 0, COLOURS).astype(np.uint16) if kind == "assocalpha" else COLOURS
    photo = open_photo(scan(tmp_path / "a.tif", np.concatenate([colours, alpha], 2), extrasamples=[kind]))
    assert (photo.pixels[3] == 65_535).all() and np.array_equal(photo.pixels[4:], COLOURS[4:])
    assert photo.remarks == ("a.tif is transparent in places; they are laid on white.",)


def test_the_infrared_channel_of_a_scanner_is_not_used_and_that_is_said(tmp_path):
    four = np.concatenate([COLOURS, RAMP[..., None]], 2)
    photo = open_photo(scan(tmp_path / "a.tif", four, extrasamples=["unspecified"]))
    assert np.array_equal(photo.pixels, COLOURS) and "1 further channel, such as infrared; not used" in photo.remarks[0]


def test_of_several_pages_the_first_is_taken_and_a_larger_one_is_named(tmp_path):
    with tifffile.TiffWriter(tmp_path / "a.tif") as file:
        file.write(RAMP, metadata=None)
        file.write(np.zeros((HEIGHT * 2, WIDTH), np.uint16), metadata=None)
    photo = open_photo(tmp_path / "a.tif")
    assert np.array_equal(photo.pixels, RAMP)
    assert photo.remarks == (
        "a.tif has 2 pages; the first is used.",
        "a.tif has a larger page, 56 x 80, which is not used.",
    )


LONG = bytes(2 * HEIGHT * WIDTH)


@pytest.mark.parametrize(
    "data, tags, message",
    [
        (LONG[:100], {}, "contradicts itself"),
        (LONG, {"t279": 1 << 31}, ""),
        (LONG, {"t273": 1 << 31}, "contradicts itself"),
        (LONG, {"t278": 1}, "it has 1 strips or tiles; its size needs 40"),
        (LONG, {"t256": 0}, "it is 0 x 40"),
        (LONG, {"t277": 3}, "contradicts itself"),
        (LONG, {"t262": 2}, "it has 1 samples a pixel; its colours need 3"),
        (LONG, {"t258": (16, 8)}, "its samples differ"),
        (LONG, {"t258": 24}, "a TIFF of a kind that is not taken"),
        (LONG, {"t258": 64}, "a TIFF of a kind that is not taken"),
        (LONG, {"t259": 34712}, "a TIFF of a kind that is not taken"),
        (LONG, {"t262": 32803}, "the raw file of a camera"),
        (LONG, {"t259": 8}, "is damaged or cut short"),
        (LONG, {"t259": 5}, "is damaged or cut short"),
        (LONG, {"t317": 7}, "its predictor is 7"),
        (LONG, {"t322": 1 << 30, "t323": 1 << 30}, "contradicts itself"),
        (LONG, {"t256": 40_000, "t257": 40_000, "t278": 40_000}, "1600 megapixels; at most 50"),
    ],
)  # fmt: skip
def test_tags_that_lie_are_a_picture_or_one_sentence(tmp_path, data, tags, message):
    path = by_hand(tmp_path / "a.tif", data, **tags)
    if not message:
        assert pixels(path).shape == (HEIGHT, WIDTH)
        return
    with pytest.raises(ValueError, match=message) as caught:
        open_photo(path)
    assert str(caught.value).startswith("a.tif ") and "\n" not in str(caught.value)


@pytest.mark.parametrize(
    "values, message",
    [
        (np.array([[0, 1e7]], np.float32), "floating-point values from 0 to 10,000,000, and nothing says"),
        (np.array([[-5, 5]], np.float32), "floating-point values from -5 to 5, and nothing says"),
        (np.array([[0, 3.0]], np.float32), "floating-point values from 0 to 3, and nothing says"),
        (np.array([[0, 1 << 20]], np.uint32), "32-bit values from 0 to 1,048,576, and nothing says"),
        (np.array([[-(1 << 20), 5]], np.int32), "32-bit values from -1,048,576 to 5, and nothing says"),
    ],
)
def test_numbers_that_could_mean_anything_are_refused(tmp_path, values, message):
    with pytest.raises(ValueError, match=message):
        open_photo(scan(tmp_path / "a.tif", values))


def test_places_that_are_no_numbers_are_said(tmp_path):
    values = (RAMP / 65_535).astype(np.float32)
    values[0, :2] = np.nan, np.inf
    photo = open_photo(scan(tmp_path / "a.tif", values))
    assert photo.pixels[0, :2].tolist() == [0, 65_535] and "no numbers" in " ".join(photo.remarks)


def test_every_way_of_cutting_a_scan_short_is_a_sentence_or_a_picture(tmp_path):
    for options in ({"compression": "zlib", "tile": (16, 16)}, {"rowsperstrip": 5}, {"bigtiff": True}):
        content = scan(tmp_path / "a.tif", COLOURS, **options).read_bytes()
        refused = 0
        for end in range(1, len(content), len(content) // 60):
            (tmp_path / "cut.tif").write_bytes(content[:end])
            try:
                pixels(tmp_path / "cut.tif")
            except ValueError as caught:
                assert str(caught).startswith("cut.tif ")
                refused += 1
        assert refused > 20


def test_damage_that_is_met_late_is_a_sentence_too(tmp_path, monkeypatch):
    monkeypatch.setattr("colouru.images.photo.held", lambda made: made)
    for options, message in (({}, "contradicts itself"), ({"compression": "zlib"}, "a.tif ")):
        path = scan(tmp_path / "a.tif", COLOURS, rowsperstrip=4, **options)
        photo = open_photo(path)
        path.write_bytes(path.read_bytes()[: len(path.read_bytes()) // 2])
        with pytest.raises(ValueError, match=message):
            in_memory(photo.pixels)


def test_a_chain_of_pages_without_end_ends(tmp_path):
    path = by_hand(tmp_path / "a.tif", LONG)
    content = bytearray(path.read_bytes())
    (place,) = struct.unpack("<I", content[4:8])
    (number,) = struct.unpack_from("<H", content, place)
    struct.pack_into("<I", content, place + 2 + 12 * number, place)
    path.write_bytes(content)
    assert pixels(path).shape == (HEIGHT, WIDTH)


def test_many_pixels_from_few_bytes_are_not_decoded_and_the_limit_can_be_raised(tmp_path):
    path = scan(tmp_path / "a.tif", np.zeros((8000, 8000), np.uint8), compression="zlib", rowsperstrip=100)
    with pytest.raises(ValueError, match="64 megapixels; at most 50 megapixels are taken"):
        open_photo(path)
    photo = open_photo(path, max_megapixels=100)
    assert photo.pixels.shape == (8000, 8000) and photo.thumbnail(10).pixels.max() == 0
    claims = [struct.pack("<HHII", 257, 4, 1, height) for height in (8000, 60_000)]
    (tmp_path / "bomb.tif").write_bytes(path.read_bytes().replace(*claims))
    with pytest.raises(ValueError, match="bytes and claims 480 megapixels, which no scan does"):
        open_photo(tmp_path / "bomb.tif", max_megapixels=1000)


@pytest.mark.parametrize("bits", [1, 2, 4, 8])
@pytest.mark.parametrize("white_is_nought", [False, True])
def test_few_bits_are_as_light_as_they_were(tmp_path, bits, white_is_nought):
    values = RAMP >> (16 - bits)
    path = by_hand(tmp_path / "a.tif", packed(values, bits), t258=bits, t262=0 if white_is_nought else 1)
    expected = values / ((1 << bits) - 1) * 255
    assert error(pixels(path), 255 - expected if white_is_nought else expected) < 0.51


def test_the_profile_inside_a_jpeg_2000_is_applied(tmp_path):
    Image.fromarray(RAMP).save(tmp_path / "a.jp2")
    content = (tmp_path / "a.jp2").read_bytes()
    profile = grey_profile(gamma(1))
    box = struct.pack(">I4s3B", 11 + len(profile), b"colr", 2, 0, 0) + profile
    at = content.index(b"colr") - 4
    (size,) = struct.unpack_from(">I", content, at)
    head = content.index(b"jp2h") - 4
    (whole,) = struct.unpack_from(">I", content, head)
    content = content[:at] + box + content[at + size :]
    content = content[:head] + struct.pack(">I", whole + len(box) - size) + content[head + 4 :]
    (tmp_path / "b.jp2").write_bytes(content)
    assert error(pixels(tmp_path / "b.jp2"), srgb(RAMP / 65_535)) < 0.51
