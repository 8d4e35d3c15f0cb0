"""`tierwatch plan`: check config.toml and show, before anything is sent, what watching costs."""

import datetime as dt
import textwrap
from typing import TYPE_CHECKING, NamedTuple

import click

from probe import model
from probe.commands import options

if TYPE_CHECKING:
    from probe import plan
    from probe.config import schema
    from probe.inference import delays


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
    bought = buys(settings, drawn)
    saved, would_save = savings(settings, drawn, dt.datetime.now(dt.UTC))
    if as_json:
        own = {"days": LOOKED_BACK.days, **saved.document(), "with_this_plan": would_save.document()}
        options.echo_json({**document(drawn, bought, settings.source, warnings), "saved_by_own_traffic": own})
    else:
        click.echo(bill(drawn, warnings))
        click.echo("\n" + seen_within(settings, drawn, bought))
        if saved.canaries or would_save.canaries:
            told = f"Own traffic saved {saved} in the last {LOOKED_BACK.days} days; with this plan it would be {would_save}."
            click.echo("\n" + textwrap.fill(told, 80))


LOOKED_BACK = dt.timedelta(days=7)


class Savings(NamedTuple):
    """Canaries that own traffic makes needless, and what they cost by list price."""

    canaries: int = 0
    usd: float = 0.0

    def __str__(self) -> str:
        from reports import words

        return f"{words.count(self.canaries, 'canary')} (${self.usd:.2f})"

    def document(self) -> dict[str, float]:
        return {"canaries": self.canaries, "usd": round(self.usd, 6)}


def savings(config: "schema.Config", drawn: "plan.Plan", now: dt.datetime) -> tuple[Savings, Savings]:
    """What own traffic saved lately, and what it would have saved with this plan; nothing without a database.

    A canary is needless where own traffic told of its path within the interval before it.
    """
    from probe import plan, records
    from probe.records import history

    try:
        with history.open(config.database) as past:
            skips, told = past.skips(now - LOOKED_BACK), past.traffic.minutes(now - LOOKED_BACK)
    except records.RecordsError:  # none yet, or one that the commands which need it will complain about
        return Savings(), Savings()
    lines = {line.path: line for line in drawn.lines}
    left_out = [skip.path for skip in skips if skip.reason is model.SkipReason.OWN_TRAFFIC and skip.path in lines]
    needless = {(path, plan.slot(lines[path], at)) for path, at in told if path in lines}
    paths = (left_out, [path for path, _ in needless])
    saved, would_save = (Savings(len(each), sum(lines[path].price_usd for path in each)) for each in paths)
    return saved, would_save


def buys(config: "schema.Config", drawn: "plan.Plan", own_per_hour: float = 0.0) -> "dict[model.Path, delays.Delays]":
    """How soon trouble is seen on each path with these intervals."""
    from probe.inference import delays, states

    spacing_s = {line.path: line.interval_s for line in drawn.lines}
    a_days = {channel.name: states.settings(config, channel.name, spacing_s).a_days for channel in config.channel}
    return {
        line.path: delays.expected(line.interval_s, a_days[line.path.channel], own_per_hour) for line in drawn.lines
    }


def seen_within(config: "schema.Config", drawn: "plan.Plan", bought: "dict[model.Path, delays.Delays]") -> str:
    """What the money buys: how soon an outage and two drops are seen, and what more or less money would change."""
    width = max(len("trouble is seen within"), *(len(str(path)) for path in bought))
    rows = [f"{'trouble is seen within':<{width}}  {'outage':>16}  {'drop to 60 %':>16}  {'drop to 80 %':>16}"]
    for path, expected in bought.items():
        cells = (f"{brief(one.mean)} ({brief(one.late)})" for one in expected)
        rows.append(f"{path!s:<{width}}" + "".join(f"  {cell:>16}" for cell in cells))
    promised = config.detection.false_alarms_per_month
    beside_usd = max(drawn.budget_usd_per_day - drawn.usd_per_day, 0.0)
    sentences = [
        f"On average, and in brackets 95 of 100 cases, by simulation. False alarms: at most {promised:g} a month.",
        f"The other ${beside_usd:.2f} a day is for asking again where something looks wrong.",
        otherwise(config, drawn),
    ]
    for sentence in sentences:
        rows += ["", *textwrap.wrap(sentence, 80, break_on_hyphens=False, break_long_words=False)]
    return "\n".join(rows)


