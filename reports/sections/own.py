"""What the user's own requests say, beside canaries and never mixed with them."""

from probe.inference import own as findings
from probe.inference import statistics
from reports import blocks, own, sample, window, words

SAMPLES = (window.Series.SCHEDULED, window.Series.SIMULATED)
MOST_STRAYS = 12


def read(seen: window.Window) -> tuple[blocks.Block, ...]:
    if not seen.own_traffic.requests:
        told = "No own traffic in this period. It is the best evidence, and free: docs/own-traffic.md shows how to record it."
        return (blocks.Note(told), *strays(seen))
    notes = tuple(blocks.Note(text) for text in own.sentences(seen.own_traffic.findings))
    return (shares(seen), *notes, *saved(seen), *strays(seen), *lost(seen))


def shares(seen: window.Window) -> blocks.Table:
    """Own requests by path, beside the canaries of the same path."""
    paths = {facts.path: facts for facts in seen.paths}
    rows: list[blocks.Row] = []
    for share in sorted(seen.own_traffic.findings.shares, key=lambda each: each.path):
        facts = paths.get(share.path)
        canaries = [sample.rate(facts.sample(series)) for series in SAMPLES if len(facts.of(series))] if facts else []
        rows.append(
            (
                str(share.path),
                rate(share),
                canaries[0] if canaries else blocks.Missing("none" if facts else "not watched"),
                blocks.Seconds(share.median_s) if share.median_s is not None else blocks.Missing("-"),
                share.requests,
                share.refused,
            )
        )
    return blocks.Table(
        ("path", "own ok (95 %)", "canaries ok (95 %)", "own median", "attempts", "refused"),
        tuple(rows),
        caption="Own requests, as they came; canaries of the same path beside them, never counted together.",
        note="own ok: a prompt that fails again counts once, and not at all where the channel works for others "
        "meanwhile. refused: for their content or parameters. A tier ?: the source does not tell what was ordered.",
    )


def rate(share: findings.Share) -> blocks.Cell:
    ok = share.n - share.failed
    if share.n < sample.ENOUGH:
        return blocks.Missing(f"too few ({ok} of {share.n} ok)")
    return blocks.Rate(ok, share.n, *statistics.wilson(ok, share.n))


def saved(seen: window.Window) -> tuple[blocks.Block, ...]:
    """What own traffic saved in canaries."""
    if not seen.own_traffic.saved:
        return ()
    canaries = words.count(seen.own_traffic.saved, "canary")
    return (blocks.Note(f"Own traffic saved {canaries} ({words.usd(seen.own_traffic.saved_usd)}): it was fresher."),)


def strays(seen: window.Window) -> tuple[blocks.Block, ...]:
    """Requests that fit no channel: held, not lost."""
    if not seen.own_traffic.strays:
        return ()
    rows = tuple(
        (stray.model, stray.ordered, stray.host or "-", stray.count, stray.reason)
        for stray in seen.own_traffic.strays[:MOST_STRAYS]
    )
    return (
        blocks.Table(
            ("model", "ordered", "where", "requests", "why"),
            rows,
            caption="Own requests that fit no channel of the config. They are held, and counted once one fits.",
        ),
    )


def lost(seen: window.Window) -> tuple[blocks.Block, ...]:
    """Requests that never arrived here."""
    told = [f"{reason} {count:,}" for reason, count in seen.own_traffic.lost.items()]
    return (blocks.Note(f"Own requests that could not be taken in: {', '.join(told)}."),) if told else ()
