"""A channel's evidence in order of time, and the detector that has seen it all.

What comes late, or is taken back, changes the past: the evidence from there on is replayed when the detector is next asked.
"""

import bisect
import copy
import datetime as dt
import itertools

from probe.inference import detect

MEMORY = dt.timedelta(days=60)
"""How far back the states look."""

TRAILING = 30
"""Pieces of evidence that may still come before the latest ones: a second detector stays so many behind."""


class Replay:
    """Takes evidence in any order."""

    def __init__(self, settings: detect.Settings) -> None:
        self.observations: list[detect.Observation] = []
        self._settings = settings
        self._latest = detect.Detector(settings)  # has seen all, but from `_stale_from` on
        self._stale_from: int | None = None
        self._trailing, self._trailing_at = detect.Detector(settings), 0  # has seen so many observations

    def add(self, observation: detect.Observation) -> dt.datetime | None:
        """Put it in its place. Where that made the oldest evidence be dropped: the moment before which there is none now."""
        place = bisect.bisect_right(self.observations, observation.at, key=lambda one: one.at)
        self.observations.insert(place, observation)
        before = self.observations[-1].at - MEMORY
        dropped = self._forget(before)
        place -= dropped
        if self._stale_from is None and place == len(self.observations) - 1:
            self._latest.update(observation)
        elif place >= 0:
            self._changed(place)
        return before if dropped else None

    def remove(self, observation: detect.Observation) -> bool:
        """Take one piece of evidence out; False where it is not there any more."""
        place = bisect.bisect_left(self.observations, observation.at, key=lambda one: one.at)
        for each in itertools.takewhile(
            lambda one: one.at == observation.at, itertools.islice(self.observations, place, None)
        ):
            if each == observation:
                del self.observations[place]
                self._changed(place)
                return True
            place += 1
        return False

    @property
    def detector(self) -> detect.Detector:
        """It has seen all evidence."""
        if self._stale_from is not None:
            self._rewind(self._stale_from)
            self._stale_from = None
        return self._latest

    def _forget(self, before: dt.datetime) -> int:
        """Drop evidence that a restart would not read either, once there is as much of it as of the rest; how many."""
        if self.observations[0].at > before - MEMORY:
            return 0
        old = bisect.bisect_left(self.observations, before, key=lambda one: one.at)
        del self.observations[:old]
        if self._trailing_at < old:
            self._trailing, self._trailing_at = detect.Detector(self._settings), old
        self._trailing_at -= old
        if self._stale_from is not None:
            self._stale_from = max(0, self._stale_from - old)
        return old

    def _changed(self, place: int) -> None:
        """The evidence from `place` on is no longer what the detector saw; it is replayed when it is next asked."""
        self._stale_from = place if self._stale_from is None else min(place, self._stale_from)

    def _rewind(self, place: int) -> None:
        """Replay the evidence from `place` on, starting at a detector kept a little behind."""
        if place < self._trailing_at:
            self._trailing, self._trailing_at = detect.Detector(self._settings), 0
        until = max(self._trailing_at, min(place, len(self.observations) - TRAILING))
        for one in self.observations[self._trailing_at : until]:
            self._trailing.update(one)
        self._trailing_at, self._latest = until, copy.deepcopy(self._trailing)
        for one in self.observations[until:]:
            self._latest.update(one)