def otherwise(config: "schema.Config", drawn: "plan.Plan") -> str:
    """What half, double and own traffic would change on the dearest path, for a drop to 60 %."""
    from probe import plan

    path = max(drawn.lines, key=lambda line: line.price_usd).path

    def drop(share: float, own_per_hour: float = 0.0) -> str:
        usd_per_day = config.budget.usd_per_day * share
        changed = config.model_copy(update={"budget": config.budget.model_copy(update={"usd_per_day": usd_per_day})})
        expected = buys(changed, plan.plan(changed), own_per_hour)[path]
        return brief(expected.to_60.mean)

    return (
        f"A drop to 60 % on {path}: {drop(1.0)}; with half the budget {drop(0.5)}, with double {drop(2.0)}; "
        f"with 4 own requests an hour {drop(1.0, 4.0)}, with 16 {drop(1.0, 16.0)}."
    )


def brief(minutes: float) -> str:
    """`59 min`, `3.9 h` or `1.9 d`."""
    if minutes < 90:
        return f"{minutes:.0f} min"
    return f"{minutes / 60:.1f} h" if minutes < 48 * 60 else f"{minutes / 1440:.1f} d"


def document(
    drawn: "plan.Plan", bought: "dict[model.Path, delays.Delays]", source: str, warnings: tuple[str, ...]
) -> dict[str, object]:
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
                "seen_within_minutes": {
                    name: {"mean": round(delay.mean, 1), "in_95_of_100": round(delay.late, 1)}
                    for name, delay in bought[line.path]._asdict().items()
                },
            }
            for line in drawn.lines
        ],
        "sentinels": [
            {
                "path": str(line.path),
                "interval_s": line.interval_s,
                "price_usd": round(line.price_usd, 6),
                "usd_per_day": round(line.usd_per_day, 6),
            }
            for line in drawn.sentinels
        ],
        "notes": list(drawn.notes),
        "warnings": list(warnings),
    }


def bill(drawn: "plan.Plan", warnings: tuple[str, ...]) -> str:
    """The table, the total against the budget, then notes and warnings, in 80 columns."""
    from reports import words

    width = max(len("path"), *(len(str(line.path)) for line in drawn.lines))
    rows = [f"{'path':<{width}}  {'one every':>12}  {'a day':>6}  {'USD each':>8}  {'USD a day':>9}"]
    everything = (*drawn.lines, *drawn.sentinels)
    for number, line in enumerate(everything):
        mark = " +" if number >= len(drawn.lines) else " *" if line.fixed else ""
        rows.append(
            f"{line.path!s:<{width}}  {words.span(line.interval_s) + mark:>12}  {line.canaries_per_day:>6.1f}"
            f"  {line.price_usd:>8.4f}  {line.usd_per_day:>9.2f}"
        )
    total = f"{'total':<{width}}  {'':>12}  {sum(line.canaries_per_day for line in everything):>6.1f}"
    rows += [f"{total}  {'':>8}  {drawn.usd_per_day:>9.2f}  of {drawn.budget_usd_per_day:.2f} USD"]
    if any(line.fixed for line in drawn.lines):
        rows.append("* fixed in the config; the budget decides the others")
    if drawn.sentinels:
        rows.append("+ sentinels: how strict is the channel? They count for nothing else")
    for mark, sentences in (("", drawn.notes), ("warning: ", warnings)):
        for sentence in sentences:
            rows += ["", *textwrap.wrap(mark + sentence, 80, break_on_hyphens=False, break_long_words=False)]
    return "\n".join(rows)
