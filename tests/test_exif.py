"""The EXIF of a photo is copied to the coloured picture, without its location and its thumbnail."""

import io
import struct

import pytest
from PIL import Image, TiffImagePlugin

from colouru.images.exif import MAX_IFD_BYTES, exif_for_output, exif_from_pillow
from colouru.images.photo import open_photo
from colouru.images.provenance import Provenance
from colouru.images.saving import save_picture

SUFFIXES = (".png", ".jpg", ".webp")
NOBODY = Provenance((), "gan", "embedded", "0a" * 32, "0.1.0")

GPS, DETAILS, ORIENTATION, ARTIST, TAKEN = 0x8825, 0x8769, 0x0112, 0x013B, 0x9003


def some_exif(orientation: int = 6) -> Image.Exif:
    exif = Image.Exif()
    exif[ORIENTATION], exif[ARTIST] = orientation, "A. Nonymous"
    exif.get_ifd(DETAILS)[TAKEN] = "1912:04:15 02:20:00"
    exif.get_ifd(GPS)[1], exif.get_ifd(GPS)[2] = "N", (41.0, 43.0, 57.0)
    return exif


def reread(exif: bytes) -> Image.Exif:
    read = Image.Exif()
    read.load(exif)
    return read


@pytest.mark.parametrize("source", SUFFIXES)
@pytest.mark.parametrize("target", SUFFIXES)
def test_exif_is_copied_upright_and_without_the_location(tmp_path, colourful, source, target):
    Image.fromarray(colourful).save(tmp_path / f"photo{source}", exif=some_exif())
    photo = open_photo(tmp_path / f"photo{source}")
    assert (photo.width, photo.height) == (48, 64) and photo.thumbnail(8).exif == photo.exif
    for keep_location in (False, True):
        path = tmp_path / f"colour{target}"
        save_picture(Image.fromarray(photo.rgb), path, NOBODY, photo.exif, keep_location=keep_location)
        with Image.open(path) as saved:
            exif = saved.getexif()
            assert (exif[ORIENTATION], exif[ARTIST]) == (1, "A. Nonymous")
            assert exif.get_ifd(DETAILS)[TAKEN] == "1912:04:15 02:20:00"
            assert dict(exif.get_ifd(GPS)) == ({1: "N", 2: (41.0, 43.0, 57.0)} if keep_location else {})
        assert open_photo(path).rgb.shape == photo.rgb.shape


def test_a_photo_without_exif_gets_none(tmp_path, colourful):
    Image.fromarray(colourful).save(tmp_path / "photo.jpg")
    photo = open_photo(tmp_path / "photo.jpg")
    assert photo.exif == b"" == open_photo(colourful).exif
    for suffix in SUFFIXES:
        save_picture(Image.fromarray(photo.rgb), tmp_path / f"colour{suffix}", NOBODY, photo.exif)
        with Image.open(tmp_path / f"colour{suffix}") as saved:
            assert "exif" not in saved.info


def test_exif_behind_the_pixels_of_a_png_is_found(tmp_path, colourful):
    Image.fromarray(colourful).save(tmp_path / "photo.png", exif=some_exif(1))
    content = (tmp_path / "photo.png").read_bytes()
    start = content.index(b"eXIf") - 4
    end = start + 12 + struct.unpack_from(">I", content, start)[0]
    last = content.index(b"IEND") - 4
    (tmp_path / "photo.png").write_bytes(content[:start] + content[end:last] + content[start:end] + content[last:])
    assert reread(open_photo(tmp_path / "photo.png").exif)[ARTIST] == "A. Nonymous"


def test_tags_that_describe_only_the_tiff_file_are_dropped(tmp_path):
    info = TiffImagePlugin.ImageFileDirectory_v2()
    info[270], info[0xC000], info[700] = "A scan", b"private", b"<x:xmpmeta/>"
    path = tmp_path / "scan.tif"
    Image.effect_noise((300, 300), 50).save(path, tiffinfo=info, compression="tiff_lzw")
    assert dict(reread(open_photo(path).exif)) == {270: "A scan"}


def tiff(order: str, *entries: tuple[int, int, int, bytes], number: int | None = None) -> bytes:
    """EXIF with one IFD of these entries: tag, type, count, and four bytes of value or offset."""
    table = b"".join(struct.pack(order + "HHI", *entry[:3]) + entry[3] for entry in entries)
    head = (b"II*\0" if order == "<" else b"MM\0*") + struct.pack(order + "I", 8)
    return b"Exif\0\0" + head + struct.pack(order + "H", len(entries) if number is None else number) + table + bytes(4)


ARTIST_ENTRY = (ARTIST, 2, 4, b"Ada\0")


@pytest.mark.parametrize("order", "<>")
@pytest.mark.parametrize(
    "entry",
    [
        (DETAILS, 4, 1, struct.pack("=I", 8)),  # points to itself
        (DETAILS, 4, 1, b"\xff\xff\xff\x7f"),
        (DETAILS, 4, 2_000_000_000, b"\x08\0\0\0"),
        (GPS, 2, 4, b"text"),
        (0x010E, 2, 4_000_000_000, b"\0\0\0\0"),
        (0x010E, 12, 0x20000000, b"\0\0\0\0"),
        (0x010E, 2, 100, b"\xff\xff\xff\xff"),
        (0x010E, 99, 1, b"\0\0\0\0"),
        (0x010E, 2, 0, b"\0\0\0\0"),
    ],
)
def test_valid_entries_of_hostile_exif_are_kept(order, entry):
    assert reread(exif_for_output(tiff(order, entry, ARTIST_ENTRY), 8, 8, keep_location=True))[ARTIST] == "Ada"


