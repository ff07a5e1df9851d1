"""Every picture that a person may open gives the right pixels or one clear sentence."""

import io
import struct
import zlib
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageCms

from colouru.images import pixels
from colouru.images.formats import READABLE_FORMATS
from colouru.images.limits import MAX_MEGAPIXELS
from colouru.images.photo import Photo, open_photo
from tests.image_files import mean_error, png_file, png_header, write_tiff


def saved(path: Path, picture: Image.Image, **options) -> Path:
    picture.save(path, **options)
    return path


def test_a_path_a_picture_and_an_array_give_the_same_photo(tmp_path, colourful):
    path = saved(tmp_path / "photo.png", Image.fromarray(colourful))
    for source in (path, str(path), Image.open(path), colourful, open_photo(path)):
        assert np.array_equal(open_photo(source).rgb, colourful)


def test_exif_rotation_is_applied(tmp_path, colourful):
    exif = Image.Exif()
    exif[0x0112] = 6  # rotate by 90 degrees clockwise
    path = saved(tmp_path / "phone.png", Image.fromarray(colourful), exif=exif)
    assert np.array_equal(open_photo(path).rgb, np.rot90(colourful, -1))


def test_cmyk_becomes_rgb(tmp_path):
    path = saved(tmp_path / "print.jpg", Image.new("CMYK", (8, 8), (0, 255, 255, 0)))
    red = open_photo(path).rgb[4, 4]
    assert red[0] > 200 and red[1] < 60 and red[2] < 60


def test_a_palette_becomes_its_colours(tmp_path):
    path = saved(tmp_path / "chart.png", Image.new("RGB", (8, 8), (10, 200, 30)).convert("P", palette=Image.ADAPTIVE))
    assert open_photo(path).rgb[0, 0].tolist() == [10, 200, 30]


@pytest.mark.parametrize("suffix", [".png", ".tif"])
def test_sixteen_bit_grey_keeps_its_range(tmp_path, suffix):
    ramp = np.linspace(0, 65535, 64).astype(np.uint16)[None].repeat(8, 0)
    rgb = open_photo(saved(tmp_path / f"scan{suffix}", Image.fromarray(ramp))).rgb
    assert rgb[0, 0].tolist() == [0, 0, 0] and rgb[0, -1].tolist() == [255, 255, 255]
    assert np.abs(rgb[0, :, 0] - np.linspace(0, 255, 64)).max() <= 1


def test_sixteen_bit_colour_keeps_its_range(tmp_path):
    row = b"\0" + struct.pack(">6H", 65535, 0, 32768, 257, 65535, 0)
    content = png_file(png_header(2, 1, 16, 2), (b"IDAT", zlib.compress(row)), (b"IEND", b""))
    (tmp_path / "deep.png").write_bytes(content)
    assert np.abs(open_photo(tmp_path / "deep.png").rgb[0].astype(int) - [[255, 0, 128], [1, 255, 0]]).max() <= 1


def test_transparent_places_become_white_and_a_remark_says_so(tmp_path):
    picture = Image.new("RGBA", (4, 2), (255, 0, 0, 255))
    picture.putpixel((0, 0), (255, 0, 0, 0))
    photo = open_photo(saved(tmp_path / "cut-out.png", picture))
    assert photo.rgb[0, 0].tolist() == [255, 255, 255] and photo.rgb[1, 1].tolist() == [255, 0, 0]
    assert "transparent" in photo.remarks[0]


def test_the_first_frame_of_an_animation_is_used_and_a_remark_says_so(tmp_path):
    frames = [Image.new("RGB", (8, 8), colour) for colour in ("red", "blue")]
    photo = open_photo(saved(tmp_path / "film.gif", frames[0], save_all=True, append_images=frames[1:]))
    assert photo.rgb[0, 0].tolist() == [255, 0, 0]
    assert photo.remarks == ("film.gif has 2 frames; the first is used.",)


@pytest.mark.parametrize("mode", ["L", "LA", "1", "RGB", "RGBA", "I", "F"])
def test_every_mode_of_pillow_opens_upright_and_eight_bit(mode):
    rgb = open_photo(Image.new("RGB", (5, 3), "white").convert(mode)).rgb
    assert rgb.shape == (3, 5, 3) and rgb.dtype == np.uint8


