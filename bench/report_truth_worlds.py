"""Simulated months whose truth is known: incidents, and the share failing by minute.

`own` draws incidents as the smoother assumes them; `outside` does not: severity ramps up and down, incidents
come in clusters with heavy-tailed lengths, the healthy share fails by the hour of the day and in blips.
`stepped` (levels that change within an incident, paths that differ), `sloped` (long trouble with slow ramps) and
`mixed` (brief outages beside long trouble, in flocks) are for choices.
"""

import dataclasses
import math

import numpy as np

DAYS = 30
MINUTES = DAYS * 1440


@dataclasses.dataclass(frozen=True)
class Incident:
    start: float  # minutes
    end: float
    severity: float


def own_world(rng):
    """Incidents as the model has them, half of them short; share failing by minute."""
    incidents, at = [], rng.expovariate(0.5 / 1440)
    while at < MINUTES - 60:
        length = rng.uniform(10, 60) if rng.random() < 0.5 else rng.lognormvariate(math.log(180), 0.6)
        incidents.append(Incident(at, min(at + length, MINUTES), rng.choice((0.3, 0.5, 0.7, 1.0))))
        at += length + rng.expovariate(0.5 / 1440)
    failing = np.full(MINUTES, 0.03)
    for one in incidents:
        failing[int(one.start) : int(one.end)] = one.severity
    return incidents, failing


def outside_world(rng):
    """Ramps, clusters, heavy tails, a healthy share that depends on the hour, and blips of three minutes."""
    hours = np.arange(MINUTES) / 60
    failing = 0.02 + 0.02 * (1 + np.sin(2 * math.pi * hours / 24)) / 2
    at = rng.expovariate(12 / 1440)
    while at < MINUTES:
        failing[int(at) : int(at) + 3] = 0.25
        at += rng.expovariate(12 / 1440)
    incidents, at = [], rng.expovariate(0.4 / 1440)
    while at < MINUTES - 60:
        length = min(20 * rng.paretovariate(0.9), 1440)
        peak = rng.betavariate(2, 1.5)
        end = min(at + length, MINUTES)
        if peak > 0.2:
            first, last = int(at), int(end)
            shape = np.sin(math.pi * (np.arange(last - first) + 0.5) / (last - first)) ** 0.5
            failing[first:last] = np.maximum(failing[first:last], peak * shape)
            # A ramp has no edge of its own: trouble is where more than a tenth fails.
            above = first + np.flatnonzero(peak * shape > 0.1)
            incidents.append(Incident(float(above[0]), float(above[-1] + 1), peak))
        at = end + (rng.uniform(30, 360) if rng.random() < 0.3 else rng.expovariate(0.4 / 1440))
    return incidents, failing


def stepped_world(rng):
    """Trouble in steps: linear ramps, levels that change within, log-normal lengths, a healthy share of its own."""
    failing = np.full(MINUTES, rng.uniform(0.005, 0.04))
    at = rng.expovariate(8 / 1440)
    while at < MINUTES:
        failing[int(at) : int(at + rng.uniform(2, 8))] += 0.2
        at += rng.expovariate(8 / 1440)
    incidents, at = [], rng.expovariate(0.45 / 1440)
    while at < MINUTES - 60:
        end = min(at + max(10.0, min(rng.lognormvariate(math.log(90), 1.0), 1440)), MINUTES)
        first, last = int(at), int(end)
        shape = levels(last - first, rng) * ramps(last - first, rng.uniform(0, 0.4), rng.uniform(0, 0.4))
        above = first + np.flatnonzero(shape > 0.1)
        if len(above) < 3:
            at = end + 60
            continue
        failing[first:last] = np.maximum(failing[first:last], shape)
        incidents.append(Incident(float(above[0]), float(above[-1] + 1), float(shape.max())))
        at = end + (rng.uniform(20, 240) if rng.random() < 0.2 else rng.expovariate(0.45 / 1440))
    return incidents, np.minimum(failing, 1.0)


def sloped_world(rng):
    """Long trouble that comes and goes slowly: lengths with a heavy tail, up to half of them a rise or a fall."""
    failing = np.full(MINUTES, rng.uniform(0.005, 0.04))
    at = rng.expovariate(8 / 1440)
    while at < MINUTES:
        failing[int(at) : int(at + rng.uniform(2, 8))] += 0.2
        at += rng.expovariate(8 / 1440)
    incidents, at = [], rng.expovariate(0.4 / 1440)
    while at < MINUTES - 60:
        end = min(at + max(10.0, min(rng.lognormvariate(math.log(120), 1.3), 2880)), MINUTES)
        first, last = int(at), int(end)
        shape = levels(last - first, rng) * ramps(last - first, rng.uniform(0.1, 0.5), rng.uniform(0.1, 0.5))
        above = first + np.flatnonzero(shape > 0.1)
        at = end + rng.expovariate(0.4 / 1440)
        if len(above) >= 3:
            failing[first:last] = np.maximum(failing[first:last], shape)
            incidents.append(Incident(float(above[0]), float(above[-1] + 1), float(shape.max())))
    return incidents, np.minimum(failing, 1.0)


def mixed_world(rng):
    """Half brief outages, half trouble that builds up like a queue and lasts; flocks of both; busy working days."""
    minute = np.arange(MINUTES)
    busy = (minute // 1440 % 7 < 5) & (minute % 1440 >= 480) & (minute % 1440 < 1080)
    failing = rng.uniform(0.01, 0.03) + 0.02 * busy
    incidents, at = [], rng.expovariate(0.45 / 1440)
    while at < MINUTES - 60:
        brief = rng.random() < 0.5
        length = 10 + rng.expovariate(1 / 25) if brief else min(60 + rng.lognormvariate(math.log(100), 1.2), 2880)
        first, last = int(at), int(min(at + length, MINUTES))
        shape = rng.uniform(0.2, 1.0) * (np.ones(last - first) if brief else queue(last - first, rng))
        above = first + np.flatnonzero(shape > 0.1)
        if len(above) >= 3:
            failing[first:last] = np.maximum(failing[first:last], shape)
            incidents.append(Incident(float(above[0]), float(above[-1] + 1), float(shape.max())))
        at += length + (rng.uniform(20, 300) if rng.random() < 0.3 else rng.expovariate(0.45 / 1440))
    return incidents, failing


def queue(minutes, rng):
    """It fills towards its worst, and drains from some moment on; each takes up to a quarter of the time."""
    fills, drains = (rng.uniform(0.01, 0.1) * minutes for _ in range(2))
    at = np.arange(minutes) + 0.5
    return (1 - np.exp(-at / fills)) * (1 - np.exp(-(minutes - at) / drains))


def levels(minutes, rng):
    """Shares failing that stay for a while and then change by up to three fifths."""
    found, at, level = np.empty(minutes), 0, rng.uniform(0.2, 1.0)
    while at < minutes:
        step = max(5, int(rng.expovariate(1 / (0.4 * minutes + 1))))
        found[at : at + step] = level
        at, level = at + step, min(1.0, max(0.15, level * rng.uniform(0.6, 1.6)))
    return found


def ramps(minutes, up, down):
    """A rise over the first share of the time, and a fall over the last."""
    x = (np.arange(minutes) + 0.5) / minutes
    return np.minimum(1.0, np.minimum(x / max(up, 1e-9), (1 - x) / max(down, 1e-9)))


WORLDS = {"own": own_world, "outside": outside_world}
CHOOSING = {"stepped": stepped_world, "sloped": sloped_world, "mixed": mixed_world}
