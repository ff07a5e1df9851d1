"""TIFF files of archives keep every bit, the right page is used, and damaged files give one clear sentence."""

import struct
import zlib

import numpy as np
import pytest
import tifffile
from PIL import Image

from colouru.images import pixels
from colouru.images.photo import open_photo
from colouru.images.pixels import materialize
from tests.image_files import COLOURS, HEIGHT, RAMP, WIDTH, read_pixels, write_tiff, write_tiff_with_tags

# Samples of a black scan of sixteen bits.
BLACK = bytes(2 * HEIGHT * WIDTH)


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
def test_every_bit_is_kept_with_every_layout_and_compression(tmp_path, samples, options):
    assert np.array_equal(read_pixels(write_tiff(tmp_path / "a.tif", samples, **options)), samples)


@pytest.mark.parametrize("samples", [RAMP, COLOURS])
@pytest.mark.parametrize(
    "options", [{}, {"predictor": "horizontal"}, {"tile": True, "tile_width": 32, "tile_height": 16}]
)
@pytest.mark.parametrize("compression", ["lzw", "deflate", "packbits"])
def test_every_bit_is_kept_that_libtiff_compressed(tmp_path, samples, options, compression):
    pyvips = pytest.importorskip("pyvips")
    picture = pyvips.Image.new_from_array(samples, interpretation="rgb16" if samples.ndim == 3 else "grey16")
    picture.tiffsave(str(tmp_path / "a.tif"), compression=compression, **options)
    assert np.array_equal(read_pixels(tmp_path / "a.tif"), samples)


@pytest.mark.parametrize("planes", ["separate", "contig"])
@pytest.mark.parametrize("order", ["<", ">"])
def test_sixteen_bit_colour_is_read_from_planes_or_interleaved(tmp_path, planes, order):
    samples = np.moveaxis(COLOURS, 2, 0) if planes == "separate" else COLOURS
    path = write_tiff(tmp_path / "a.tif", samples, planarconfig=planes, photometric="rgb", byteorder=order)
    assert np.array_equal(read_pixels(path), COLOURS) and not open_photo(path).remarks


def test_the_floating_point_predictor_is_undone(tmp_path):
    values = (COLOURS / 65_535).astype(np.float32)
    rows = values.view(np.uint8).reshape(HEIGHT, WIDTH * 3, 4)[..., ::-1].transpose(0, 2, 1).reshape(HEIGHT, -1, 3)
    rows = np.diff(rows, axis=1, prepend=np.zeros((HEIGHT, 1, 3), np.uint8))
    path = write_tiff_with_tags(
        tmp_path / "a.tif", zlib.compress(rows.tobytes()),
        t258=(32, 32, 32), t259=8, t262=2, t277=3, t317=3, t339=(3, 3, 3),
    )  # fmt: skip
    assert np.array_equal(read_pixels(path), COLOURS)


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("source", [RAMP, COLOURS.astype(np.uint8)], ids=["sixteen bits", "eight bits"])
def test_the_orientation_is_applied(tmp_path, orientation, source, monkeypatch):
    turns = [
        lambda a: a, lambda a: a[:, ::-1], lambda a: a[::-1, ::-1], lambda a: a[::-1], lambda a: a.swapaxes(0, 1),
        lambda a: np.rot90(a, -1), lambda a: np.rot90(a, 2).swapaxes(0, 1), np.rot90,
    ]  # fmt: skip
    expected = turns[orientation - 1](source)
    tiff = write_tiff(tmp_path / "a.tif", source, extratags=[(274, 3, 1, orientation, True)], rowsperstrip=5)
    exif = Image.Exif()
    exif[0x0112] = orientation
    Image.fromarray(source).save(tmp_path / "a.png", exif=exif)
    assert np.array_equal(read_pixels(tiff), expected) and np.array_equal(read_pixels(tmp_path / "a.png"), expected)
    monkeypatch.setattr(pixels, "BAND_PIXELS", 300)
    for path in (tiff, tmp_path / "a.png"):
        if path.suffix == ".png" and source.dtype == np.uint16:
            pytest.importorskip("pyvips")
        # One byte less than the pixels take, so that they are decoded as their rows are asked for.
        photo = open_photo(path, max_bytes_in_memory=source.nbytes - 1)
        assert not isinstance(photo.pixels, np.ndarray)
        assert np.array_equal(materialize(photo.pixels), expected) and photo.rgb.shape[:2] == expected.shape[:2]


def test_a_single_strip_is_decoded_in_parts(tmp_path, monkeypatch):
    monkeypatch.setattr("colouru.images.tiff_reader.PART_BYTES", 1000)
    for name, options in {
        "a": {},
        "b": {"compression": "zlib"},
        "c": {"compression": "zlib", "predictor": True},
    }.items():
        for samples in (RAMP, COLOURS):
            path = write_tiff(tmp_path / f"{name}.tif", samples, rowsperstrip=HEIGHT, **options)
            assert np.array_equal(read_pixels(path), samples)