def test_a_colour_profile_is_converted_to_srgb(tmp_path):
    lab = ImageCms.ImageCmsProfile(ImageCms.createProfile("LAB")).tobytes()
    srgb = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    picture = Image.new("RGB", (4, 4), (200, 100, 50))
    same = open_photo(saved(tmp_path / "srgb.png", picture, icc_profile=srgb))
    assert np.abs(same.rgb[0, 0].astype(int) - [200, 100, 50]).max() <= 1 and not same.remarks
    # A profile of another colour space than the picture's cannot be used. The picture opens with a remark.
    other = open_photo(saved(tmp_path / "wrong.png", picture, icc_profile=lab))
    assert other.rgb[0, 0].tolist() == [200, 100, 50] and "colour profile" in other.remarks[0]


@pytest.mark.parametrize("size", [(1, 1), (1, 5000), (5000, 1)])
def test_the_smallest_and_the_longest_pictures_open(size):
    photo = open_photo(Image.new("L", size))
    assert (photo.width, photo.height) == size
    thumbnail = photo.thumbnail(64)
    assert max(thumbnail.width, thumbnail.height) <= 64 and min(thumbnail.width, thumbnail.height) >= 1


def test_a_thumbnail_is_never_larger_than_the_photo(colourful):
    photo = Photo(colourful)
    assert photo.thumbnail(1000) is photo


def jpeg_bytes(size: tuple[int, int] = (64, 64)) -> bytes:
    buffer = io.BytesIO()
    Image.effect_noise(size, 80).save(buffer, "JPEG")
    return buffer.getvalue()


def hollow_png(width: int, height: int) -> bytes:
    """A PNG file that claims a size but has no pixels."""
    return png_file(png_header(width, height, 8, 2), (b"IDAT", zlib.compress(b"\0")), (b"IEND", b""))


@pytest.mark.parametrize(
    "content, message",
    [
        (b"", "is empty"),
        (b"Dear diary, this is no picture.", "is not a picture that can be read"),
        (b"<svg xmlns='http://www.w3.org/2000/svg'/>", "is not a picture that can be read"),
        (jpeg_bytes()[:900], "is damaged or cut short"),
        (hollow_png(100, 100), "is damaged or cut short"),
        (hollow_png(10_000, 6_000), f"60 megapixels; at most {MAX_MEGAPIXELS} megapixels"),
        (hollow_png(10_001, 5_000), r"is 10001 x 5000, 50\.1 megapixels; at most 50 megapixels"),
        (hollow_png(60_000, 60_000), f"at most {MAX_MEGAPIXELS} megapixels"),
    ],
)
def test_a_file_that_is_no_photo_gives_one_clear_sentence(tmp_path, content, message):
    path = tmp_path / "photo.jpg"
    path.write_bytes(content)
    with pytest.raises(ValueError, match=message) as caught:
        open_photo(path)
    assert str(caught.value).startswith("photo.jpg") and "\n" not in str(caught.value)


