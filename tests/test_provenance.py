"""A saved picture says where its colours come from, other programs can read it, and hostile XMP does no harm."""

import io
import json
import struct

import numpy as np
import pytest
from PIL import Image, PngImagePlugin

from colouru import Hint, __version__, pipeline
from colouru.images.photo import open_photo
from colouru.images.provenance import (
    EXTENSION_SEGMENT,
    MAX_XMP_BYTES,
    NAMESPACE,
    PNG_KEYWORD,
    SOURCE_TYPE,
    Provenance,
    read_provenance,
)
from colouru.images.saving import picture_format, save_picture

SUFFIXES = (".png", ".jpg", ".webp", ".tif")
NOTES = (
    "uniform, from the regimental museum",
    'Großmutter\'s "Sunday" dress, 日本 🌻',
    "]]> </colouru:Hints> &amp; <!-- -- > <b>",
    "line\r\nline\ttab\x00\x7f\x85\u2028",
    "\ud800 \ufffe \uffff",
    "x" * 2000,
)


def provenance(hints=(), **values) -> Provenance:
    standard = {"network": "gan", "model": "embedded", "sha256": "0a" * 32, "version": __version__}
    return Provenance(tuple(hints), **standard | values)


def some_hints(number: int) -> list[Hint]:
    """Hints whose numbers have as many digits as floats can have."""
    random = np.random.default_rng(0)
    return [
        Hint(x=x, y=y, size=size, colour=f"#{round(colour * 0xFFFFFF):06x}", note="" if i % 3 else f"note {i}, ü")
        for i, (x, y, size, colour) in enumerate(random.uniform(1e-6, 1, (number, 4)).tolist())
    ]


@pytest.fixture
def picture(colourful) -> Image.Image:
    return Image.fromarray(colourful)


@pytest.mark.parametrize("suffix", SUFFIXES)
@pytest.mark.parametrize(
    "hints",
    [
        [],
        [Hint(x=0.1 + 0.2, y=1 / 3, colour="#C68642", size=1e-6, note=note) for note in NOTES],
        some_hints(10_000),
    ],
    ids=["none", "notes", "ten thousand"],
)
def test_a_saved_picture_gives_back_every_hint_bit_for_bit(tmp_path, picture, suffix, hints):
    written = provenance(hints, network="baseline", model="user/name@" + "f" * 40, saturation=0.1 + 0.2)
    save_picture(picture, tmp_path / f"colour{suffix}", written)
    photo = open_photo(tmp_path / f"colour{suffix}")
    assert photo.provenance == written and photo.provenance.hints == tuple(hints) and photo.remarks == ()
    assert photo.thumbnail(8).provenance == written


def test_a_png_has_the_exact_pixels_and_the_hints_as_text(tmp_path, picture):
    hints = [Hint(x=0.5, y=0.5, colour="#d02020", note="Großmutter's dress")]
    save_picture(picture, tmp_path / "colour.png", provenance(hints))
    with Image.open(tmp_path / "colour.png") as saved:
        assert np.array_equal(saved, picture)
        assert json.loads(saved.text[PNG_KEYWORD]) == [hint.to_dict() for hint in hints]


def test_metadata_of_the_source_picture_is_not_written(tmp_path, picture):
    picture.info = {"icc_profile": b"stale", "comment": b"private", "exif": b"private", "dpi": (1, 1)}
    for suffix in SUFFIXES:
        save_picture(picture, tmp_path / f"colour{suffix}", provenance())
        with Image.open(tmp_path / f"colour{suffix}") as saved:
            # A TIFF has the profile of sRGB, and one inch a pixel is what Pillow makes of none.
            own = {".tif": {"icc_profile", "dpi"}}.get(suffix, set())
            assert not saved.info.keys() & {"icc_profile", "comment", "exif", "dpi"} - own
        content = (tmp_path / f"colour{suffix}").read_bytes()
        assert b"stale" not in content and b"private" not in content


def test_other_suffixes_are_refused_and_the_allowed_ones_named(tmp_path, picture):
    assert [picture_format(name) for name in ("a.PNG", "b.jpeg", "c.d.webp", "e.TIFF")] == [
        "PNG",
        "JPEG",
        "WEBP",
        "TIFF",
    ]
    for name in ("colour.gif", "colour"):
        with pytest.raises(
            ValueError, match=rf"{name} cannot be saved: its name must end in .png, .jpg, .webp or .tif"
        ):
            save_picture(picture, tmp_path / name, provenance())


