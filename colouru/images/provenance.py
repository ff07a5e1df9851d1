"""Writes into a picture where its colours come from, and reads it back.

The network that coloured it, its weights, and the person's hints with their notes are stored as XMP (ISO 16684-1).
PNG, JPEG, WebP and TIFF can all hold XMP, and other programs show and keep it. What is read is not trusted. This module
knows nothing of how pictures are coloured.
"""

import dataclasses
import hashlib
import re
import struct
from collections.abc import Sequence
from typing import Any
from xml.parsers import expat
from xml.sax.saxutils import escape

from PIL import Image

from colouru.colour import check_saturation
from colouru.hints import Hint, as_hints, hints_from_json, hints_to_json
from colouru.model import check_network

# IPTC's term for a photograph combined with content that a trained algorithm generated.
SOURCE_TYPE = "http://cv.iptc.org/newscodes/digitalsourcetype/compositeWithTrainedAlgorithmicMedia"

# An identifier, not an address. Nobody can register a domain that ends in .invalid.
NAMESPACE = "http://colouru.invalid/provenance/1.0/"

PNG_KEYWORD = "ColourU hints"

MAX_XMP_BYTES = 16 << 20
MAX_ALBUM = 1_000_000_000

# A number is never written with more characters. A longer one is cut before it is parsed and quoted in an error.
MAX_NUMBER_LENGTH = 40

# JPEG stores XMP in one segment. What does not fit goes into extension segments (XMP part 3, section 1.1.3.1).
XMP_SEGMENT = b"http://ns.adobe.com/xap/1.0/\0"
EXTENSION_SEGMENT = b"http://ns.adobe.com/xmp/extension/\0"
MAX_SEGMENT = 65_533
XMP_NOTE = "http://ns.adobe.com/xmp/note/"

PACKET = """<?xpacket begin="\ufeff" id="W5M0MpCehiHzreSzNTczkc9d"?>
{xmp}
<?xpacket end="r"?>"""

XMP = """<x:xmpmeta xmlns:x="adobe:ns:meta/">
 <rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">
  <rdf:Description rdf:about=""
    xmlns:Iptc4xmpExt="http://iptc.org/std/Iptc4xmpExt/2008-02-29/"
    xmlns:xmp="http://ns.adobe.com/xap/1.0/"
    xmlns:xmpNote="{note}"
    xmlns:colouru="{namespace}">
{properties}
  </rdf:Description>
 </rdf:RDF>
</x:xmpmeta>"""


@dataclasses.dataclass(frozen=True)
class Provenance:
    """Where the colours of a picture come from.

    Attributes:
        hints: the hints that a person gave.
        network: "baseline" or "gan".
        model: which weights: "embedded", "user/name@commit" or the name of a folder.
        sha256: of the weights, 64 hexadecimal digits.
        version: of ColourU.
        saturation: the factor by which the chroma was multiplied afterwards, from 0 to 10.
        album: the number of other photos whose hints were used too.

    Raises:
        ValueError: if a value is invalid.
    """

    hints: tuple[Hint, ...]
    network: str
    model: str
    sha256: str
    version: str
    saturation: float = 1.0
    album: int = 0

    def __post_init__(self) -> None:
        object.__setattr__(self, "hints", tuple(as_hints(self.hints)))
        check_network(self.network)
        for name in ("model", "version"):
            value = getattr(self, name)
            if not isinstance(value, str) or not 0 < len(value) <= 300:
                raise ValueError(f"expected a {name} of at most 300 characters, got {value!r:.60}")
        if not isinstance(self.sha256, str) or not re.fullmatch("[0-9a-f]{64}", self.sha256):
            raise ValueError(f"expected a sha256 of 64 hexadecimal digits, got {self.sha256!r:.60}")
        check_saturation(self.saturation, most=10)
        object.__setattr__(self, "saturation", float(self.saturation))
        if type(self.album) is not int or not 0 <= self.album <= MAX_ALBUM:
            raise ValueError(f"expected an album of 0 to {MAX_ALBUM:,} photos, got {self.album!r:.60}")


def xmp_jpeg_segments(provenance: Provenance) -> bytes:
    """The XMP packet as the APP1 segments of a JPEG: one, and extension segments if it does not fit."""
    whole = xmp_packet(provenance)
    if len(XMP_SEGMENT + whole) <= MAX_SEGMENT:
        return _segment(XMP_SEGMENT + whole)
    hints = _xmp({"colouru:Hints": hints_text(provenance)}).encode()
    guid = hashlib.md5(hints, usedforsecurity=False).hexdigest().upper()
    segments = [_segment(XMP_SEGMENT + xmp_packet(provenance, extension=guid))]
    # Before each part stand the identifier, 32 characters, and two numbers of four bytes.
    room = MAX_SEGMENT - len(EXTENSION_SEGMENT) - 40
    for start in range(0, len(hints), room):
        place = guid.encode() + struct.pack(">II", len(hints), start)
        segments.append(_segment(EXTENSION_SEGMENT + place + hints[start : start + room]))
    return b"".join(segments)


def _segment(content: bytes) -> bytes:
    return b"\xff\xe1" + struct.pack(">H", 2 + len(content)) + content


def xmp_packet(provenance: Provenance, extension: str = "") -> bytes:
    """The XMP packet. With `extension`, the identifier of extension segments, it leaves the hints to those.

    Raises:
        ValueError: if it is longer than `MAX_XMP_BYTES`.
    """
    properties = {
        "Iptc4xmpExt:DigitalSourceType": SOURCE_TYPE,
        "xmp:CreatorTool": f"ColourU {provenance.version}",
        **{f"colouru:{name}": value for name, value in _properties(provenance).items()},
    }
    if extension:
        del properties["colouru:Hints"]
        properties["xmpNote:HasExtendedXMP"] = extension
    whole = PACKET.format(xmp=_xmp(properties)).encode()
    if len(whole) > MAX_XMP_BYTES:
        raise ValueError(
            f"the hints and their notes take {len(whole):,} bytes; a picture keeps at most {MAX_XMP_BYTES:,}"
        )
    return whole