@pytest.mark.filterwarnings("ignore:Corrupt EXIF data", "ignore:Truncated File Read")
@pytest.mark.parametrize("format", READABLE_FORMATS)
def test_every_truncated_file_gives_a_picture_or_one_sentence(tmp_path, format):
    buffer, several = io.BytesIO(), {"save_all": True} if format in ("GIF", "TIFF", "WEBP") else {}
    frames = [Image.effect_noise((24, 16), spread).convert("RGB") for spread in (20, 90)]
    frames[0].save(buffer, format, append_images=frames[1:], **several)
    content = buffer.getvalue()
    path = tmp_path / "cut.jpg"
    refused = 0
    for end in range(1, len(content), max(1, len(content) // 150)):
        path.write_bytes(content[:end])
        try:
            open_photo(path)
        except ValueError as error:
            assert str(error).startswith("cut.jpg")
            refused += 1
    assert refused > 20


def test_a_photo_from_a_phone_opens_with_its_colours(tmp_path):
    Image.new("RGB", (64, 48), (200, 120, 40)).save(tmp_path / "print.heic", "HEIF", quality=90)
    photo = open_photo(tmp_path / "print.heic")
    assert photo.rgb.shape == (48, 64, 3)
    assert np.abs(photo.rgb.astype(int) - (200, 120, 40)).max() <= 6


@pytest.mark.parametrize(
    "source, message",
    [
        ("no-such-photo.jpg", "there is no file no-such-photo.jpg"),
        (3, "expected a path, a PIL image or an array, got int"),
        (np.zeros((4, 4, 2), np.uint8), r"got \(4, 4, 2\), uint8"),
        (np.zeros((4, 4, 3)), r"got \(4, 4, 3\), float64"),
        (np.zeros((0, 4, 3), np.uint8), r"got \(0, 4, 3\), uint8"),
        (np.zeros((8, 7_000_000), np.uint8), "the array is 7000000 x 8, 56 megapixels"),
        (np.zeros((1, 70_000), np.uint8), "the array is 70000 x 1; at most 65535 pixels a side"),
    ],
)
def test_sources_that_are_no_photo_are_refused(source, message):
    with pytest.raises(ValueError, match=message):
        open_photo(source)


@pytest.mark.parametrize(
    "format, name",
    [
        ("TGA", "TGA"),
        ("DDS", "DDS"),
        ("ICO", "ICO"),
        ("ICNS", "ICNS"),
        ("PDF", "PDF"),
        ("EPS", "EPS"),
    ],
)
def test_known_formats_that_are_not_read_are_named(tmp_path, format, name):
    Image.new("RGB", (64, 64), "red").save(tmp_path / "photo", format)
    with pytest.raises(ValueError, match=f"photo is a .*{name}.*, a format that is not taken; save it as JPEG"):
        open_photo(tmp_path / "photo")


@pytest.mark.parametrize("start", [b"8BPS\0\2", b"\0\0\0\x18ftypheic", b"\xff\x0a\xfa"])
def test_known_formats_that_pillow_cannot_write_are_named(tmp_path, start):
    (tmp_path / "photo").write_bytes(start + bytes(100))
    with pytest.raises(ValueError, match="photo is a .*, a format that is not taken"):
        open_photo(tmp_path / "photo")


@pytest.mark.parametrize("content", [b"P6 8 x 255 ", b"P5 8 8 255 abc", jpeg_bytes()[:400], b"BM" + bytes(60)])
def test_the_error_for_a_damaged_file_does_not_quote_the_decoder(tmp_path, content):
    (tmp_path / "photo.jpg").write_bytes(content)
    with pytest.raises(ValueError) as caught:
        open_photo(tmp_path / "photo.jpg")
    assert str(caught.value) == "photo.jpg is damaged or cut short; try copying it again from where it came"


def test_sixteen_bits_become_eight_by_rounding():
    greys = np.arange(65_536, dtype=np.uint16).reshape(256, 256)
    rgb = open_photo(greys).rgb
    assert rgb.dtype == np.uint8 and np.abs(rgb[..., 0] - greys / 257).max() <= 0.5


def test_a_photo_too_large_for_memory_gives_the_same_thumbnail(tmp_path, monkeypatch):
    smooth = np.outer(np.linspace(0, 60_000, 900), np.linspace(0, 1, 700)).astype(np.uint16)
    path = write_tiff(tmp_path / "a.tif", smooth, rowsperstrip=16)
    whole = open_photo(path).thumbnail(64).pixels
    monkeypatch.setattr("colouru.images.photo.DOWNSCALED_SIDE", 300)
    monkeypatch.setattr(pixels, "BAND_PIXELS", 5000)
    photo = open_photo(path, max_bytes_in_memory=0)
    assert photo.downscaled.pixels.shape == (300, 234) and photo.thumbnail(64).pixels.dtype == np.uint16
    assert mean_error(photo.thumbnail(64).pixels, whole) < 60
    small = open_photo(smooth // 257 * np.uint16(257)).thumbnail(64).pixels
    assert mean_error(small, open_photo((smooth // 257).astype(np.uint8)).thumbnail(64).pixels * 257.0) < 257


def test_decompression_bombs_are_refused_and_the_limit_can_be_raised(tmp_path):
    path = write_tiff(tmp_path / "a.tif", np.zeros((8000, 8000), np.uint8), compression="zlib", rowsperstrip=100)
    with pytest.raises(ValueError, match="64 megapixels; at most 50 megapixels are taken"):
        open_photo(path)
    photo = open_photo(path, max_megapixels=100)
    assert photo.pixels.shape == (8000, 8000) and photo.thumbnail(10).pixels.max() == 0
    claims = [struct.pack("<HHII", 257, 4, 1, height) for height in (8000, 60_000)]
    (tmp_path / "bomb.tif").write_bytes(path.read_bytes().replace(*claims))
    with pytest.raises(ValueError, match="bytes and claims 480 megapixels, which no scan does"):
        open_photo(tmp_path / "bomb.tif", max_megapixels=1000)