@pytest.mark.parametrize("name, side", [("long.webp", 16_384), ("long.jpg", 65_501)])
def test_a_picture_longer_than_its_format_allows_is_a_sentence(tmp_path, name, side):
    with pytest.raises(ValueError, match=f"the picture is {side} x 1, and .* pixels a side; save it as .png"):
        save_picture(Image.new("RGB", (side, 1)), tmp_path / name, provenance())
    save_picture(Image.new("RGB", (side - 1, 1)), tmp_path / name, provenance())


def test_a_save_that_fails_leaves_the_old_picture_and_nothing_else(tmp_path, picture, monkeypatch):
    path = tmp_path / "colour.png"
    save_picture(picture, path, provenance())
    before = path.read_bytes()

    def full(*_, **__):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("colouru.images.saving.write_png", full)
    with pytest.raises(OSError, match="No space left"):
        save_picture(picture, path, provenance(some_hints(3)))
    assert path.read_bytes() == before and [file.name for file in tmp_path.iterdir()] == ["colour.png"]


def test_notes_that_are_too_long_are_refused_before_they_are_written(tmp_path, picture):
    hints = [Hint(x=0.5, y=0.5, colour="#d02020", note="x" * 2000)] * 9_000
    with pytest.raises(ValueError, match=f"at most {MAX_XMP_BYTES:,}"):
        save_picture(picture, tmp_path / "colour.jpg", provenance(hints))
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    "values, message",
    [
        ({"network": "unet"}, "expected the network baseline or gan, got 'unet'"),
        ({"model": ""}, "expected a model of at most 300 characters"),
        ({"sha256": "0A" * 32}, "expected a sha256 of 64 hexadecimal digits"),
        ({"version": "1" * 301}, "expected a version of at most 300 characters"),
        ({"saturation": float("nan")}, "expected a saturation from 0 to 10, got nan"),
        ({"saturation": -1}, "expected a saturation from 0 to 10, got -1"),
        ({"hints": (3,)}, "hint 1: a hint must be an object"),
    ],
)
def test_invalid_provenance_is_refused(values, message):
    with pytest.raises(ValueError, match=message):
        provenance(**values)


def packet(properties: str = "", start: str = "") -> bytes:
    """XMP as `save_picture` writes it, with other `properties`."""
    return f"""{start}<x:xmpmeta xmlns:x="adobe:ns:meta/">
        <rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">
        <rdf:Description rdf:about="" xmlns:c="{NAMESPACE}">{properties}</rdf:Description>
        </rdf:RDF></x:xmpmeta>""".encode()


def ours(**changes: str) -> str:
    values = {"Network": "gan", "Model": "embedded", "Sha256": "0a" * 32, "Version": "0.1.0", "Saturation": "1.0"}
    return "".join(f"<c:{name}>{value}</c:{name}>" for name, value in (values | {"Hints": "[]"} | changes).items())


def photo_with(xmp: bytes, path) -> Image.Image:
    text = PngImagePlugin.PngInfo()
    text.add(b"iTXt", b"XML:com.adobe.xmp\0\0\0\0\0" + xmp)
    Image.new("RGB", (4, 4), "red").save(path, pnginfo=text)
    return open_photo(path)


def test_xmp_that_was_rewritten_as_attributes_is_read(tmp_path):
    hints = "[{'x': 0.5, 'y': 0.5, 'colour': '#d02020'}]".replace("'", "&quot;")
    values = {"Network": "gan", "Model": "embedded", "Sha256": "0a" * 32, "Version": "0.1.0", "Saturation": "1.0"}
    attributes = " ".join(f'c:{name}="{value}"' for name, value in (values | {"Hints": hints}).items())
    xmp = packet().replace(b'rdf:about=""', attributes.encode())
    assert photo_with(xmp, tmp_path / "rewritten.png").provenance == provenance(
        [Hint(x=0.5, y=0.5, colour="#d02020")], version="0.1.0"
    )


def test_xmp_of_other_programs_gives_no_provenance(tmp_path):
    for xmp in (b"", b"no XML at all", b"<x:xmpmeta/>", b"<!DOCTYPE x>" + b"x" * 1000, b"\xff\xfe<\0x\0"):
        photo = photo_with(xmp, tmp_path / "photo.png")
        assert photo.provenance is None and photo.remarks == ()


LAUGHS = "<!DOCTYPE x [<!ENTITY a0 'ha'>" + "".join(f"<!ENTITY a{n} '{f'&a{n - 1};' * 10}'>" for n in range(1, 12))


