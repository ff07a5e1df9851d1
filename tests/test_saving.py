"""Pictures are written strip by strip with their metadata, and other programs read them."""

import json

import numpy as np
import pytest
import tifffile
from PIL import Image

from colouru import Hint, __version__, pipeline
from colouru.images import jpeg_writer, tiff_writer
from colouru.images.photo import open_photo
from colouru.images.provenance import SOURCE_TYPE, Provenance
from colouru.images.saving import save_strips
from tests.benchmarks.scans import lightness_error

HINT = Hint(x=0.5, y=0.5, colour="#d02020", note="seen in the attic")
BY = Provenance((HINT,), "gan", "embedded", "0a" * 32, __version__)


def noise(height: int, width: int, bits: int) -> np.ndarray:
    """(H,W,3), smooth with grain, with no two rows alike."""
    y, x = np.mgrid[0:height, 0:width]
    smooth = np.stack([x / width, y / height, (x + y) / (width + height)], axis=-1)
    grain = np.random.default_rng(0).normal(0, 0.01, smooth.shape)
    return ((smooth + grain).clip(0, 1) * (2**bits - 1)).round().astype(f"u{bits // 8}")


def save(path, pixels: np.ndarray, rows: int = 7, **options) -> None:
    strips = (pixels[top : top + rows] for top in range(0, len(pixels), rows))
    save_strips(strips, *pixels.shape[:2], path, BY, bits=8 * pixels.dtype.itemsize, **options)


SIZES = [(1, 1), (300, 517), (256, 256), (700, 3), (3, 700)]


@pytest.mark.parametrize("bits", [8, 16])
@pytest.mark.parametrize("height, width", SIZES)
def test_other_readers_find_the_exact_pixels_in_a_tiff(tmp_path, height, width, bits):
    pixels = noise(height, width, bits)
    save(tmp_path / "a.tif", pixels)
    with tifffile.TiffFile(tmp_path / "a.tif") as file:
        page = file.pages[0]
        assert np.array_equal(page.asarray(), pixels)
        assert page.is_tiled and page.compression == 8 and page.predictor == 2 and page.bitspersample == bits
    photo = open_photo(tmp_path / "a.tif")
    assert np.array_equal(photo.pixels, pixels) and photo.provenance == BY and photo.hints == (HINT,)
    assert not photo.remarks


@pytest.mark.parametrize("bits", [8, 16])
def test_a_tiff_too_large_for_four_byte_offsets_is_a_bigtiff(tmp_path, bits, monkeypatch):
    monkeypatch.setattr(tiff_writer, "MAX_CLASSIC_BYTES", 1000)
    pixels = noise(300, 200, bits)
    save(tmp_path / "a.tif", pixels)
    assert tifffile.TiffFile(tmp_path / "a.tif").is_bigtiff
    assert np.array_equal(tifffile.imread(tmp_path / "a.tif"), pixels)
    assert np.array_equal(open_photo(tmp_path / "a.tif").pixels, pixels)


@pytest.mark.parametrize("bits", [8, 16])
@pytest.mark.parametrize("height, width", SIZES)
def test_other_readers_find_the_exact_pixels_in_a_png(tmp_path, height, width, bits):
    pixels = noise(height, width, bits)
    save(tmp_path / "a.png", pixels)
    with Image.open(tmp_path / "a.png") as picture:
        assert np.array_equal(picture, pixels if bits == 8 else pixels >> 8)
        assert json.loads(picture.text["ColourU hints"]) == [HINT.to_dict()]
    assert np.array_equal(open_photo(tmp_path / "a.png").pixels, pixels)


@pytest.mark.parametrize("rows", [7, 64, 1000])
@pytest.mark.parametrize("height", [1, 64, 200, 513])
def test_a_jpeg_joined_from_bands_equals_one_encoded_whole(tmp_path, monkeypatch, height, rows):
    monkeypatch.setattr(jpeg_writer, "BAND_PIXELS", 50 * 64)
    pixels = noise(height, 50, 8)
    save(tmp_path / "a.jpg", pixels, rows)
    Image.fromarray(pixels).save(tmp_path / "whole.jpg", quality=95, subsampling=0)
    with Image.open(tmp_path / "a.jpg") as joined, Image.open(tmp_path / "whole.jpg") as whole:
        assert np.array_equal(joined, whole)
    assert open_photo(tmp_path / "a.jpg").provenance == BY


