"""File formats: those that are read through Pillow, and names for some that are not read."""

from pathlib import Path

import pillow_heif
from PIL import Image

Image.init()
# HEIF is what phones save photos of prints in. Pillow cannot read it without this plugin.
pillow_heif.register_heif_opener(thumbnails=False)

# Only the formats that photographs come in. Every further decoder is more code that a malicious file can reach.
PHOTO_FORMATS = ("JPEG", "PNG", "WEBP", "TIFF", "GIF", "BMP", "PPM", "AVIF", "HEIF", "JPEG2000")
READABLE_FORMATS = [name for name in PHOTO_FORMATS if name in Image.OPEN]

# The first bytes of files of other formats. In formats made of boxes, such as HEIF, they start at the fifth byte.
UNSUPPORTED_SIGNATURES = {
    b"8BPS": "Photoshop file of the large kind (PSB)",
    b"DDS ": "DDS texture",
    b"%PDF": "PDF",
    b"%!PS": "PostScript file (EPS)",
    b"\0\0\1\0": "Windows icon (ICO)",
    b"icns": "Mac icon (ICNS)",
    b"qoif": "QOI picture",
    b"\xff\x0a": "JPEG XL picture",
    b"JXL ": "JPEG XL picture",
    b"ftypheic": "HEIC picture",
    b"ftypheix": "HEIC picture",
    b"ftypmif1": "HEIC picture",
    b"ftypavif": "AVIF picture",
}

# TGA files have no signature at the start. Since version 2 of the format they have one at the end.
TGA_FOOTER = b"TRUEVISION-XFILE.\0"


def describe_unreadable(path: Path) -> str:
    """What kind of file this is, if it is none of `READABLE_FORMATS`, as a part of a sentence."""
    with open(path, "rb") as file:
        start = file.read(16)
        file.seek(-min(len(TGA_FOOTER), path.stat().st_size), 2)
        end = file.read()
    for signature, kind in UNSUPPORTED_SIGNATURES.items():
        if start.startswith(signature) or start[4:].startswith(signature):
            return f"a {kind}, a format that is not taken"
    if end == TGA_FOOTER or path.suffix.lower() == ".tga":
        return "a TGA picture, a format that is not taken"
    return "not a picture that can be read"
