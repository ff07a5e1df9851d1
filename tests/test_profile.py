"""Colour profiles are applied, with sixteen bits kept."""

import io
import struct
import sys

import numpy as np
import pytest
import tifffile
from PIL import Image, ImageCms

from colouru.images.photo import open_photo
from tests.image_files import (
    COLOURS,
    RAMP,
    encode_srgb,
    gamma_curve,
    grey_profile,
    icc_profile,
    mean_error,
    read_pixels,
    write_tiff,
)


def rgb_profile(gamma: float) -> bytes:
    """The curves and the matrix of Adobe RGB (1998)."""
    columns = [(0.60974, 0.31111, 0.01947), (0.20528, 0.62567, 0.06087), (0.14919, 0.06322, 0.74457)]
    parts = [(b"desc", b"desc\0\0\0\0" + struct.pack(">I", 4) + b"rgb\0" + bytes(78))]
    parts += [(b"wtpt", b"XYZ \0\0\0\0" + struct.pack(">3i", 63_190, 65_536, 54_061))]
    for name, column in zip((b"r", b"g", b"b"), columns, strict=True):
        fixed = struct.pack(">3i", *(round(v * 65_536) for v in column))
        parts += [(name + b"XYZ", b"XYZ \0\0\0\0" + fixed), (name + b"TRC", gamma_curve(gamma))]
    return icc_profile(b"RGB ", b"XYZ ", parts)


def table_profile() -> bytes:
    """A profile with a table from RGB to CIELAB instead of curves, as profiles measured from scanners have."""
    corners = [(0, 0, 0), (30, 60, -90), (85, -80, 70), (90, -40, -10)]
    corners += [(50, 70, 60), (60, 90, -55), (95, -15, 85), (100, 0, 0)]
    table = [round(v) for L, a, b in corners for v in (L * 652.8, (a + 128) * 256, (b + 128) * 256)]
    identity = struct.pack(">9i", *[65_536 * (place % 4 == 0) for place in range(9)])
    ramps = struct.pack(">6H", *[0, 65_535] * 3)
    content = b"mft2\0\0\0\0" + bytes([3, 3, 2, 0]) + identity + struct.pack(">2H", 2, 2)
    content += ramps + struct.pack(">24H", *table) + ramps
    description = b"desc\0\0\0\0" + struct.pack(">I", 4) + b"rgb\0" + bytes(78)
    white = b"XYZ \0\0\0\0" + struct.pack(">3i", 63_190, 65_536, 54_061)
    return icc_profile(b"RGB ", b"Lab ", [(b"desc", description), (b"wtpt", white), (b"A2B0", content)])


def test_a_linear_scan_keeps_its_shadows_with_a_profile_of_gamma_one(tmp_path):
    path = write_tiff(tmp_path / "a.tif", RAMP, iccprofile=grey_profile(gamma_curve(1)))
    assert mean_error(read_pixels(path), encode_srgb(RAMP / 65_535)) < 0.51
    shadows = write_tiff(tmp_path / "shadows.tif", np.append(np.arange(512), [65_535]).astype(np.uint16)[None])
    dark = write_tiff(tmp_path / "dark.tif", tifffile.imread(shadows), iccprofile=grey_profile(gamma_curve(1)))
    assert len(np.unique(read_pixels(dark))) == 513


@pytest.mark.parametrize(
    "curve, luminance",
    [
        (gamma_curve(2.2), lambda x: x ** (round(2.2 * 256) / 256)),
        (gamma_curve(1.8), lambda x: x ** (round(1.8 * 256) / 256)),
        (b"curv" + bytes(8), lambda x: x),
        (
            b"curv\0\0\0\0" + struct.pack(">I", 3) + struct.pack(">3H", 0, 10_000, 65_535),
            lambda x: np.interp(x, [0, 0.5, 1], [0, 10_000 / 65_535, 1]),
        ),
        (b"para\0\0\0\0" + struct.pack(">HHi", 0, 0, 2 << 16), lambda x: x**2),
    ],
    ids=["gamma 2.2", "gamma 1.8", "linear", "table, as of dot gain", "formula"],
)
def test_a_greyscale_profile_keeps_every_step_and_one_channel(tmp_path, curve, luminance):
    every = np.arange(65_536, dtype=np.uint16).reshape(256, 256)
    path = write_tiff(tmp_path / "a.tif", every, iccprofile=grey_profile(curve))
    photo = open_photo(path)
    assert mean_error(photo.pixels, encode_srgb(luminance(every / 65_535))) < 0.51 and not photo.remarks


def test_the_curve_of_a_greyscale_profile_in_lab_gives_lightness(tmp_path):
    path = write_tiff(tmp_path / "a.tif", RAMP, iccprofile=grey_profile(b"curv" + bytes(8), b"Lab "))
    middle = np.abs(RAMP / 65_535 - 0.5).argmin()
    # L* of 50 is sRGB 118.9.
    assert abs(read_pixels(path).ravel()[middle] / 257 - 118.9) < 0.2


def test_a_matrix_profile_gives_the_colours_of_little_cms_in_sixteen_bits(tmp_path):
    profile = rgb_profile(2.2)
    muted = COLOURS // 3 + 20_000
    path = write_tiff(tmp_path / "a.tif", muted, iccprofile=profile)
    found = read_pixels(path)
    eight = Image.fromarray((muted / 257).round().astype(np.uint8))
    engine = ImageCms.profileToProfile(
        eight, ImageCms.ImageCmsProfile(io.BytesIO(profile)), ImageCms.createProfile("sRGB"), outputMode="RGB"
    )
    # Its eight bits are coarse in the shadows.
    light = np.asarray(engine) > 40
    assert np.abs(found / 257 - engine)[light].max() < 3
    greys = np.repeat(np.arange(65_536, dtype=np.uint16).reshape(256, 256, 1), 3, axis=2)
    path = write_tiff(tmp_path / "b.tif", greys, iccprofile=profile)
    tone = round(2.2 * 256) / 256
    assert mean_error(read_pixels(path), encode_srgb((greys / 65_535) ** tone)) < 8


def test_a_table_profile_keeps_sixteen_bits_with_pyvips_and_a_remark_says_if_it_is_missing(tmp_path, monkeypatch):
    pytest.importorskip("pyvips")
    path = write_tiff(tmp_path / "a.tif", COLOURS, iccprofile=table_profile())
    deep = open_photo(path)
    assert deep.remarks == () and len(np.unique(deep.pixels)) > 1500
    monkeypatch.setitem(sys.modules, "pyvips", None)
    shallow = open_photo(path)
    assert "was applied with 8 bits a channel; to keep 16, install" in shallow.remarks[0]
    assert mean_error(deep.pixels, shallow.pixels) < 257


def test_a_profile_of_srgb_changes_nothing(tmp_path):
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    path = write_tiff(tmp_path / "a.tif", COLOURS, iccprofile=profile)
    assert np.array_equal(read_pixels(path), COLOURS) and not open_photo(path).remarks


@pytest.mark.parametrize(
    "profile", [b"no profile", grey_profile(gamma_curve(1))[:150], grey_profile(b"curv" + b"\xff" * 8)]
)
def test_a_scan_with_an_unusable_profile_opens_with_a_remark(tmp_path, profile):
    photo = open_photo(write_tiff(tmp_path / "a.tif", RAMP, iccprofile=profile))
    assert np.array_equal(photo.pixels, RAMP) and "colour profile cannot be used" in photo.remarks[0]
