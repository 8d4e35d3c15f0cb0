"""`tierwatch plan`: check config.toml and show, before anything is sent, what watching costs."""

import textwrap
from typing import TYPE_CHECKING

import click

from probe.commands import options

if TYPE_CHECKING:
    from probe import plan


@click.command(short_help="Check the config and show what it will cost.")
@options.CONFIG
@options.JSON
def command(config_path: str | None, as_json: bool) -> None:
    """Check the config and show what it will cost.

    Every fault of the file is told at once (exit 2). Then, for each path, how often
    a canary goes out and what that costs by list price, against the budget. Nothing
    is sent and no key is needed.

    \b
    Example:
      tierwatch plan
      tierwatch plan --json | jq .usd_per_day
    """
    from probe import config, plan

    settings = config.load(config.find(config_path))
    drawn, warnings = plan.plan(settings), config.read_warnings(settings)
    if as_json:
        options.echo_json(document(drawn, settings.source, warnings))
    else:
        click.echo(bill(drawn, warnings))


def document(drawn: "plan.Plan", source: str, warnings: tuple[str, ...]) -> dict[str, object]:
    """The plan as plain values."""
    return {
        "config": source,
        "budget_usd_per_day": drawn.budget_usd_per_day,
        "usd_per_day": round(drawn.usd_per_day, 6),
        "paths": [
            {
                "path": str(line.path),
                "channel": line.path.channel,
                "tier": line.path.tier,
                "interval_s": line.interval_s,
                "fixed": line.fixed,
                "canaries_per_day": round(line.canaries_per_day, 3),
                "price_usd": round(line.price_usd, 6),
                "usd_per_day": round(line.usd_per_day, 6),
            }
            for line in drawn.lines
        ],
        "notes": list(drawn.notes),
        "warnings": list(warnings),
    }


def bill(drawn: "plan.Plan", warnings: tuple[str, ...]) -> str:
    """The table, the total against the budget, then notes and warnings, in 80 columns."""
    from reports import words

    width = max(len("path"), *(len(str(line.path)) for line in drawn.lines))
    rows = [f"{'path':<{width}}  {'one every':>12}  {'a day':>6}  {'USD each':>8}  {'USD a day':>9}"]
    for line in drawn.lines:
        every = words.span(line.interval_s) + (" *" if line.fixed else "")
        rows.append(
            f"{line.path!s:<{width}}  {every:>12}  {line.canaries_per_day:>6.1f}"
            f"  {line.price_usd:>8.4f}  {line.usd_per_day:>9.2f}"
        )
    total = f"{'total':<{width}}  {'':>12}  {sum(line.canaries_per_day for line in drawn.lines):>6.1f}"
    rows += [f"{total}  {'':>8}  {drawn.usd_per_day:>9.2f}  of {drawn.budget_usd_per_day:.2f} USD"]
    if any(line.fixed for line in drawn.lines):
        rows.append("* fixed in the config; the budget decides the others")
    for mark, sentences in (("", drawn.notes), ("warning: ", warnings)):
        for sentence in sentences:
            rows += ["", *textwrap.wrap(mark + sentence, 80, break_on_hyphens=False, break_long_words=False)]
    return "\n".join(rows)