@pytest.mark.parametrize(
    "xmp, reason",
    [
        (packet(ours(Hints="&a11;"), LAUGHS + "]>"), "it has a document type"),
        (packet(ours(Hints="&x;"), "<!DOCTYPE x [<!ENTITY x SYSTEM 'file:///etc/passwd'>]>"), "it has a document type"),
        (packet(ours(Hints="&x;")), "it is no XML: undefined entity"),
        (packet(ours())[:-9], "it is no XML"),
        (packet(ours()) + b" " * (50 << 20), "it takes 52,429,"),
        (packet("<c:Network>gan</c:Network>"), "it lacks Hints and Model and Saturation and Sha256 and Version"),
        (packet(ours(Network="oracle")), "expected the network baseline or gan, got 'oracle'"),
        (packet(ours(Sha256="../../etc")), "expected a sha256"),
        (packet(ours(Model="m" * 1_000_000)), "expected a model"),
        (packet(ours(Saturation="NaN")), "expected a saturation from 0 to 10, got nan"),
        (packet(ours(Saturation="9" * 1_000_000)), r"expected a saturation from 0 to 10, got 1e\+40"),
        (packet(ours(Saturation="much")), "could not convert string to float: 'much'"),
        (packet(ours(Hints="not JSON")), "the hints are not valid JSON"),
        (packet(ours(Hints="[" * 100_000)), "the hints are not valid JSON"),
        (packet(ours(Hints='{"x": 1}')), "the hints must be a JSON list"),
        (packet(ours(Hints='[{"x": NaN, "y": 0, "colour": "#d02020"}]')), "hint 1: a hint's x must be a number"),
        (packet(ours(Hints='[{"x": 2, "y": 0, "colour": "#d02020"}]')), "hint 1: a hint's x must lie inside"),
        (packet(ours(Hints='[{"x": 0, "y": 0, "colour": "red"}]')), "hint 1: a hint's colour must look like"),
        (packet(ours(Hints="[" + "0," * 1_000_000 + "0]")), "hint 1: a hint must be an object"),
        (packet("<c:d>" * 100_000), "it is no XML"),
        (packet(ours(Model="\x01")), "it is no XML"),
        (packet(ours(), "<?xml version='1.0' encoding='no-such-encoding'?>")[:-1], "it is no XML"),
        (packet(ours()).replace(b"embedded", b"\xff\xfe"), "it is no XML"),
    ],
)  # fmt: skip
def test_hostile_xmp_leaves_a_photo_and_a_remark(tmp_path, xmp, reason):
    photo = photo_with(xmp, tmp_path / "photo.png")
    assert photo.rgb[0, 0].tolist() == [255, 0, 0] and photo.provenance is None
    (remark,) = photo.remarks
    assert remark.startswith("photo.png: what ColourU once wrote into it cannot be used, so its hints are not restored")
    with Image.open(tmp_path / "photo.png") as opened, pytest.raises(ValueError, match=reason) as caught:
        opened.load()
        read_provenance(opened)
    assert len(remark) < 400 and "\n" not in remark and str(caught.value) in remark


def jpeg_with_extension(path, picture) -> bytes:
    save_picture(picture, path, provenance(some_hints(3000)))
    content = path.read_bytes()
    assert content.count(EXTENSION_SEGMENT) > 2
    return content


@pytest.mark.parametrize("damage", ["missing", "altered", "swapped name", "cut"])
def test_an_incomplete_extension_gives_no_provenance(tmp_path, picture, damage):
    path = tmp_path / "colour.jpg"
    content = jpeg_with_extension(path, picture)
    at = content.rindex(EXTENSION_SEGMENT)
    (length,) = struct.unpack(">H", content[at - 2 : at])
    content = {
        "missing": content[: at - 4] + content[at - 2 + length :],
        "altered": content[: at + 500] + b"#" + content[at + 501 :],
        "swapped name": content.replace(EXTENSION_SEGMENT, EXTENSION_SEGMENT[:-2] + b"m\0"),
        "cut": content[: at + 70] + b"\xff" * 8 + content[at + 78 :],
    }[damage]
    path.write_bytes(content)
    photo = open_photo(path)
    assert photo.provenance is None and "its hints are cut short" in photo.remarks[0]


