"""The canaries' prompts: harmless, specific, rich in fine detail, versioned, so that pictures compare over time."""

import dataclasses
import functools
import zlib
from collections.abc import Sequence

from probe import model


@dataclasses.dataclass(frozen=True, slots=True)
class Prompt:
    """A prompt of the rotation; a changed text gets a new number in its id, since pictures no longer compare."""

    id: str
    text: str = dataclasses.field(repr=False)


PROMPTS: tuple[Prompt, ...] = (
    Prompt(
        "harbour-1",
        "A photograph of a small fishing harbour at noon: dozens of wooden boats with peeling paint, coiled ropes, "
        "nets with visible mesh, pebbles on the quay, tiled roofs behind, everything in sharp focus from front to back.",
    ),
    Prompt(
        "workbench-1",
        "A photograph of a watchmaker's workbench seen from above: hundreds of tiny brass gears, screws and springs "
        "sorted on linen cloth with a visible weave, steel tools with engraved scales, even daylight, sharp everywhere.",
    ),
    Prompt(
        "meadow-1",
        "A photograph of an alpine meadow in June: countless blades of grass, small blue and yellow flowers, lichen on "
        "grey boulders, a gravel path, distant pine forest with single needles of light, crisp focus across the frame.",
    ),
    Prompt(
        "library-1",
        "A photograph of an old library wall: rows of cloth-bound books with embossed spines, a carved oak ladder with "
        "visible grain, brass lamps, a patterned carpet, fine dust in the light, sharp from corner to corner.",
    ),
)
"""Two or more per tier: refusal of one is the prompt's fault, refusal of all is the channel's."""

SENTINELS: tuple[Prompt, ...] = (
    Prompt(
        "sentinel-swimwear-1",
        "A catalogue photograph of a plain navy one-piece swimsuit on a wooden hanger against a light grey wall, nobody "
        "in the picture, even studio light, seams, stitching and the weave of the fabric in sharp focus.",
    ),
    Prompt(
        "sentinel-mascot-1",
        "A cartoon mascot for a village bakery: a cheerful round hedgehog of its own design in a white apron, holding a "
        "tray of bread rolls, bold outlines, flat colours, single quills drawn, plain background.",
    ),
    Prompt(
        "sentinel-knives-1",
        "A catalogue photograph of a set of five kitchen knives on an oak board beside sliced carrots and parsley, "
        "polished steel with visible grinding lines, even studio light, sharp from front to back.",
    ),
)
"""Legitimate, but near to what filters look for: a series of its own that shows how strict a channel is.

Sent where the config asks for it (`sentinel_every`) or on request (`tierwatch probe --sentinel`), and never evidence of
health: a refusal says nothing of availability.
"""


def pick(path: model.Path, number: int, series: Sequence[Prompt] = PROMPTS) -> Prompt:
    """The prompt for a slot: drawn evenly, and the same for the same path and slot.

    Slots are named by seconds, often multiples of each other: counting them modulo the number of prompts
    would pick one prompt for ever.
    """
    return series[zlib.crc32(f"{path}/{number}".encode()) % len(series)]


@functools.cache
def reference_picture() -> bytes:
    """The built-in picture that edits start from: a PNG of 512 x 512 px with coloured discs on a chequered ground."""
    import io  # noqa: PLC0415 - edits only

    from PIL import Image, ImageDraw  # noqa: PLC0415 - slow to import, edits only

    picture = Image.new("RGB", (512, 512), "white")
    draw = ImageDraw.Draw(picture)
    for row in range(16):
        for column in range(row % 2, 16, 2):
            draw.rectangle((column * 32, row * 32, column * 32 + 31, row * 32 + 31), fill="#d8d8d0")
    for place, colour in enumerate(("#e69f00", "#56b4e9", "#009e73", "#cc79a7")):
        x, y = 128 + 256 * (place % 2), 128 + 256 * (place // 2)
        draw.ellipse((x - 80, y - 80, x + 80, y + 80), fill=colour, outline="black", width=4)
    encoded = io.BytesIO()
    picture.save(encoded, "PNG")
    return encoded.getvalue()