def test_sixteen_bits_are_saved_as_eight_in_webp(tmp_path):
    pixels = noise(40, 30, 16)
    save(tmp_path / "a.webp", pixels)
    photo = open_photo(tmp_path / "a.webp")
    assert photo.provenance == BY and np.abs(photo.pixels.astype(int) - pixels // 257).mean() < 6


@pytest.mark.parametrize("suffix", [".tif", ".png"])
def test_a_dark_picture_is_not_taken_for_one_of_fewer_bits(tmp_path, suffix):
    dark = noise(20, 30, 16) >> 4
    save(tmp_path / f"a{suffix}", dark)
    photo = open_photo(tmp_path / f"a{suffix}")
    assert np.array_equal(photo.pixels, dark) and not photo.remarks


@pytest.mark.parametrize("suffix", [".tif", ".png", ".jpg"])
@pytest.mark.parametrize("rows", [20, 41])
def test_rows_that_are_too_few_or_too_many_leave_no_file(tmp_path, suffix, rows):
    pixels = noise(rows, 30, 8)
    with pytest.raises(ValueError, match=f"expected 40 rows, got {rows}"):
        save_strips([pixels], 40, 30, tmp_path / f"a{suffix}", BY)
    assert not list(tmp_path.iterdir())


@pytest.fixture(scope="module")
def colourize():
    return pipeline(device="cpu")


@pytest.fixture
def scanned(tmp_path):
    """A 16-bit scan with 600 dots an inch and the name of its artist."""
    ramp = np.linspace(0, 65_535, 60 * 80).astype(np.uint16).reshape(60, 80)
    path = tmp_path / "scan.tif"
    artist = "Großmutter".encode() + b"\0"
    tags = [(315, 2, len(artist), artist, True), (274, 3, 1, 1, True)]
    tifffile.imwrite(path, ramp, resolution=(600, 600), resolutionunit="inch", extratags=tags, metadata=None)
    return path


@pytest.mark.parametrize("suffix", [".tif", ".png", ".jpg"])
def test_the_resolution_and_the_artist_of_a_scan_are_kept(colourize, tmp_path, scanned, suffix, exiftool):
    colourize.colour_file(scanned, tmp_path / f"colour{suffix}", [HINT])
    photo = open_photo(tmp_path / f"colour{suffix}")
    assert np.allclose(photo.resolution, 600, rtol=0.001) and "Großmutter".encode() in photo.exif
    tags = exiftool(tmp_path / f"colour{suffix}")
    assert tags["XMP-iptcExt:DigitalSourceType"] == SOURCE_TYPE and tags["IFD0:Artist"] == "Großmutter"
    assert not [tag for tag in tags if "Warning" in tag or "Error" in tag]
    if suffix == ".tif":
        assert tags["IFD0:XResolution"] == 600 and tags["ICC_Profile:ProfileDescription"].startswith("sRGB")


def test_the_location_is_kept_only_on_request(tmp_path):
    exif = Image.Exif()
    exif.get_ifd(0x8825).update({1: "N", 2: (52.0, 31.0, 0.0)})
    exif.get_ifd(0x8769)[0x9003] = "1935:06:01 12:00:00"
    Image.fromarray(noise(20, 30, 8)).save(tmp_path / "photo.jpg", exif=exif)
    photo = open_photo(tmp_path / "photo.jpg")
    pixels = noise(20, 30, 16)
    for keep in (False, True):
        save_strips([pixels], 20, 30, tmp_path / "a.tif", BY, photo.exif, bits=16, keep_location=keep)
        again = Image.open(tmp_path / "a.tif").getexif()
        assert bool(again.get_ifd(0x8825)) == keep and again.get_ifd(0x8769)[0x9003] == "1935:06:01 12:00:00"
        kept = open_photo(tmp_path / "a.tif").exif
        assert (b"1935:06:01" in kept) and (b"N\0\0\0" in kept) == keep


def test_a_result_saves_sixteen_bits_where_the_photo_or_the_format_has_them(colourize, tmp_path, scanned, colourful):
    deep = colourize(scanned, [HINT])
    shallow = colourize(colourful, [HINT])
    for result, suffix, bits in [
        (deep, "tif", 16), (shallow, "tif", 16), (deep, "png", 16), (shallow, "png", 8), (deep, "jpg", 8),
    ]:  # fmt: skip
        for network in ("gan", "baseline"):
            result.save(tmp_path / f"a.{suffix}", network)
            photo = open_photo(tmp_path / f"a.{suffix}")
            assert photo.bits == bits and photo.provenance.network == network
            assert np.abs(photo.rgb.astype(int) - np.asarray(getattr(result, network))).max() <= (
                20 if suffix == "jpg" else 4
            )


def test_a_grey_ramp_keeps_its_lightness_in_sixteen_bits(colourize, tmp_path):
    steps, error = lightness_error(tmp_path)
    assert error < 1 and steps > 60_000


def test_colour_file_gives_the_picture_that_colouring_in_memory_gives(colourize, tmp_path, colourful):
    Image.fromarray(colourful).save(tmp_path / "photo.png")
    shares = []
    told = colourize.colour_file(tmp_path / "photo.png", tmp_path / "a.png", [HINT], progress=shares.append)
    result = colourize(colourful, [HINT])
    photo = open_photo(tmp_path / "a.png")
    assert np.array_equal(photo.pixels, result.gan) and photo.provenance == told.provenance == result.provenance["gan"]
    assert (told.width, told.height, told.bits) == (64, 48, 8) and shares[-1] == 1.0 and shares == sorted(shares)
    assert told.normalized_loss == pytest.approx(result.normalized_loss["gan"]) and told.no_loss_because == ""
    again = colourize.colour_file(tmp_path / "a.png", tmp_path / "b.tif", network="baseline")
    assert again.provenance.hints == (HINT,) and again.bits == 16 and again.normalized_loss is None
    assert again.remarks == ("a.png was saved by ColourU: its own hints, 1 of them, are used again.",)


def test_colouring_in_strips_gives_the_picture_that_colouring_in_memory_gives(colourize, tmp_path, monkeypatch):
    y, x = np.mgrid[0:700, 0:500]
    smooth = (30_000 + 20_000 * np.sin(x / 40) * np.cos(y / 60)).astype(np.uint16)
    tifffile.imwrite(tmp_path / "scan.tif", smooth, rowsperstrip=16, compression="zlib", metadata=None)
    colourize.colour_file(tmp_path / "scan.tif", tmp_path / "memory.tif", [HINT])
    monkeypatch.setattr("colouru.images.pixels.BAND_PIXELS", 20_000)
    canvas = colourize.open(open_photo(tmp_path / "scan.tif", max_bytes_in_memory=0))
    canvas.save(tmp_path / "strips.tif", [HINT])
    memory, strips = (tifffile.imread(tmp_path / name).astype(int) for name in ("memory.tif", "strips.tif"))
    assert np.abs(memory - strips).max() < 300 and np.abs(memory - strips).mean() < 10


def test_an_invalid_target_is_refused_before_the_photo_is_opened(colourize, tmp_path):
    with pytest.raises(ValueError, match="a.gif cannot be saved: its name must end in .png, .jpg, .webp or .tif"):
        colourize.colour_file(tmp_path / "none.tif", tmp_path / "a.gif")
    with pytest.raises(ValueError, match="expected the network baseline or gan, got 'both'"):
        colourize.colour_file(tmp_path / "none.tif", tmp_path / "a.tif", network="both")
    with pytest.raises(ValueError, match="at most 0.001 megapixels"):
        Image.new("L", (100, 100)).save(tmp_path / "photo.png")
        colourize.colour_file(tmp_path / "photo.png", tmp_path / "a.tif", max_megapixels=0.001)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["photo.png"]
