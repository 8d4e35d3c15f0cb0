"""How long pictures take: median and 90th percentile with their intervals; timeouts rank last."""

from reports import blocks, sample, window, words


def read(seen: window.Window) -> tuple[blocks.Block, ...]:
    rows = []
    for facts in seen.paths:
        successes_s, timeouts = sample.latencies_s(facts.sample)
        rows.append(
            (
                str(facts.path),
                sample.quantile(successes_s, timeouts, 0.5),
                sample.quantile(successes_s, timeouts, 0.9),
                timeouts,
                len(successes_s) + timeouts,
                words.seconds(facts.deadline_s) if facts.deadline_s else "-",
            )
        )
    return (
        blocks.Table(
            ("path", "median (95 %)", "p90 (95 %)", "timeout", "n", "deadline"),
            tuple(rows),
            note="Successes and timeouts of one series; a timeout ranks as slower than any picture.",
        ),
    )
