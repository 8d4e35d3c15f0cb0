"""What is known now as Prometheus metrics: a table, each row read from one look at the database."""

import dataclasses
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import NamedTuple

from prometheus_client import CollectorRegistry, core, exposition, registry

from probe import model
from probe.records import rows
from reports import status

CONTENT_TYPE = exposition.CONTENT_TYPE_PLAIN_1_0_0


class Look(NamedTuple):
    """One look: what the database knows, and the budget to hold the money against."""

    known: status.Known
    budget_usd_per_day: float
    totals: Sequence[tuple[str, str, str, str, int]]  # channel, tier, trigger, kind, outcomes so far


Sample = tuple[Sequence[str], float]
"""The values of a metric's labels, and its value."""


@dataclasses.dataclass(frozen=True, slots=True)
class Metric:
    """One gauge: its name with its unit, what it means, its labels, and its samples in a look."""

    name: str
    meaning: str
    labels: tuple[str, ...]
    samples: Callable[[Look], Iterable[Sample]]


PATH = ("channel", "tier")


def of_paths(look: Look, value: Callable[[model.PathState], float | None]) -> Iterator[Sample]:
    """A sample for each path of which the value is known."""
    for state in look.known.states:
        known = value(state)
        if known is not None:
            yield (state.path.channel, state.path.tier), known


def in_states(look: Look) -> Iterator[Sample]:
    for one in look.known.states:
        for state in model.State:
            yield (one.path.channel, one.path.tier, state.value), float(one.state is state)


def of_daemon(look: Look, value: Callable[[rows.Heartbeat], float]) -> Iterator[Sample]:
    if look.known.heartbeat:
        yield (), value(look.known.heartbeat)


METRICS = (
    Metric(
        "tierwatch_path_state",
        "1 for the state that the path is in, 0 for the others.",
        (*PATH, "state"),
        in_states,
    ),
    Metric(
        "tierwatch_path_degraded_probability",
        "Probability that the path is degraded.",
        PATH,
        lambda look: of_paths(look, lambda state: state.p_degraded),
    ),
    Metric(
        "tierwatch_path_checked_timestamp_seconds",
        "When the latest evidence about the path was sent.",
        PATH,
        lambda look: of_paths(look, lambda state: state.checked_at.timestamp() if state.checked_at else None),
    ),
    Metric(
        "tierwatch_canaries_today_usd",
        "List prices of the canaries of this UTC day, those in flight included.",
        (),
        lambda look: [((), look.known.spent_usd)],
    ),
    Metric("tierwatch_budget_usd", "The budget of a UTC day.", (), lambda look: [((), look.budget_usd_per_day)]),
    Metric(
        "tierwatch_daemon_heartbeat_timestamp_seconds",
        "The daemon's last sign of life.",
        (),
        lambda look: of_daemon(look, lambda beat: beat.at.timestamp()),
    ),
    Metric(
        "tierwatch_config_reload_failed",
        "1 while the config file is refused and the daemon runs with the one before.",
        (),
        lambda look: of_daemon(look, lambda beat: float(beat.refuses_config)),
    ),
    Metric(
        "tierwatch_outcomes",
        "Outcomes known, by today's verdicts: judging again moves them. Rates hold for one trigger alone.",
        (*PATH, "trigger", "kind"),
        lambda look: ((labels, float(count)) for *labels, count in look.totals),
    ),
)
"""Every metric. Names follow Prometheus's conventions: base units, the unit last."""


class Collector(registry.Collector):
    """All metrics of one look."""

    def __init__(self, look: Look) -> None:
        self.look = look

    def collect(self) -> Iterator[core.Metric]:
        for metric in METRICS:
            family = core.GaugeMetricFamily(metric.name, metric.meaning, labels=metric.labels)
            for labels, value in metric.samples(self.look):
                family.add_metric(labels, value)
            yield family


def text(look: Look) -> bytes:
    """The look in Prometheus's text format."""
    registered = CollectorRegistry()
    registered.register(Collector(look))
    return exposition.generate_latest(registered)
