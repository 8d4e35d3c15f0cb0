"""The paid part of triage: climbs the ladder rung by rung, each a canary of its own under the shared ledger.

Next is the rung with the most information per dollar, or the textbook order where that is forced. It stops
when a cause is sure, when no rung is worth its price, or at the cap.
"""

import dataclasses
from collections.abc import Callable

from probe import model, records, run
from probe.inference import causes
from probe.inference.causes import Check
from probe.triage import around, evidence, ladder, offline, options
from probe.triage.diagnosis import Diagnosis, Piece
from probe.triage.ladder import Rung


@dataclasses.dataclass(slots=True)
class Climb:
    """One climb. `prompt_id` is the hash of the caller's prompt; `stopped` says why it ended."""

    tools: run.Tools
    max_usd: float
    prompt_id: str
    forced: bool = False
    say: Callable[[str], None] = lambda _words: None
    spent_usd: float = 0.0
    stopped: str = ""

    async def up(self, found: Diagnosis) -> Diagnosis:
        """Climb until sure, out of rungs, or out of money; returns the diagnosis with every rung as evidence."""
        while (rung := self._next(found)) is not None:
            try:
                judged = await self._send(found, rung)
            except records.BudgetExhausted as error:
                self.stopped = f"the day's budget is spent: {error}"
                break
            piece, price_usd = self._piece(found, rung, judged), judged.outcome.price_usd
            self.spent_usd += price_usd
            found = offline.with_pieces(found, [piece], price_usd)
            cause, p = found.now.lead
            self.say(f"{piece.name}: {piece.words}  -> {cause} {p:.2f}, ${self.spent_usd:.2f} spent")
        return found

    def _next(self, found: Diagnosis) -> Rung | None:
        """The next rung, or None with the reason in `stopped`."""
        left = options.left(found, self.tools.config, forced=self.forced)
        affordable = [rung for rung in left if self.spent_usd + rung.price_usd <= self.max_usd + 1e-9]
        if not affordable:
            self.stopped = f"the next rung would pass --max-cost {self.max_usd:g}" if left else "no rung is left"
            return None
        if self.forced:
            return affordable[0]
        best = options.best(found, affordable, self.tools.config, self.tools.clock.now())
        if best is None:
            self.stopped = "sure enough" if found.now.sure else "no rung is worth its price"
        return best

    async def _send(self, found: Diagnosis, rung: Rung) -> model.Judged:
        """Wait where the checklist says so, and send once."""
        if rung.check is Check.RETRY:
            asked_s = found.about.verdict.retry_after_s if found.about.verdict else None
            times = options.times(found, Check.RETRY)
            await self.tools.clock.sleep(max(ladder.RETRY_WAITS_S[times], asked_s or 0.0))
        return await run.probe(self._canary(found, rung), self.tools)

    def _canary(self, found: Diagnosis, rung: Rung) -> model.Canary:
        """A canary of the rotation, or the caller's own request again."""
        if rung.path is None:
            raise ValueError(f"{rung.name} has no path")
        about = found.about
        canary = run.canary(self.tools.config, rung.path, model.Trigger.TRIAGE, self.tools.clock.now())
        if rung.check not in causes.REPEATS or about.prompt is None:
            return canary
        known = about.outcome.prompt_id if about.canary and about.outcome is not None else self.prompt_id
        edit = about.reference is not None
        order = dataclasses.replace(canary.order, operation="edit") if edit else canary.order
        return dataclasses.replace(canary, order=order, prompt=about.prompt, prompt_id=known, reference=about.reference)

    def _piece(self, found: Diagnosis, rung: Rung, judged: model.Judged) -> Piece:
        """What the rung found, in words and as a finding; no finding where our own side was at fault."""
        path, config, elapsed_s = found.about.path, self.tools.config, judged.outcome.evidence.elapsed_s
        finding = None
        if path is not None and rung.check in causes.REPEATS:
            again = rung.check is Check.RETRY and options.times(found, Check.RETRY) > 0
            finding = evidence.of_repeat(path, judged, config, close=again)
        elif path is not None:
            finding = around.finding(path, judged, options.canary_weight(found, judged.outcome.sent_at), config)
        words = evidence.kind_of(judged) + (f" after {elapsed_s:.0f} s" if elapsed_s is not None else "")
        findings = (finding,) if finding is not None else ()
        return Piece(
            ladder.title(rung), words, findings=findings, outcome_id=judged.outcome.id, check=rung.check, live=True
        )