@pytest.mark.parametrize(
    "exif",
    [
        b"",
        b"Exif\0\0",
        b"Exif\0\0II*\0",
        b"no EXIF at all",
        b"Exif\0\0II*\0\xff\xff\xff\xff",
        b"Exif\0\0II+\0\x08\0\0\0",
        tiff("<"),
        tiff("<", (0xC000, 1, 1, b"\1\0\0\0")),
    ],
)
def test_exif_with_nothing_to_keep_is_none(exif):
    assert exif_for_output(exif, 8, 8, keep_location=True) == b""


def test_a_truncated_ifd_keeps_its_entries():
    exif = exif_for_output(tiff("<", ARTIST_ENTRY, number=65_535), 8, 8, keep_location=True)
    assert reread(exif)[ARTIST] == "Ada"


def test_many_entries_on_the_same_bytes_stay_within_bounds():
    entries = [(tag, 7, 15_000, struct.pack("<I", 8)) for tag in range(0x9000, 0x9000 + 2000)]
    inner = tiff("<", *entries)[14:]
    outer = tiff("<", (DETAILS, 4, 1, struct.pack("<I", 26)), ARTIST_ENTRY)
    outer = outer[:-4].replace(struct.pack("<I", 26), struct.pack("<I", len(outer) - 6)) + bytes(4)
    exif = exif_for_output(outer + inner, 8, 8, keep_location=True)
    assert ARTIST in reread(exif) and 15_000 < len(exif) < 3 * MAX_IFD_BYTES


@pytest.mark.filterwarnings("ignore:Corrupt EXIF data")
def test_a_picture_with_an_odd_exif_still_opens_and_is_saved(tmp_path, colourful):
    for content in (b"Exif\0\0II*\0\x08\0\0\0\xff\xff", b"junk", tiff("<", (DETAILS, 4, 1, b"\xff\xff\xff\xff"))):
        Image.fromarray(colourful).save(tmp_path / "photo.jpg", exif=content)
        with Image.open(tmp_path / "photo.jpg") as picture:
            assert exif_from_pillow(picture) == b""


@pytest.fixture(params=[".jpg", ".tif"])
def camera_file(request, tmp_path, colourful, exiftool):
    """A photo with the tags that cameras and phones write, written by exiftool."""
    thumbnail = io.BytesIO()
    Image.fromarray(colourful).resize((16, 12)).save(thumbnail, "JPEG")
    (tmp_path / "thumbnail.jpg").write_bytes(thumbnail.getvalue())
    path = tmp_path / f"camera{request.param}"
    Image.fromarray(colourful).save(path)
    tags = {
        "IFD0:Artist": "Zoë © Großmann",
        "IFD0:Copyright": "© 1950 Zoë",
        "IFD0:ImageDescription": "日本 at dusk",
        "IFD0:XPTitle": "Zoë's title",
        "IFD0:Orientation#": "6",
        "IFD0:XResolution": "300",
        "ExifIFD:DateTimeOriginal": "1950:06:01 12:00:00",
        "ExifIFD:ExposureTime": "1/125",
        "ExifIFD:FNumber": "5.6",
        "ExifIFD:ShutterSpeedValue": "1/125",
        "ExifIFD:ExposureCompensation": "-0.33",
        "ExifIFD:LensInfo": "24 70 2.8 2.8",
        "ExifIFD:UserComment": "the museum's negative 日本",
        "ExifIFD:ColorSpace#": "65535",
        "ExifIFD:ExifImageWidth": "64",
        "ExifIFD:ExifImageHeight": "48",
        "GPS:GPSLatitude": "41.7325",
        "GPS:GPSLatitudeRef": "N",
        "GPS:GPSLongitude": "49.9469",
        "GPS:GPSLongitudeRef": "W",
    }
    changes = [f"-{name}={value}" for name, value in tags.items()]
    if request.param == ".jpg":
        changes.append(f"-ThumbnailImage<={tmp_path}/thumbnail.jpg")
    exiftool(path, *changes)
    return path


# Tags that describe how the pixels of a TIFF are laid out.
LAYOUT = {"ImageWidth", "ImageHeight", "BitsPerSample", "Compression", "PhotometricInterpretation", "StripOffsets"} | {
    "SamplesPerPixel", "RowsPerStrip", "StripByteCounts", "PlanarConfiguration", "YCbCrPositioning", "SampleFormat"
}  # fmt: skip


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_exiftool_finds_everything_but_the_location_and_the_thumbnail(camera_file, tmp_path, suffix, exiftool):
    before = exiftool(camera_file)
    assert before["GPS:GPSLatitude"] and (camera_file.suffix == ".tif" or before["IFD1:ThumbnailImage"])
    photo = open_photo(camera_file)
    for keep_location in (False, True):
        path = tmp_path / f"colour{suffix}"
        save_picture(Image.fromarray(photo.rgb), path, NOBODY, photo.exif, keep_location=keep_location)
        after = exiftool(path)
        for name, value in before.items():
            if name.startswith(("IFD0:", "ExifIFD:")) or (keep_location and name.startswith("GPS:")):
                expected = {
                    "IFD0:Orientation": "Horizontal (normal)",
                    "ExifIFD:ColorSpace": "sRGB",
                    "ExifIFD:ExifImageWidth": 48,
                    "ExifIFD:ExifImageHeight": 64,
                }.get(name, None if name.partition(":")[2] in LAYOUT else value)
                assert after.get(name) == expected, name
        assert ("GPS:GPSLatitude" in after) == keep_location
        assert not [name for name in after if name.startswith("IFD1") or "Warning" in name or "Error" in name]
