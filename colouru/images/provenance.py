"""Where a picture's colours come from, written into the picture itself and read back from it.

The network that coloured it, its weights, and the hints of a person with their notes travel as XMP (ISO 16684-1), which
PNG, JPEG, WebP and TIFF all hold and other programs show and keep. What is read is not trusted: it is a stranger's
file. Knows nothing of how colours are made.
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

# The term of IPTC's vocabulary for a picture that a machine has added to a photograph.
SOURCE_TYPE = "http://cv.iptc.org/newscodes/digitalsourcetype/compositeWithTrainedAlgorithmicMedia"

# Only a name, and one that nobody can own.
NAMESPACE = "http://colouru.invalid/provenance/1.0/"

PNG_KEYWORD = "ColourU hints"

MAX_XMP_BYTES = 16 << 20
MAX_ALBUM = 1_000_000_000

# JPEG holds XMP in segments; what does not fit into one goes into further ones (XMP part 3, section 1.1.3.1).
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
    """Who gave a picture its colours.

    Attributes:
        hints: the colours that a person supplied.
        network: "baseline" or "gan".
        model: the weights: "embedded", "user/name@commit" or the name of a folder.
        sha256: of the weights, 64 hexadecimal digits.
        version: of ColourU.
        saturation: by how much the chroma was multiplied afterwards, from 0 to 10.
        album: how many other photos there were whose hints it followed, besides its own.

    Raises:
        ValueError: if a value is not of this kind.
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


def jpeg_segments(provenance: Provenance) -> bytes:
    """The XMP packet as a JPEG has it."""
    whole = packet(provenance)
    if len(XMP_SEGMENT + whole) <= MAX_SEGMENT:
        return _segment(XMP_SEGMENT + whole)
    hints = _xmp({f"colouru:{name}": value for name, value in _fields(provenance).items() if name == "Hints"}).encode()
    guid = hashlib.md5(hints, usedforsecurity=False).hexdigest().upper()
    segments = [_segment(XMP_SEGMENT + packet(provenance, extension=guid))]
    room = MAX_SEGMENT - len(EXTENSION_SEGMENT) - 40
    for start in range(0, len(hints), room):
        place = guid.encode() + struct.pack(">II", len(hints), start)
        segments.append(_segment(EXTENSION_SEGMENT + place + hints[start : start + room]))
    return b"".join(segments)


def _segment(content: bytes) -> bytes:
    return b"\xff\xe1" + struct.pack(">H", 2 + len(content)) + content


def packet(provenance: Provenance, extension: str = "") -> bytes:
    """The XMP packet (ISO 16684-1) to be written; with `extension`, the name of where the hints are, without them."""
    properties = {
        "Iptc4xmpExt:DigitalSourceType": SOURCE_TYPE,
        "xmp:CreatorTool": f"ColourU {provenance.version}",
        **{f"colouru:{name}": value for name, value in _fields(provenance).items()},
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


def _fields(provenance: Provenance) -> dict[str, str]:
    """What our own namespace holds."""
    return {
        "Network": provenance.network,
        "Model": _writable(provenance.model),
        "Sha256": provenance.sha256,
        "Version": _writable(provenance.version),
        "Saturation": repr(provenance.saturation),
        "Album": str(provenance.album),
        "Hints": hints_text(provenance),
    }


def hints_text(provenance: Provenance) -> str:
    """The hints as JSON without the characters that XML cannot hold; JSON has another way to write those."""
    text = hints_to_json(provenance.hints)
    return re.sub("[\ud800-\udfff\ufffe\uffff]", lambda found: f"\\u{ord(found[0]):04x}", text)


def _writable(text: str) -> str:
    return re.sub("[^\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]", "?", text)


def read_provenance(picture: Image.Image) -> Provenance | None:
    """What was written into the file that `picture` was opened from; None where ColourU wrote nothing.

    Raises:
        ValueError: if ColourU did, and it is damaged, too long or no longer whole; the message says which.
    """
    packet = picture.info.get("xmp")
    segments = [content for _, content in getattr(picture, "applist", [])]
    return provenance_in(packet, segments) if isinstance(packet, bytes) else None


def provenance_in(packet: bytes, segments: Sequence[bytes] = ()) -> Provenance | None:
    """The same of the XMP of a file, and of the segments of a JPEG, in which the rest of it may be."""
    if NAMESPACE.encode() not in packet:
        return None
    found = _properties(packet)
    if guid := found.pop("HasExtendedXMP", None):
        found |= _properties(_extension(segments, guid))
    # Pictures of before there were albums say nothing of them.
    found.setdefault("Album", "0")
    names = {field.name.capitalize(): field.name for field in dataclasses.fields(Provenance)}
    if missing := sorted(names.keys() - found.keys()):
        raise ValueError(f"it lacks {' and '.join(missing)}")
    values: dict[str, Any] = {name: found[key] for key, name in names.items()}
    values["hints"] = tuple(hints_from_json(values["hints"]))
    # No number that was written is longer, and what is none is quoted in the message.
    values["saturation"] = float(values["saturation"][:40])
    values["album"] = int(values["album"][:40])
    return Provenance(**values)


def _extension(segments: Sequence[bytes], guid: str) -> bytes:
    """The part of the XMP of a JPEG that did not fit into the first segment.

    Raises:
        ValueError: if it is not there as a whole.
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


def _properties(packet: bytes) -> dict[str, str]:
    """The simple properties of our namespace, and the name of the extension, by their names in the XMP.

    Programs that rewrite XMP may turn elements into attributes.

    Raises:
        ValueError: if it is no XML, longer than `MAX_XMP_BYTES`, or defines entities of its own.
    """
    if len(packet) > MAX_XMP_BYTES:
        raise ValueError(f"it takes {len(packet):,} bytes; at most {MAX_XMP_BYTES:,} are read")
    found: dict[str, str] = {}
    text: list[str] = []

    def own(name: str) -> str | None:
        namespace, _, local = name.rpartition(" ")
        return local if namespace == NAMESPACE or name == f"{XMP_NOTE} HasExtendedXMP" else None

    def start(name: str, attributes: dict[str, str]) -> None:
        text.clear()
        found.update({local: value for key, value in attributes.items() if (local := own(key))})

    def end(name: str) -> None:
        if local := own(name):
            found[local] = "".join(text)
        text.clear()

    def refuse(*_: Any) -> None:
        raise ValueError("it has a document type, which XMP has not")

    # XMP in a picture is always UTF-8; for another encoding Python would be asked, by a name that a stranger chose.
    parser = expat.ParserCreate("utf-8", namespace_separator=" ")
    parser.buffer_text = True
    parser.StartElementHandler, parser.EndElementHandler = start, end
    parser.CharacterDataHandler = text.append
    # Entities that name each other would grow without end; they need a document type.
    parser.StartDoctypeDeclHandler = refuse
    try:
        parser.Parse(packet.rstrip(b"\0"), True)
    except expat.ExpatError as error:
        raise ValueError(f"it is no XML: {error}") from None
    return found
