"""What a "successful" request delivers: as ordered, or the words of `delivers` in a scenario."""

import dataclasses
import re
from collections.abc import Mapping
from types import MappingProxyType

from probe import model
from probe.standin import spelling

FLAWS: Mapping[str, str] = MappingProxyType(
    {
        "enlarged": "a picture of 0.4 times the edge, enlarged with Lanczos",
        "blank": "a uniform picture",
        "repeated": "the same picture each time",
        "truncated": "a picture file that ends early, in a whole answer",
        "undecodable": "the first bytes of a picture, then noise",
    }
)
QUALITIES = ("low", "medium", "high", "xhigh", "max")
FORMS: Mapping[str, str] = MappingProxyType(
    {
        "dishonest": "usage and echo claim what was ordered, not what was made",
        "no usage": "without token counts",
        "no echo": "without size, quality and format",
        "url": "an address in place of the picture",
        "data:": "a data: prefix before the base64",
        "mislabelled": "a PNG that is declared a JPEG, and the other way round",
        "draft": "Gemini: a draft picture before the final one",
        "text": "Gemini: a text part before the picture",
        "snake": "Gemini: inline_data in place of inlineData",
        "markdown": "Gemini: the picture as Markdown inside a text part",
    }
)
SIZE = re.compile(r"(\d{1,5})x(\d{1,5})")


@dataclasses.dataclass(frozen=True, slots=True)
class Delivery:
    """The words of `delivers`, read."""

    width_px: int = 0  # 0 = as ordered
    height_px: int = 0
    quality: str = ""
    flaw: str = ""
    forms: frozenset[str] = frozenset()

    def judged(self, order: model.Order | None) -> model.Kind:
        """The kind a right classifier gives; without an order, size and quality count as not ordered."""
        if "url" in self.forms:
            return model.Kind.NO_IMAGE
        size_differs = self.width_px and (order is None or (self.width_px, self.height_px) != sides(order))
        quality_differs = self.quality and (order is None or order.quality not in {None, self.quality})
        if self.flaw or size_differs or (quality_differs and "dishonest" not in self.forms):
            return model.Kind.DEGRADED_IMAGE
        return model.Kind.OK


def sides(order: model.Order) -> tuple[int, int]:
    return order.width_px, order.height_px


AS_ORDERED = Delivery()


def parse(text: str) -> Delivery:
    """`"1254x1254, dishonest"` -> Delivery; raises ValueError that says what would be right."""
    known = (*FLAWS, *QUALITIES, *FORMS)
    found: dict[str, object] = {}
    forms = set()
    for word in (part.strip() for part in text.split(",")):
        if size := SIZE.fullmatch(word):
            found["width_px"], found["height_px"] = int(size[1]), int(size[2])
        elif word in FLAWS:
            found["flaw"] = word
        elif word in QUALITIES:
            found["quality"] = word
        elif word in FORMS:
            forms.add(word)
        else:
            hint = spelling.hint(word, known, f"use WIDTHxHEIGHT or {', '.join(known)}")
            raise ValueError(f"{word!r} is not known: {hint}")
    return Delivery(**found, forms=frozenset(forms))  # type: ignore[arg-type]
