"""How strict each channel's moderation is, by the sentinels it was sent; nothing where none were."""

from probe.inference import strictness
from reports import blocks, window


def read(seen: window.Window) -> tuple[blocks.Block, ...]:
    if not seen.moderation:
        return ()
    return (
        blocks.Table(
            ("channel", "sentinel", "asked", "refused", "now it", "since"),
            tuple((row.channel, name(row), row.asked, row.refused, row.now, since(row)) for row in seen.moderation),
            note="Sentinels are legitimate prompts that strict filters refuse, all that were ever sent; refusing the picture "
            "costs a drawing, and often money. They count for nothing else: not for success, states or advice.",
        ),
    )


def name(row: strictness.Strictness) -> str:
    """`sentinel-swimwear-1` as `swimwear-1`."""
    return row.prompt_id.removeprefix("sentinel-")


def since(row: strictness.Strictness) -> str:
    """The day it began; `ever` where it was never otherwise."""
    return f"{row.since:%Y-%m-%d}" if row.before else "ever"