def _xmp(properties: dict[str, str]) -> str:
    lines = [f"   <{name}>{escape(value)}</{name}>" for name, value in properties.items()]
    return XMP.format(note=XMP_NOTE, namespace=NAMESPACE, properties="\n".join(lines))


def _properties(provenance: Provenance) -> dict[str, str]:
    """The properties in ColourU's namespace, by name."""
    return {
        "Network": provenance.network,
        "Model": _replace_invalid(provenance.model),
        "Sha256": provenance.sha256,
        "Version": _replace_invalid(provenance.version),
        "Saturation": repr(provenance.saturation),
        "Album": str(provenance.album),
        "Hints": hints_text(provenance),
    }


def hints_text(provenance: Provenance) -> str:
    """The hints as JSON. Characters that XML does not allow are escaped, as JSON permits."""
    text = hints_to_json(provenance.hints)
    return re.sub("[\ud800-\udfff\ufffe\uffff]", lambda found: f"\\u{ord(found[0]):04x}", text)


def _replace_invalid(text: str) -> str:
    """The text with characters that XML does not allow replaced by question marks."""
    return re.sub("[^\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]", "?", text)


def read_provenance(picture: Image.Image) -> Provenance | None:
    """The provenance in the file that `picture` was opened from; None if ColourU did not save it.

    Raises:
        ValueError: if the provenance is damaged, too long or incomplete; the message says which.
    """
    packet = picture.info.get("xmp")
    segments = [content for _, content in getattr(picture, "applist", [])]
    return provenance_from_xmp(packet, segments) if isinstance(packet, bytes) else None


def provenance_from_xmp(packet: bytes, segments: Sequence[bytes] = ()) -> Provenance | None:
    """The provenance in an XMP packet; None if ColourU did not write it.

    Args:
        packet: of any file.
        segments: the contents of all APP segments of a JPEG, which may hold the rest of the packet.

    Raises:
        ValueError: if the provenance is damaged, too long or incomplete; the message says which.
    """
    if NAMESPACE.encode() not in packet:
        return None
    found = _parse_xmp(packet)
    if guid := found.pop("HasExtendedXMP", None):
        found |= _parse_xmp(_join_extension(segments, guid))
    # Earlier versions did not write it.
    found.setdefault("Album", "0")
    names = {field.name.capitalize(): field.name for field in dataclasses.fields(Provenance)}
    if missing := sorted(names.keys() - found.keys()):
        raise ValueError(f"it lacks {' and '.join(missing)}")
    values: dict[str, Any] = {name: found[key] for key, name in names.items()}
    values["hints"] = tuple(hints_from_json(values["hints"]))
    values["saturation"] = float(values["saturation"][:MAX_NUMBER_LENGTH])
    values["album"] = int(values["album"][:MAX_NUMBER_LENGTH])
    return Provenance(**values)


def _join_extension(segments: Sequence[bytes], guid: str) -> bytes:
    """The part of a JPEG's XMP that is in extension segments.

    Raises:
        ValueError: if a part of it is missing or changed.
    """
    head = EXTENSION_SEGMENT + guid.encode(errors="replace")
    pieces = {}
    for content in segments:
        if content.startswith(head) and len(content) >= len(head) + 8:
            _, start = struct.unpack_from(">II", content, len(head))
            pieces[start] = content[len(head) + 8 :]
    whole = b"".join(pieces[start] for start in sorted(pieces))
    if hashlib.md5(whole, usedforsecurity=False).hexdigest().upper() != guid:
        raise ValueError("its hints are cut short")
    return whole


def _parse_xmp(packet: bytes) -> dict[str, str]:
    """The simple properties in ColourU's namespace, and HasExtendedXMP, by their local names.

    Elements and attributes are both read, because programs that rewrite XMP may turn one into the other.

    Raises:
        ValueError: if it is not XML, is longer than `MAX_XMP_BYTES`, or has a document type.
    """
    if len(packet) > MAX_XMP_BYTES:
        raise ValueError(f"it takes {len(packet):,} bytes; at most {MAX_XMP_BYTES:,} are read")
    found: dict[str, str] = {}
    text: list[str] = []

    def local_name(name: str) -> str | None:
        namespace, _, local = name.rpartition(" ")
        return local if namespace == NAMESPACE or name == f"{XMP_NOTE} HasExtendedXMP" else None

    def start(name: str, attributes: dict[str, str]) -> None:
        text.clear()
        found.update({local: value for key, value in attributes.items() if (local := local_name(key))})

    def end(name: str) -> None:
        if local := local_name(name):
            found[local] = "".join(text)
        text.clear()

    def refuse(*_: Any) -> None:
        raise ValueError("it has a document type, which XMP has not")

    # XMP in a picture is always UTF-8. Without this argument the file could choose any of Python's codecs.
    parser = expat.ParserCreate("utf-8", namespace_separator=" ")
    parser.buffer_text = True
    parser.StartElementHandler, parser.EndElementHandler = start, end
    parser.CharacterDataHandler = text.append
    # Nested entities could expand without limit ("billion laughs"). They can only be defined in a document type.
    parser.StartDoctypeDeclHandler = refuse
    try:
        parser.Parse(packet.rstrip(b"\0"), True)
    except expat.ExpatError as error:
        raise ValueError(f"it is no XML: {error}") from None
    return found