def test_extension_segments_are_joined_by_offset_and_not_by_position(tmp_path, picture):
    path = tmp_path / "colour.jpg"
    content = jpeg_with_extension(path, picture)
    starts = [i - 4 for i in range(len(content)) if content.startswith(EXTENSION_SEGMENT, i)]
    ends = [start + 2 + struct.unpack_from(">H", content, start + 2)[0] for start in starts]
    pieces = [content[start:end] for start, end in zip(starts, ends, strict=True)]
    path.write_bytes(content[: starts[0]] + b"".join(reversed(pieces)) + content[ends[-1] :])
    assert open_photo(path).provenance == provenance(some_hints(3000))


RED = Hint(x=0.5, y=0.5, colour="#d02020", size=0.1, note="seen in the attic")


@pytest.fixture(scope="module")
def colourize(untrained_model):
    return pipeline(untrained_model, device="cpu")


def test_a_result_is_saved_with_its_provenance(colourize, tmp_path, colourful, untrained_model):
    result = colourize(colourful, [RED])
    for network in ("gan", "baseline"):
        result.save(tmp_path / f"{network}.png", network)
        photo = open_photo(tmp_path / f"{network}.png")
        assert np.array_equal(photo.rgb, getattr(result, network))
        assert photo.provenance == Provenance(
            (RED,), network, untrained_model.name, colourize.model.config.sha256, __version__
        )
    with pytest.raises(ValueError, match="expected the network baseline or gan, got 'both'"):
        result.save(tmp_path / "both.png", "both")


def test_the_path_of_a_local_model_is_not_written(colourize, tmp_path, colourful, untrained_model):
    colourize(colourful).save(tmp_path / "colour.png")
    assert str(untrained_model.parent).encode() not in (tmp_path / "colour.png").read_bytes()


def test_a_picture_that_colourU_coloured_has_no_original_to_compare_with(colourize, tmp_path, colourful):
    colourize(colourful, [RED]).save(tmp_path / "colour.png")
    result = colourize(tmp_path / "colour.png")
    assert result.normalized_loss == {"baseline": None, "gan": None}
    assert result.no_loss_because == ("ColourU gave this picture its colours, so there is no original to compare with.")


def test_a_saved_picture_can_be_coloured_again(colourize, tmp_path, colourful):
    first = colourize(colourful, [RED])
    first.save(tmp_path / "colour.png")
    photo = open_photo(tmp_path / "colour.png")
    again = colourize(photo, photo.provenance.hints)
    # Its lightness differs from the photo's by rounding to eight bits, which changes the predictions slightly.
    assert np.abs(np.asarray(again.gan).astype(int) - np.asarray(first.gan)).mean() < 2


@pytest.mark.parametrize("suffix", SUFFIXES)
@pytest.mark.parametrize("number", [5, 10_000])
def test_exiftool_reads_the_provenance(tmp_path, picture, suffix, number, exiftool):
    hints = [*some_hints(number - 1), Hint(x=0.5, y=0.5, colour="#d02020", note=NOTES[2])]
    save_picture(picture, tmp_path / f"colour{suffix}", provenance(hints, saturation=1.25))
    tags = exiftool(tmp_path / f"colour{suffix}")
    assert tags["XMP-iptcExt:DigitalSourceType"] == SOURCE_TYPE
    assert tags["XMP-xmp:CreatorTool"] == f"ColourU {__version__}"
    assert {name: tags[f"XMP-colouru:{name}"] for name in ("Network", "Model", "Sha256", "Version", "Saturation")} == {
        "Network": "gan",
        "Model": "embedded",
        "Sha256": "0a" * 32,
        "Version": __version__,
        "Saturation": 1.25,
    }
    assert json.loads(tags["XMP-colouru:Hints"]) == [hint.to_dict() for hint in hints]
    assert not [tag for tag in tags if "Warning" in tag or "Error" in tag]


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_provenance_survives_a_rewrite_by_exiftool(tmp_path, picture, suffix, exiftool):
    path = tmp_path / f"colour{suffix}"
    save_picture(picture, path, provenance([RED]))
    assert exiftool(path, "-XMP-dc:Title=Grandmother", "-EXIF:Artist=somebody")["XMP-dc:Title"] == "Grandmother"
    assert open_photo(path).provenance == provenance([RED])


def test_an_open_picture_is_read_as_its_file_is(tmp_path, picture):
    buffer = io.BytesIO()
    save_picture(picture, tmp_path / "colour.webp", provenance([RED]))
    buffer.write((tmp_path / "colour.webp").read_bytes())
    with Image.open(buffer) as opened:
        assert open_photo(opened).provenance == provenance([RED])
