"""What a delivered picture is, measured from its bytes: nothing here judges, nothing raises, nothing waits.

`inspect` goes from cheap and certain to costly: magic bytes, the size in the header, the pixel cap, a walk
over the container, a full decode, and only then the pixels.
"""

import dataclasses
import hashlib
import io
from typing import TYPE_CHECKING

from probe import model
from probe.picture import container, provenance

if TYPE_CHECKING:
    from PIL.Image import Image

PIXEL_CAP_FACTOR = 1.5
"""More pixels than this times the order are not decoded."""
DEFAULT_PIXEL_CAP = 40_000_000
"""Without an order: above 8K UHD (33.2 million) and any size an image API sells, and 120 MB of RGB."""
PIXEL_CAP = "pixel_cap"


def inspect(data: bytes, order: model.Order | None) -> model.Picture:
    """Measure a picture; never raises. CPU only, so call it off the event loop.

    A flaw ends the look: the facts that were certain until then stay, all others keep their defaults.
    """
    picture = model.Picture(
        format=container.sniff(data), image_bytes=len(data), sha256=hashlib.sha256(data).hexdigest()
    )
    header = container.read_header(data)
    if header is None:
        return dataclasses.replace(picture, flaw=container.UNDECODABLE)
    picture = dataclasses.replace(picture, width_px=header.width_px, height_px=header.height_px)
    if header.width_px * header.height_px > pixel_cap(order):
        return dataclasses.replace(picture, flaw=PIXEL_CAP)
    if flaw := container.flaw(data, header):
        return dataclasses.replace(picture, flaw=flaw)
    image, flaw = decode(data, header)
    if image is None:
        return dataclasses.replace(picture, flaw=flaw)
    return look(dataclasses.replace(picture, provenance=provenance.generator(data, header.format)), image)


def pixel_cap(order: model.Order | None) -> int:
    """The most pixels that are decoded for this order."""
    ordered_px = order.width_px * order.height_px if order else 0
    return int(ordered_px * PIXEL_CAP_FACTOR) or DEFAULT_PIXEL_CAP


def decode(data: bytes, header: container.Header) -> "tuple[Image | None, str]":
    """The whole picture as pixels, or the flaw that kept it from decoding.

    The header was read by our own parser and lies below Pillow's own bomb limits, so Pillow neither warns
    nor needs its process-wide settings changed; a decoder that sees another size than the header is not believed.
    """
    from PIL import Image  # noqa: PLC0415 - slow to import, and not needed for most replies

    try:
        image = Image.open(io.BytesIO(data), formats=(header.format.upper(),))
        if image.size != (header.width_px, header.height_px):
            return None, container.UNDECODABLE
        image.load()
    except Exception as error:  # noqa: BLE001 - on hostile bytes decoders raise anything (SyntaxError has been seen)
        return None, container.TRUNCATED if "truncated" in str(error).lower() else container.UNDECODABLE
    return image, ""


def look(picture: model.Picture, image: "Image") -> model.Picture:
    """The facts that need pixels."""
    from probe.picture import detail, pixels  # noqa: PLC0415 - these load numpy and scipy

    image = pixels.eight_bits(image)
    luma = pixels.luma(image)
    facts = dataclasses.replace(picture, blank=pixels.blank(image), fingerprint=pixels.fingerprint(luma))
    if facts.blank:
        return dataclasses.replace(facts, motif=detail.FLAT)
    found = detail.measure(luma)
    return dataclasses.replace(facts, effective_resolution=found.effective_resolution, motif=found.motif)
