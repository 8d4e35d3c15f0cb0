"""The paid part of triage: climbs the ladder rung by rung, each a canary of its own under the shared ledger.

Next is the rung with the most information per dollar, or the textbook order where that is forced. It stops
when a cause is sure, when no rung is worth its price, or at the cap.
"""

import dataclasses
import math
from collections.abc import Callable

from probe import model, records, run
from probe.inference import causes
from probe.inference.causes import Check
from probe.triage import around, evidence, ladder, offline, options
from probe.triage.diagnosis import Diagnosis, Piece
from probe.triage.ladder import Rung


@dataclasses.dataclass(slots=True)
class Climb:
    """One climb: `spent_usd` and the rungs made so far. `prompt_id` is the hash of the caller's prompt."""

    tools: run.Tools
    max_usd: float
    prompt_id: str
    forced: bool = False
    say: Callable[[str], None] = lambda _words: None
    spent_usd: float = 0.0
    stopped: str = ""
    made: list[Rung] = dataclasses.field(default_factory=list)
    passed: set[str] = dataclasses.field(default_factory=set)

    async def up(self, found: Diagnosis) -> Diagnosis:
        """Climb until sure, out of rungs, or out of money; returns the diagnosis with every rung as evidence."""
        while (rung := self._next(found)) is not None:
            try:
                piece = await self._try(found, rung)
            except records.BudgetExhausted as error:
                self.stopped = f"the day's budget is spent: {error}"
                break
            self.made.append(rung)
            self.spent_usd += rung.price_usd
            found = offline.with_pieces(found, [piece], rung.price_usd)
            cause, p = found.now.lead
            self.say(f"{piece.name}: {piece.words}  -> {cause} {p:.2f}, ${self.spent_usd:.2f} spent")
        return found

    def _next(self, found: Diagnosis) -> Rung | None:
        """The next rung, or None with the reason in `stopped`."""
        wanted = [rung for rung in options.attempts(found, self.tools.config) if self._open(found, rung)]
        affordable = [rung for rung in wanted if self.spent_usd + rung.price_usd <= self.max_usd + 1e-9]
        if not affordable:
            self.stopped = f"the next rung would pass --max-cost {self.max_usd:g}" if wanted else "no rung is left"
            return None
        if self.forced:
            return affordable[0]
        best = options.best(found, affordable, self.tools.config, self.tools.clock.now(), self.made)
        if best is None:
            self.stopped = "sure enough" if found.now.sure else "no rung is worth its price"
        return best

    def _open(self, found: Diagnosis, rung: Rung) -> bool:
        """May this rung be tried now? Not too often, not without the prompt, and no blind repeat of a timeout."""
        if rung.check is None or (rung.needs_prompt and found.about.prompt is None):
            return False
        if sum(made.check is rung.check for made in self.made) >= self._limit(rung.check):
            return False
        if rung.check is Check.RETRY and (
            options.too_long(found) or options.unasked_timeout(found) or "retry" in self.passed
        ):
            return False
        return rung.check is Check.RETRY or not self.forced or rung not in self.made

    def _limit(self, check: Check) -> float:
        return math.inf if self.forced and check is not Check.RETRY else causes.LIMITS[check]

    async def _try(self, found: Diagnosis, rung: Rung) -> Piece:
        """Wait where the checklist says so, send once, and read the outcome as evidence."""
        clock = self.tools.clock
        if rung.check is Check.RETRY:
            asked_s = found.about.verdict.retry_after_s if found.about.verdict else None
            times = sum(made.check is Check.RETRY for made in self.made)
            await clock.sleep(max(ladder.RETRY_WAITS_S[times], asked_s or 0.0))
        canary = self._canary(found, rung)
        judged = await run.probe(canary, self.tools)
        if rung.check is Check.RETRY and judged.ok:
            self.passed.add("retry")
        return self._piece(found, rung, judged)

    def _canary(self, found: Diagnosis, rung: Rung) -> model.Canary:
        if rung.path is None:
            raise ValueError(f"{rung.name} has no path")
        canary = run.canary(self.tools.config, rung.path, model.Trigger.TRIAGE, self.tools.clock.now())
        if rung.check not in options.REPEATING or found.about.prompt is None:
            return canary
        prompt_id = self.prompt_id
        if found.about.canary and found.about.outcome is not None:
            prompt_id = found.about.outcome.prompt_id
        order = canary.order
        if found.about.reference is not None:
            order = dataclasses.replace(order, operation="edit")
        return dataclasses.replace(
            canary, order=order, prompt=found.about.prompt, prompt_id=prompt_id, reference=found.about.reference
        )

    def _piece(self, found: Diagnosis, rung: Rung, judged: model.Judged) -> Piece:
        path = found.about.path
        after = f" after {judged.outcome.evidence.elapsed_s:.0f} s" if judged.outcome.evidence.elapsed_s else ""
        words = f"{evidence.kind_of(judged)}{after}"
        finding = None
        if path is not None and rung.check in options.REPEATING:
            times = sum(made.check is rung.check for made in self.made)
            finding = evidence.of_repeat(path, judged, self.tools.config, close=rung.check is Check.RETRY and times > 0)
        elif path is not None and rung.path is not None:
            result = around.result_of(judged)
            if result is not None:
                weight = options.canary_weight(found, judged.outcome.sent_at)
                finding = around.finding(path, rung.path, result, weight, self.tools.config)
        findings = (finding,) if finding is not None else ()
        return Piece(ladder.title(rung), words, findings=findings, outcome_id=judged.outcome.id, live=True)
