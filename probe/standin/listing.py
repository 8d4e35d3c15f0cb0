"""What a scenario can name, as text: shipped scenarios, personalities, deliveries and the catalogue of replies."""

from collections.abc import Iterable, Iterator

from probe.standin import delivery, replies, scenario, voices


def text() -> str:
    """All of it, in the order in which a scenario file is written."""
    return "\n".join([*lines(), ""])


def lines() -> Iterator[str]:
    yield "Scenarios (tierwatch simulate NAME)"
    yield from columns((name, scenario.load(path).name) for name, path in scenario.shipped().items())
    yield ""
    yield 'Personalities (personality = "NAME")'
    yield from columns((who.name, who.note) for who in voices.PERSONALITIES.values())
    yield ""
    yield 'Deliveries (delivers = "WORD, WORD"): WIDTHxHEIGHT, a quality, or'
    yield from columns((*delivery.FLAWS.items(), *delivery.FORMS.items()))
    yield ""
    yield "Replies (failures = { NAME = 0.5, KIND = 0.5 }), by kind"
    rows = replies.catalogue().values()
    for kind in dict.fromkeys(row.kind for row in rows):
        yield f"  {kind}"
        yield from columns(((row.name, row.note) for row in rows if row.kind is kind), indent="    ")


def columns(pairs: Iterable[tuple[str, str]], indent: str = "  ") -> Iterator[str]:
    """Names and what they are, the second column aligned."""
    listed = list(pairs)
    width = max(len(name) for name, _ in listed)
    return (f"{indent}{name:<{width}}  {note}" for name, note in listed)
