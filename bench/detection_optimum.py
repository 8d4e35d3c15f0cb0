"""The least mean delay that any adaptive policy can reach: a semi-Markov decision process with its dual bound.

The state is the Shiryaev-Roberts statistic x in days, for known p0 and p1. After a wait `tau` the next
canary's outcome is known; it is evidence of the moment it was sent, `latency` earlier, so
x -> (x + tau - latency) * LR + latency. Under the healthy law the long-run mean delay is
E[int R dt] / E[T], false alarms come at 1 / E[T] and spend is E[N] / E[T] (Pollak and Tartakovsky,
arXiv 0710.5935). For any prices c per canary and F per false alarm, policy iteration gives the least
g(c, F) = delay + c * spend + F * false alarms, and then

    delay >= g(c, F) - c * spend_max - F * false_alarms_max      for every policy that keeps both limits;

the bound is the maximum over (c, F).
"""

import dataclasses
from collections.abc import Sequence

import numpy as np
import scipy.optimize
import scipy.sparse.linalg as solvers
from scipy import sparse

MINUTE = 1 / 1440  # days
LATENCY = 2.5 * MINUTE
CLOSEST = 5 * MINUTE
"""No policy sends canaries closer together than this."""

P_MAX = 0.999  # a certain failure would make a success impossible evidence


@dataclasses.dataclass(frozen=True)
class Rates:
    """Long-run rates of a policy: false alarms and canaries a day, mean delay in minutes."""

    false_alarms: float
    canaries: float
    delay: float


class Process:
    """The statistic on a logarithmic grid, with linear interpolation in log x."""

    def __init__(self, p0: float, p1: float, waits: Sequence[float], size: int = 400) -> None:
        self.p0, self.p1 = p0, min(p1, P_MAX)
        self.x = np.r_[0, np.geomspace(1e-4, 3e3, size - 1)]
        self.logs = np.log(self.x[1:])
        self.waits = np.array(waits)
        self.kernels = [self.kernel(wait) for wait in waits]

    def kernel(self, wait: float):
        """Transition probabilities from one outcome to the next after this wait, days."""
        size, rows = len(self.x), np.arange(len(self.x))
        total = sparse.csr_matrix((size, size))
        before = self.x + max(wait - LATENCY, 0)
        for probability, ratio in (
            (self.p0, self.p1 / self.p0),
            (1 - self.p0, (1 - self.p1) / (1 - self.p0)),
        ):
            after = np.clip(before * ratio + LATENCY, self.x[1], self.x[-1])
            place = (np.log(after) - self.logs[0]) / (self.logs[1] - self.logs[0])
            low = np.clip(np.floor(place).astype(int), 0, size - 3)
            share = place - low
            entries = np.r_[probability * (1 - share), probability * share]
            total = total + sparse.csr_matrix(
                (entries, (np.r_[rows, rows], np.r_[low + 1, low + 2])), shape=total.shape
            )
        return total

    def mixed(self, choice: np.ndarray):
        """The kernel of a policy that takes wait number choice[i] in state i."""
        total = sparse.csr_matrix((len(self.x), len(self.x)))
        for number in np.unique(choice):
            total = total + sparse.diags((choice == number).astype(float)) @ self.kernels[number]
        return total

    def rates(self, kernel, wait: np.ndarray, stops: np.ndarray) -> Rates:
        """What a policy yields: waits by state and the states in which it raises the alarm."""
        goes_on = (~stops).astype(float)
        system = solvers.splu((sparse.identity(len(self.x)) - sparse.diags(goes_on) @ kernel).tocsc())
        time, canaries, lost = (
            system.solve(goes_on * amount) for amount in (wait, np.ones_like(wait), self.x * wait + wait**2 / 2)
        )
        return Rates(1 / time[0], canaries[0] / time[0], lost[0] / time[0] / MINUTE)

    def best(self, c: float, f: float) -> tuple[float, np.ndarray, np.ndarray]:
        """Policy iteration for the least g = delay + c * canaries + f * false alarms (days); g, choices, stops."""
        stops = self.x > 20
        choice = np.where(self.x > 0.5, 0, len(self.waits) // 2)
        for _ in range(60):
            wait, kernel = self.waits[choice], self.mixed(choice)
            found = self.rates(kernel, wait, stops)
            g = found.delay * MINUTE + c * found.canaries + f * found.false_alarms
            goes_on = (~stops).astype(float)
            system = (sparse.identity(len(self.x)) - sparse.diags(goes_on) @ kernel).tocsc()
            value = solvers.spsolve(system, goes_on * (self.x * wait + wait**2 / 2 + c - g * wait) + f * stops)
            onward = np.array(
                [
                    self.x * wait + wait**2 / 2 + c - g * wait + kernel @ value
                    for wait, kernel in zip(self.waits, self.kernels, strict=True)
                ]
            )
            choices, stopping = onward.argmin(axis=0), f < onward.min(axis=0)
            stopping[0], stopping[self.x > 400] = False, True
            if (choices == choice).all() and (stopping == stops).all():
                break
            choice, stops = choices, stopping
        return g, choice, stops


def waits(canaries_per_day: float) -> list[float]:
    """Waits to choose from, days: dense around the mean spacing, down to the closest allowed."""
    mean = 1 / canaries_per_day
    around = mean * np.array([0.1, 0.2, 0.35, 0.5, 0.65, 0.8, 0.9, 0.97, 1.03, 1.1, 1.2, 1.35, 1.6, 2.0, 2.7, 4.0, 6.0])
    return sorted({CLOSEST, 1.4 * CLOSEST, 2 * CLOSEST, *around[around > CLOSEST].tolist()})


def bound(p1: float, *, p0: float = 0.03, canaries: float = 24.0, false_alarms: float = 1 / 30) -> float:
    """Minutes of mean delay below which no policy with so many canaries and false alarms a day can stay."""
    process = Process(p0, p1, waits(canaries))

    def dual(logs: np.ndarray) -> float:
        c, f = np.exp(logs)
        return -(process.best(c, f)[0] - c * canaries - f * false_alarms) / MINUTE

    start = np.log([0.05 / canaries, 2.0])
    simplex = start + np.array([[0, 0], [1.1, 0], [0, 1.1]])
    options = {"xatol": 0.03, "fatol": 0.05, "maxfev": 70, "initial_simplex": simplex}
    return -float(scipy.optimize.minimize(dual, start, method="Nelder-Mead", options=options).fun)
