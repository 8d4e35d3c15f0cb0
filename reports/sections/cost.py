"""What canaries were paid, and what a usable picture costs at the measured failures, one attempt each."""

from reports import blocks, sample, window


def read(seen: window.Window) -> tuple[blocks.Block, ...]:
    rows = []
    for facts in seen.paths:
        paid = [shot for shot in facts.shots if shot.is_paid_canary]
        rows.append(
            (
                str(facts.path),
                blocks.Usd(facts.price_usd) if facts.price_usd is not None else blocks.Missing("not in config"),
                len(paid),
                blocks.Usd(sum(shot.price_usd for shot in paid)),
                sample.usd_per_usable(facts),
            )
        )
    total_usd = sum(shot.price_usd for facts in seen.paths for shot in facts.shots if shot.is_paid_canary)
    rows.append(("all", blocks.Missing("-"), sum(row[2] for row in rows), blocks.Usd(total_usd), blocks.Missing("-")))
    return (
        blocks.Table(
            ("path", "list price", "canaries paid", "paid", "per usable picture"),
            tuple(rows),
            note="List prices. Per usable picture: one attempt, billed failures included; a range where the channel "
            "does not say whether it billed. Simulated outcomes cost nothing.",
        ),
    )
