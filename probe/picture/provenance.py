"""Where a picture says it comes from: the claim generator of a C2PA manifest, read by bounded search, never verified."""

from probe.picture import container

MANIFEST_BYTES = 1 << 20
"""No more of a manifest than this is searched."""
GENERATOR_CHARACTERS = 120
UNREAD = "C2PA"
"""What is said of a manifest whose generator was not found."""

CBOR_TEXT = 0x60
"""Major type 3 of RFC 8949: text; the low five bits are the length, or 24 and 25 for one and two bytes of it."""
KEYS = (b"\x6fclaim_generator", b"\x74claim_generator_info")
"""CBOR text keys of claims: the string of version 1, and the map (or array with one map) of version 2."""
NAME = b"\x64name"


def generator(data: bytes, format_: str) -> str:
    """The claim generator, `C2PA` where a manifest has none that is readable, "" where there is no manifest."""
    manifest = MANIFESTS[format_](data)
    if not manifest:
        return ""
    for key in KEYS:
        at = manifest.find(key)
        if at < 0:
            continue
        at += len(key)
        text = cbor_text(manifest, at)
        if not text:
            name = manifest.find(NAME, at, at + 64)
            text = cbor_text(manifest, name + len(NAME)) if name >= 0 else ""
        if text:
            return text
    return UNREAD


def cbor_text(data: bytes, at: int) -> str:
    """The CBOR text that begins at `at`, printable characters only and cut; "" where there is none."""
    if at >= len(data) or data[at] & 0xE0 != CBOR_TEXT:
        return ""
    length, at = data[at] & 0x1F, at + 1
    if length in (24, 25):
        width = length - 23
        length, at = int.from_bytes(data[at : at + width], "big"), at + width
    elif length > 25:
        return ""
    text = data[at : at + length].decode("utf-8", "replace")
    return "".join(character for character in text if character.isprintable())[:GENERATOR_CHARACTERS].strip()


def png_manifest(data: bytes) -> bytes:
    """The chunk `caBX`."""
    for kind, start, length in container.png_chunks(data):
        if kind == b"caBX":
            return data[start : start + min(length, MANIFEST_BYTES)]
    return b""


def jpeg_manifest(data: bytes) -> bytes:
    """The JUMBF boxes of all APP11 segments, put together.

    A segment begins with "JP", an instance and a sequence number (8 bytes in all) and the box's header
    of 8 bytes, which each later segment repeats (ISO/IEC 19566-5).
    """
    found = bytearray()
    for marker, start, length in container.jpeg_segments(data):
        if marker == 0xEB and data[start : start + 2] == b"JP" and len(found) < MANIFEST_BYTES:
            found += data[start + 16 : start + length]
    return bytes(found) if b"c2pa" in found else b""


def webp_manifest(data: bytes) -> bytes:
    """The RIFF chunk `C2PA`."""
    for kind, start, length in container.webp_chunks(data):
        if kind == b"C2PA":
            return data[start : start + min(length, MANIFEST_BYTES)]
    return b""


MANIFESTS = {"png": png_manifest, "jpeg": jpeg_manifest, "webp": webp_manifest}