def test_a_thumbnail_before_the_scan_is_skipped(tmp_path):
    with tifffile.TiffWriter(tmp_path / "a.tif") as file:
        file.write(np.zeros((24, 80), np.uint8), subfiletype=1, metadata=None)
        file.write(RAMP, metadata=None)
    assert np.array_equal(read_pixels(tmp_path / "a.tif"), RAMP) and not open_photo(tmp_path / "a.tif").remarks


def test_the_first_of_several_pages_is_used_and_a_remark_names_a_larger_one(tmp_path):
    with tifffile.TiffWriter(tmp_path / "a.tif") as file:
        file.write(RAMP, metadata=None)
        file.write(np.zeros((HEIGHT * 2, WIDTH), np.uint16), metadata=None)
    photo = open_photo(tmp_path / "a.tif")
    assert np.array_equal(photo.pixels, RAMP)
    assert photo.remarks == (
        "a.tif has 2 pages; the first is used.",
        "a.tif has a larger page, 56 x 80, which is not used.",
    )


def test_an_infrared_channel_is_not_used_and_a_remark_says_so(tmp_path):
    four = np.concatenate([COLOURS, RAMP[..., None]], 2)
    photo = open_photo(write_tiff(tmp_path / "a.tif", four, extrasamples=["unspecified"]))
    assert np.array_equal(photo.pixels, COLOURS) and "1 further channel, such as infrared; not used" in photo.remarks[0]


def test_a_cycle_of_pages_ends(tmp_path):
    path = write_tiff_with_tags(tmp_path / "a.tif", BLACK)
    content = bytearray(path.read_bytes())
    (place,) = struct.unpack("<I", content[4:8])
    (number,) = struct.unpack_from("<H", content, place)
    struct.pack_into("<I", content, place + 2 + 12 * number, place)
    path.write_bytes(content)
    assert read_pixels(path).shape == (HEIGHT, WIDTH)


@pytest.mark.parametrize(
    "data, tags, message",
    [
        (BLACK[:100], {}, "contradicts itself"),
        (BLACK, {"t279": 1 << 31}, ""),
        (BLACK, {"t273": 1 << 31}, "contradicts itself"),
        (BLACK, {"t278": 1}, "it has 1 strips or tiles; its size needs 40"),
        (BLACK, {"t256": 0}, "it is 0 x 40"),
        (BLACK, {"t277": 3}, "contradicts itself"),
        (BLACK, {"t262": 2}, "it has 1 samples a pixel; its colours need 3"),
        (BLACK, {"t258": (16, 8)}, "its samples differ"),
        (BLACK, {"t258": 24}, "a TIFF of a kind that is not taken"),
        (BLACK, {"t258": 64}, "a TIFF of a kind that is not taken"),
        (BLACK, {"t259": 34712}, "a TIFF of a kind that is not taken"),
        (BLACK, {"t262": 32803}, "the raw file of a camera"),
        (BLACK, {"t259": 8}, "is damaged or cut short"),
        (BLACK, {"t259": 5}, "is damaged or cut short"),
        (BLACK, {"t317": 7}, "its predictor is 7"),
        (BLACK, {"t322": 1 << 30, "t323": 1 << 30}, "contradicts itself"),
        (BLACK, {"t256": 40_000, "t257": 40_000, "t278": 40_000}, "1600 megapixels; at most 50"),
    ],
)  # fmt: skip
def test_contradictory_tags_give_a_picture_or_one_sentence(tmp_path, data, tags, message):
    path = write_tiff_with_tags(tmp_path / "a.tif", data, **tags)
    if not message:
        assert read_pixels(path).shape == (HEIGHT, WIDTH)
        return
    with pytest.raises(ValueError, match=message) as caught:
        open_photo(path)
    assert str(caught.value).startswith("a.tif ") and "\n" not in str(caught.value)


def test_every_truncated_scan_gives_a_picture_or_one_sentence(tmp_path):
    for options in ({"compression": "zlib", "tile": (16, 16)}, {"rowsperstrip": 5}, {"bigtiff": True}):
        content = write_tiff(tmp_path / "a.tif", COLOURS, **options).read_bytes()
        refused = 0
        for end in range(1, len(content), len(content) // 60):
            (tmp_path / "cut.tif").write_bytes(content[:end])
            try:
                read_pixels(tmp_path / "cut.tif")
            except ValueError as caught:
                assert str(caught).startswith("cut.tif ")
                refused += 1
        assert refused > 20


def test_damage_found_when_rows_are_decoded_gives_one_sentence(tmp_path):
    for options, message in (({}, "contradicts itself"), ({"compression": "zlib"}, "a.tif ")):
        path = write_tiff(tmp_path / "a.tif", COLOURS, rowsperstrip=4, **options)
        photo = open_photo(path, max_bytes_in_memory=0)
        path.write_bytes(path.read_bytes()[: len(path.read_bytes()) // 2])
        with pytest.raises(ValueError, match=message):
            materialize(photo.pixels)
