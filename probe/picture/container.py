"""The three picture containers an image API may answer with, read from their bytes alone, before any decoder runs."""

import dataclasses
import struct
import zlib
from collections.abc import Callable, Iterator, Mapping
from types import MappingProxyType

UNDECODABLE = "undecodable"
TRUNCATED = "truncated"

PNG_SIGNATURE = b"\x89PNG\r\n\x1a\n"
JPEG_SIGNATURE = b"\xff\xd8\xff"
JPEG_SIZE_MARKERS = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}
"""SOF0 to SOF15 without the tables that share the range (ITU-T T.81, table B.1)."""
JPEG_BARE_MARKERS = frozenset({0x01, *range(0xD0, 0xD8)})
"""Markers without a length: TEM and the restart markers."""
JPEG_SCAN_MARKER = 0xDA
JPEG_END = b"\xff\xd9"
PNG_RAW_BYTES_PER_PIXEL = 8
"""The most a pixel can take before compression: four channels of 16 bits."""
PNG_METADATA_BYTES = 1 << 20
"""Room for a chunk of metadata beside a tiny picture."""


@dataclasses.dataclass(frozen=True, slots=True)
class Header:
    """What the first bytes claim. Nothing is decoded yet."""

    format: str  # png, jpeg, webp
    width_px: int
    height_px: int


def sniff(data: bytes) -> str:
    """`png`, `jpeg` or `webp` by magic bytes; "" for everything else, which no decoder gets to see."""
    if data.startswith(PNG_SIGNATURE):
        return "png"
    if data.startswith(JPEG_SIGNATURE):
        return "jpeg"
    if data[:4] == b"RIFF" and data[8:12] == b"WEBP":
        return "webp"
    return ""


def media_type(data: bytes) -> str:
    """`image/png`, `image/jpeg` or `image/webp`; `application/octet-stream` for everything else."""
    name = sniff(data)
    return f"image/{name}" if name else "application/octet-stream"


def read_header(data: bytes) -> Header | None:
    """Format and pixels as the header states them; None where there is no such header or it states no pixels."""
    name = sniff(data)
    size = SIZES[name](data) if name else None
    return Header(name, *size) if size and min(size) > 0 else None


def flaw(data: bytes, header: Header) -> str:
    """What the container shows to be broken without decoding: `truncated`, `undecodable` or ""."""
    return WALKS[header.format](data)


def png_chunks(data: bytes) -> Iterator[tuple[bytes, int, int]]:
    """(type, start, length) of each chunk up to IEND; the last one may claim more bytes than there are."""
    at = len(PNG_SIGNATURE)
    while at + 8 <= len(data):
        length, kind = struct.unpack_from(">I4s", data, at)
        yield kind, at + 8, length
        at += length + 12
        if kind == b"IEND":
            return


def png_size(data: bytes) -> tuple[int, int] | None:
    if len(data) < 24 or data[12:16] != b"IHDR":
        return None
    width_px, height_px = struct.unpack_from(">II", data, 16)
    return width_px, height_px


def walk_png(data: bytes) -> str:
    """Every chunk whole and its CRC right, up to IEND. Pillow's own load checks no CRC of IDAT.

    A last chunk that is cut short is `truncated`, unless it claims more than the whole picture could
    need: that length is a lie, not a cut.
    """
    width_px, height_px = png_size(data) or (0, 0)
    most = width_px * height_px * PNG_RAW_BYTES_PER_PIXEL + PNG_METADATA_BYTES
    view = memoryview(data)
    for kind, start, length in png_chunks(data):
        end = start + length
        if end + 4 > len(data):
            return UNDECODABLE if length > most else TRUNCATED
        if zlib.crc32(view[start - 4 : end]) != int.from_bytes(view[end : end + 4], "big"):
            return UNDECODABLE
        if kind == b"IEND":
            return ""
    return TRUNCATED


def jpeg_segments(data: bytes) -> Iterator[tuple[int, int, int]]:
    """(marker, start, length) of each segment up to the first scan; start and length exclude the length field."""
    at = 2
    while at + 4 <= len(data) and data[at] == 0xFF:
        marker = data[at + 1]
        if marker == 0xFF:  # fill byte
            at += 1
        elif marker in JPEG_BARE_MARKERS:
            at += 2
        else:
            length = int.from_bytes(data[at + 2 : at + 4], "big")
            if length < 2:
                return
            yield marker, at + 4, length - 2
            at += 2 + length
            if marker == JPEG_SCAN_MARKER:
                return


def jpeg_size(data: bytes) -> tuple[int, int] | None:
    for marker, start, length in jpeg_segments(data):
        if marker in JPEG_SIZE_MARKERS and length >= 5 and start + 5 <= len(data):
            height_px, width_px = struct.unpack_from(">HH", data, start + 1)
            return width_px, height_px
    return None


def walk_jpeg(data: bytes) -> str:
    """An end marker after the first scan; inside a scan the bytes FF D9 cannot stand for anything else."""
    for marker, start, _ in jpeg_segments(data):
        if marker == JPEG_SCAN_MARKER:
            return "" if data.find(JPEG_END, start) >= 0 else TRUNCATED
    return TRUNCATED


def webp_chunks(data: bytes) -> Iterator[tuple[bytes, int, int]]:
    """(type, start, length) of each RIFF chunk that begins inside the data."""
    at = 12
    while at + 8 <= len(data):
        kind, length = struct.unpack_from("<4sI", data, at)
        yield kind, at + 8, length
        at += 8 + length + length % 2


def webp_size(data: bytes) -> tuple[int, int] | None:
    """Pixels from VP8X (extended), VP8L (lossless) or VP8 (lossy), as the WebP container specification lays them out."""
    kind, body = data[12:16], data[20:30]
    if kind == b"VP8X" and len(body) == 10:
        return int.from_bytes(body[4:7], "little") + 1, int.from_bytes(body[7:10], "little") + 1
    if kind == b"VP8L" and len(body) >= 5 and body[0] == 0x2F:
        bits = int.from_bytes(body[1:5], "little")
        return (bits & 0x3FFF) + 1, (bits >> 14 & 0x3FFF) + 1
    if kind == b"VP8 " and len(body) == 10 and body[3:6] == b"\x9d\x01\x2a":
        width, height = struct.unpack_from("<HH", body, 6)
        return width & 0x3FFF, height & 0x3FFF
    return None


def walk_webp(data: bytes) -> str:
    """The length in the RIFF header must be there."""
    return TRUNCATED if int.from_bytes(data[4:8], "little") + 8 > len(data) else ""


SIZES: Mapping[str, Callable[[bytes], tuple[int, int] | None]] = MappingProxyType(
    {"png": png_size, "jpeg": jpeg_size, "webp": webp_size}
)
WALKS: Mapping[str, Callable[[bytes], str]] = MappingProxyType({"png": walk_png, "jpeg": walk_jpeg, "webp": walk_webp})
