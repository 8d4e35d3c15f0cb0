"""The picture of docs/detection.md: R through an incident, and what canaries a day buy."""

import pathlib
import random

import detection_product as product
import detection_worlds as worlds
import matplotlib as mpl
from matplotlib.figure import Figure

from probe.inference import detect, view


def plot(path: pathlib.Path) -> None:
    """The picture of docs/detection.md: R through an incident, and what canaries a day buy."""
    mpl.rcParams["svg.hashsalt"] = "tierwatch"
    figure = Figure(figsize=(9, 6.4), layout="constrained")
    trace, money = figure.subplots(2, 1, height_ratios=(3, 2))
    _plot_trace(trace)
    _plot_money(money)
    figure.savefig(path, metadata={"Date": None})


def _trace(seed: int, begins: float, ends: float, last: float) -> tuple[list, float | None, float | None]:
    """(minute, R or nan while degraded, failed) canary by canary, and when the alarm was raised and cleared."""
    rng, detector, minute = random.Random(seed), detect.Detector(product.known()), 0.0
    path, rows, raised, cleared = detector.views[0], [], None, None
    while minute < last:
        failed = rng.random() < (0.45 if begins <= minute < ends else 0.02)
        detector.update(detect.Observation(product.at(minute), product.TIER, failed, 150.0))
        raised = minute if path.alarm and raised is None else raised
        cleared = minute if raised is not None and cleared is None and not path.alarm else cleared
        rows.append((minute, float("nan") if path.alarm and minute > raised else path.value_days, failed))
        minute += 10.0 if path.alarm else 5.0 if path.suspicious else 75.0
    return rows, raised, cleared


def _plot_trace(axes) -> None:
    begins, ends, last = 20 * 60.0, 25 * 60.0, 30 * 60.0
    for seed in range(100):  # one that is neither lucky nor unlucky
        rows, raised, cleared = _trace(seed, begins, ends, last)
        if raised and cleared and begins + 90 < raised < begins + 180 and ends + 20 < cleared < ends + 90:
            break
    hours = [minute / 60 for minute, _, _ in rows]
    axes.axvspan(begins / 60, ends / 60, color="#e3e3e3", label="truth: 45 of 100 fail")
    axes.plot(hours, [max(r, 0.02) if r == r else r for _, r, _ in rows], "-", color="#0072b2", lw=1.3, label="R")  # noqa: PLR0124 - nan
    for was, marker, colour, label in ((False, "o", "#0072b2", "canary ok"), (True, "X", "#d55e00", "canary failed")):
        sent = [hour for hour, (_, _, failed) in zip(hours, rows, strict=True) if failed is was]
        axes.plot(sent, [0.011] * len(sent), marker, ms=4, color=colour, label=label)
    for level, words in ((30, "alarm at 30 days"), (view.SUSPICION * 75 / 1440, "suspicious: ask again every 5 min")):
        axes.axhline(level, color="#444444", lw=1, ls="--")
        axes.text(14.15, level * 1.15, words, fontsize=9, va="bottom")
    axes.axvspan(raised / 60, cleared / 60, ymin=0.9, ymax=1.0, color="#e69f00")
    axes.text((raised + cleared) / 120, 310, "reported as degraded", ha="center", va="center", fontsize=9)
    axes.set(yscale="log", ylim=(0.006, 600), xlim=(14, 30), xlabel="hours", ylabel="R, days")
    axes.set_title("When does a run of bad luck become an alarm?", loc="left", fontsize=11)
    axes.legend(loc="center right", fontsize=8, framealpha=1)


def _plot_money(axes) -> None:
    spends = (2.0, 5.0, 12.0, 24.0, 48.0, 96.0)
    spacing = {spend: worlds.tune(worlds.Mixture(), spend, paths=1000, seed=71) for spend in spends}
    for label, share, colour, marker in (
        ("outage", 1.0, "#d55e00", "X"),
        ("drop to 60 % ok", 0.4, "#0072b2", "o"),
        ("drop to 80 % ok", 0.2, "#009e73", "s"),
    ):
        hours = [
            worlds.mean(worlds.delays(worlds.Mixture(), spacing[s], share=share, paths=1000, seed=72)) / 60
            for s in spends
        ]
        axes.plot(spends, hours, marker=marker, color=colour, label=label, lw=1.2, ms=5)
    axes.set(xscale="log", yscale="log", xlabel="canaries a day on one path", ylabel="mean time to the alarm")
    axes.set_xticks(spends, [f"{spend:.0f}" for spend in spends])
    axes.set_yticks((0.25, 1, 4, 24, 96), ("15 min", "1 h", "4 h", "1 d", "4 d"))
    axes.minorticks_off()
    axes.grid(color="#dddddd", lw=0.6)
    axes.set_title("What does a budget buy?", loc="left", fontsize=11)
    axes.legend(fontsize=8)
