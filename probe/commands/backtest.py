"""`tierwatch backtest`: play a scenario in simulated time and say when the alarms would have come."""

from typing import TYPE_CHECKING, Any

import click

from probe.commands import options
from reports import words

if TYPE_CHECKING:
    from probe.backtest import playing, scoring


@click.command(short_help="When would the alarms have come? In simulated time.")
@click.argument("scenario")
@click.option("--runs", default=20, show_default=True, type=click.IntRange(1, 100_000), help="Play it so many times.")
@click.option("--seed", default=0, show_default=True, help="Of the first run; the same seed gives the same run.")
@click.option(
    "--rule",
    "rule_name",
    default="tierwatch",
    show_default=True,
    metavar="NAME",
    help="Another rule, or `all` to compare.",
)
@click.option(
    "--budget",
    "usd_per_day",
    type=options.Finite(min=0),
    metavar="USD",
    help="Per day [default: the config's, else 5].",
)
@click.option("--config", "config_path", metavar="FILE", help="Paths, prices and budget [default: from the scenario].")
@options.JSON
def command(
    scenario: str,
    runs: int,
    seed: int,
    rule_name: str,
    usd_per_day: float | None,
    config_path: str | None,
    as_json: bool,
) -> None:
    """When would the alarms have come? In simulated time.

    SCENARIO is a TOML file or the name of a shipped one (`tierwatch simulate --list`).
    The plan, the budget and the detector are those of the daemon; only the answers are
    simulated. A week of the scenario's steady state is played before it begins.

    \b
    Rules to compare with:
      1-failure, 2-in-a-row, 3-in-a-row (alarm after so many failures),
      2-in-a-row-retry, 3-in-a-row-retry (the same, asking again after 5 min),
      3-of-10, burn-rate, cusum

    \b
    Example:
      tierwatch backtest vip-2026-08-13
      tierwatch backtest hang --rule all --runs 50
      tierwatch backtest my.toml --config config.toml --json
    """
    from probe import config as configs
    from probe.backtest import default, playing, scoring, watchers
    from probe.inference import rules
    from probe.standin import scenario as scenarios

    names = (watchers.OURS, *rules.RULES)
    if rule_name not in {*names, "all"}:
        raise click.UsageError(f"--rule {rule_name!r} is none of {', '.join(names)}, all.")
    played = scenarios.load(scenarios.find(scenario))
    if config_path is None:
        config = default.config(played, 5.0 if usd_per_day is None else usd_per_day)
    else:
        config = configs.load(configs.find(config_path))
        if usd_per_day is not None:
            budget = config.budget.model_copy(update={"usd_per_day": usd_per_day})
            config = config.model_copy(update={"budget": budget})
    truth = scoring.incidents(config, played)
    made = {}
    for name in names if rule_name == "all" else (rule_name,):
        made[name] = list(playing.Player(config, name).runs(played, runs, seed))
    scores = {name: scoring.score(found, truth, played.hours / 24) for name, found in made.items()}
    if as_json:
        options.echo_json(document(played.name, truth, made, scores))
    else:
        click.echo(table(played.name, len(truth), runs, scores))


def document(
    name: str,
    truth: "tuple[scoring.Incident, ...]",
    made: "dict[str, list[playing.Run]]",
    scores: "dict[str, scoring.Score]",
) -> dict[str, Any]:
    """Everything as plain values; `runs` are those of the first rule."""
    return {
        "scenario": name,
        "rule": next(iter(made)),
        "incidents": [
            {
                "channel": one.path.channel,
                "tier": one.path.tier,
                "begins": words.rfc3339(one.begins),
                "ends": words.rfc3339(one.ends),
            }
            for one in truth
        ],
        "runs": [_run(run) for run in next(iter(made.values()))],
        "rules": {rule: _score(score) for rule, score in scores.items()},
    }


def _run(run: "playing.Run") -> dict[str, Any]:
    return {
        "seed": run.seed,
        "canaries": run.canaries,
        "usd": round(run.usd, 6),
        "skipped": run.skipped,
        "alarms": [
            {
                "channel": alarm.path.channel,
                "tier": alarm.path.tier,
                "state": alarm.state.value,
                "raised_at": words.rfc3339(alarm.raised_at),
                "cleared_at": words.rfc3339(alarm.cleared_at),
            }
            for alarm in run.alarms
        ],
    }


def _score(score: "scoring.Score") -> dict[str, Any]:
    return {
        "days": round(score.days, 3),
        "canaries_per_day": round(score.canaries_per_day, 2),
        "usd_per_day": round(score.usd_per_day, 4),
        "skipped_per_day": round(score.skipped_per_day, 2),
        "incidents": score.incidents,
        "caught": score.caught,
        "mean_delay_s": score.mean_delay_s,
        "delay_95_s": score.delay_95_s,
        "false_alarms_per_30_days": round(score.false_alarms_per_30_days, 3),
    }


def table(name: str, incidents: int, runs: int, scores: "dict[str, scoring.Score]") -> str:
    """One line a rule, in 80 columns."""
    lines = [
        name,
        f"{runs} runs, {incidents} times a path got worse in each. Simulated: no request was sent.",
        "",
        f"{'rule':18}{'caught':>8}{'min to alarm':>14}{'95 %':>7}{'false/30 d':>12}{'canaries/d':>12}{'USD/d':>8}",
    ]
    for rule, score in scores.items():
        caught = f"{score.caught / score.incidents:.0%}" if score.incidents else "-"
        mean, late = (f"{s / 60:.0f}" if s is not None else "-" for s in (score.mean_delay_s, score.delay_95_s))
        lines.append(
            f"{rule:18}{caught:>8}{mean:>14}{late:>7}{score.false_alarms_per_30_days:>12.2f}"
            f"{score.canaries_per_day:>12.1f}{score.usd_per_day:>8.2f}"
        )
    return "\n".join(lines)
