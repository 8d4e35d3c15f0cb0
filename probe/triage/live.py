"""The paid part of triage: climbs the ladder rung by rung, each a canary of its own under the shared ledger.

Next is the rung with the most information per dollar, or the textbook order where that is forced. It stops
when a cause is sure, when no rung is worth its price, or at the cap.
"""

import asyncio
import dataclasses
from collections.abc import Callable

from probe import model, records, run
from probe.inference import causes
from probe.inference.causes import Check
from probe.triage import around, evidence, ladder, offline, options
from probe.triage.diagnosis import INTERRUPTED, Diagnosis, Piece
from probe.triage.ladder import Rung

CUT_OFF = "cut off in flight; it may be billed"
"""What is found of a rung until its answer is here, and all that is where there is none."""


@dataclasses.dataclass(slots=True)
class Climb:
    """One climb. `found` has every rung so far as evidence; `prompt_id` is the hash of the caller's prompt."""

    tools: run.Tools
    found: Diagnosis
    max_usd: float
    prompt_id: str
    forced: bool = False
    say: Callable[[str], None] = lambda _words: None

    async def up(self) -> Diagnosis:
        """Climb until sure, out of rungs, out of money, or cancelled; what was found until then is never lost."""
        try:
            while isinstance(next_ := self._next(), Rung):
                await self._try(next_)
            stopped = next_
        except records.BudgetExhausted as error:
            stopped = f"the day's budget is spent: {error}"
        except asyncio.CancelledError:
            stopped = INTERRUPTED
        return dataclasses.replace(self.found, stopped=stopped)

    async def _try(self, rung: Rung) -> None:
        """Wait where the checklist says so, send once, and weigh what came of it."""
        if rung.check is Check.RETRY:
            asked_s = self.found.about.verdict.retry_after_s if self.found.about.verdict else None
            times = options.times(self.found, Check.RETRY)
            await self.tools.clock.sleep(max(ladder.RETRY_WAITS_S[times], asked_s or 0.0))
        before = self.found
        cut_off = Piece(ladder.title(rung), CUT_OFF, check=rung.check)
        self._spend(offline.with_pieces(before, [cut_off]), rung.price_usd)
        try:
            judged = await run.probe(self._canary(rung), self.tools)
        except records.BudgetExhausted:
            self.found = before
            raise
        piece = self._piece(rung, judged)
        self._spend(offline.with_pieces(before, [piece]), judged.outcome.price_usd)
        cause, p = self.found.now.lead
        self.say(f"{piece.name}: {piece.words}  -> {cause} {p:.2f}, ${self.found.spent_usd:.2f} spent")

    def _spend(self, found: Diagnosis, usd: float) -> None:
        self.found = dataclasses.replace(found, spent_usd=found.spent_usd + usd)

    def _next(self) -> Rung | str:
        """The next rung, or why there is none."""
        if self.found.about.path is None:
            return "where it was sent is not known, so nothing can be: add --channel NAME --tier NAME"
        left = options.left(self.found, self.tools.config, forced=self.forced)
        affordable = [rung for rung in left if self.found.spent_usd + rung.price_usd <= self.max_usd + 1e-9]
        if not affordable:
            return f"the next rung would pass --max-cost {self.max_usd:g}" if left else "no rung is left"
        if self.forced:
            return affordable[0]
        best = options.best(self.found, affordable, self.tools.config, self.tools.clock.now())
        return best or ("sure enough" if self.found.now.sure else "no rung is worth its price")

    def _canary(self, rung: Rung) -> model.Canary:
        """A canary of the rotation, or the caller's own request again."""
        if rung.path is None:
            raise ValueError(f"{rung.name} has no path")
        about = self.found.about
        canary = run.canary(self.tools.config, rung.path, model.Trigger.TRIAGE, self.tools.clock.now())
        if rung.check not in causes.REPEATS or about.prompt is None:
            return canary
        known = about.outcome.prompt_id if about.canary and about.outcome is not None else self.prompt_id
        edit = about.reference is not None
        order = dataclasses.replace(canary.order, operation="edit") if edit else canary.order
        return dataclasses.replace(canary, order=order, prompt=about.prompt, prompt_id=known, reference=about.reference)

    def _piece(self, rung: Rung, judged: model.Judged) -> Piece:
        """What the rung found, in words and as a finding; no finding where our own side was at fault."""
        found = self.found
        path, config, elapsed_s = found.about.path, self.tools.config, judged.outcome.evidence.elapsed_s
        finding = None
        if path is not None and rung.check in causes.REPEATS:
            again = rung.check is Check.RETRY and options.times(found, Check.RETRY) > 0
            finding = evidence.of_repeat(path, judged, config, close=again)
        elif path is not None:
            months = found.near.months if found.near is not None else {}
            finding = around.finding(path, judged, options.canary_weight(found, judged.outcome.sent_at), config, months)
        words = evidence.kind_of(judged) + (f" after {elapsed_s:.0f} s" if elapsed_s is not None else "")
        sent = "the same request" if rung.check in causes.REPEATS else "a canary"
        return Piece(
            ladder.title(rung),
            words,
            findings=(finding,) if finding is not None else (),
            outcome_id=judged.outcome.id,
            check=rung.check,
            live=True,
            brief=f"{sent} {'passed' if judged.ok else 'failed'} on {rung.path}",
        )
