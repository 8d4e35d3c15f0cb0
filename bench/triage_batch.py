"""How well a batch of failures is sorted into piles, and whether anything that was billed would be paid again.

    python bench/triage_batch.py [--batches 5] [--seed 1]

Each batch is a job of 5,000 requests of which about a tenth fail for mixed reasons. Exit 1 where less than 95 % are
sorted right or a billed one is resent.
"""

import argparse
import dataclasses
import datetime as dt
import pathlib
import random
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator

from probe import config as configs
from probe import model, taxonomy
from probe.config import schema
from probe.inference import causes
from probe.triage import batch
from probe.triage.diagnosis import Piece

START = dt.datetime(2026, 8, 13, tzinfo=dt.UTC)
REQUESTS = 5000
MINUTES = 300.0
VIP, OFFICIAL, LIGHT = model.Path("vip", "4k-high"), model.Path("official", "4k-high"), model.Path("vip", "1k-low")

CONFIG = """
[[channel]]
name = "vip"
protocol = "openai-images"
base_url = "https://vip.example/v1"
model = "gpt-image-2-vip"
key_env = "KEY"
price_usd = 0.03
[[channel]]
name = "official"
protocol = "openai-images"
base_url = "https://official.example/v1"
model = "gpt-image-2"
key_env = "KEY"
"""

REPLIES = {
    "moderation": (400, '{"error": {"message": "Your request was rejected by the safety system.", "code": "moderation_blocked"}}'),
    "processing": (500, '{"error": {"message": "An error occurred while processing your request.", "type": "server_error"}}'),
    "unknown": (500, '{"error": {"message": "Unknown error", "type": "shell_api_error"}}'),
    "quota": (403, '{"error": {"message": "user quota is not enough", "code": "insufficient_user_quota"}}'),
    "pool": (503, '{"error": {"message": "No available channel for model gpt-image-2-vip", "code": "model_not_found"}}'),
    "proxy": (504, "<html><h1>504 Gateway Time-out</h1></html>"),
}  # fmt: skip


@dataclasses.dataclass(frozen=True)
class Truth:
    """What is right for one failure."""

    why: str
    pile: str
    billed: bool = False


def outcome(name: str, minute: float, reply: str | None, prompt: str, path: model.Path = VIP, **fields) -> model.Judged:
    """An outcome of own traffic; `reply` None: a picture."""
    status, text = REPLIES[reply] if reply else (200, '{"data": [{"b64_json": "<1000 base64 characters>"}]}')
    elapsed_s = {"proxy": 60.1, "moderation": 3.0, "quota": 0.4, "pool": 0.3}.get(reply or "", 85.0)
    evidence = taxonomy.evidence_of({"status": status, "body": text, "elapsed_s": elapsed_s})
    trigger = fields.pop("trigger", model.Trigger.OWN_TRAFFIC)
    at = START + dt.timedelta(minutes=minute)
    made = model.Outcome(name, path, trigger, at, evidence, prompt_id=prompt, **fields)
    return model.Judged(made, taxonomy.judge(evidence))


class Job:
    """One batch: when its troubles were, which prompts are bad, and what became of each request."""

    def __init__(self, draw: random.Random) -> None:
        self.draw = draw
        self.everywhere = draw.random() < 0.25  # the incident hits the other channel too, and lasts longer
        self.incident = self.window(45, 70) if self.everywhere else self.window(12, 25)
        self.pool = self.window(1, 5)
        self.account = self.window(1, 3)
        self.has_log = draw.random() < 0.75  # the gateway's log can be asked
        self.severity = draw.uniform(0.5, 0.8) if self.everywhere else draw.uniform(0.35, 0.8)
        self.explicit = draw.uniform(0.015, 0.035)  # of prompts
        self.disguised = draw.uniform(0.001, 0.003)
        self.one_off = draw.uniform(0.004, 0.010)
        self.proxied = draw.uniform(0.004, 0.010)  # cut at 60 s, made and billed
        self.stalled = draw.uniform(0.001, 0.003)  # the same to the caller, and not billed

    def window(self, low: float, high: float) -> tuple[float, float]:
        length = self.draw.uniform(low, high)
        begins = self.draw.uniform(0, MINUTES - length)
        return begins, begins + length

    def requests(self) -> Iterator[tuple[model.Judged, Truth | None]]:
        """Every prompt is drawn twice, in two variations one after the other."""
        for number in range(REQUESTS):
            if number % 2 == 0:
                fate = self.draw.random()
                bad = (
                    "moderation"
                    if fate < self.explicit
                    else "unknown"
                    if fate < self.explicit + self.disguised
                    else None
                )
            minute = MINUTES * number / REQUESTS
            reply, truth = self.fate(minute, bad)
            yield outcome(f"job-{number}", minute, reply, f"own-{number // 2:016x}"), truth

    def fate(self, minute: float, bad: str | None) -> tuple[str | None, Truth | None]:
        draw = self.draw
        if within(minute, self.account):
            return "quota", Truth("account", "fix-account")
        if bad is not None:
            return bad, Truth("explicit" if bad == "moderation" else "disguised", "rewrite")
        if within(minute, self.pool):
            return "pool", Truth("pool", "resend")
        if within(minute, self.incident) and draw.random() < self.severity:
            return "processing", Truth("incident", "wait" if self.everywhere else "resend")
        for share, reply, truth in (
            (self.one_off, draw.choice(("processing", "unknown")), Truth("one-off", "resend")),
            (self.proxied, "proxy", Truth("proxied", "billed-and-lost" if self.has_log else "undecided", billed=True)),
            (self.stalled, "proxy", Truth("stalled", "resend" if self.has_log else "undecided")),
        ):
            if draw.random() < share:
                return reply, truth
        return None, None

    def canaries(self) -> Iterator[model.Judged]:
        """The daemon's own, as the plan would send them."""
        for path, every in ((VIP, 20.0), (LIGHT, 20.0), (OFFICIAL, 20.0)):
            minute = self.draw.uniform(0, every)
            while minute < MINUTES:
                reply, _ = self.fate(minute, None)
                if path is OFFICIAL and not (self.everywhere and within(minute, self.incident)):
                    reply = None
                if path is LIGHT and reply == "processing" and self.draw.random() < 0.6:
                    reply = None
                yield outcome(f"{path}-{minute}", minute, reply, "harbour-1", path, trigger=model.Trigger.SCHEDULED)
                minute += every

    def seen_elsewhere(self, canaries: list[model.Judged]) -> bool:
        """Did at least half of the other channel's canaries within the incident fail?"""
        minutes = [((one.outcome.sent_at - START).total_seconds() / 60, one) for one in canaries]
        there = [one.ok for minute, one in minutes if one.outcome.path == OFFICIAL and within(minute, self.incident)]
        return not there or there.count(False) >= len(there) / 2


def within(minute: float, window: tuple[float, float]) -> bool:
    return window[0] <= minute < window[1]


def logged(truth: Truth) -> Piece:
    """What the gateway's log says of a request that was cut."""
    if truth.billed:
        return Piece(
            "vip's log", "finished after 92 s, billed $0.03: the picture was made and lost", causes.Clue.LOST, live=True
        )
    return Piece(
        "vip's log", "failed there too after 60 s (bad_response), not billed", causes.Clue.LOG_FAILED, live=True
    )


def run(config: schema.Config, seed: int) -> tuple[Counter[tuple[str, str, bool]], int, int]:
    """((why, pile, right) counts, resent though billed, failures) of one batch."""
    job = Job(random.Random(seed))
    made = list(job.requests())
    truths = {judged.outcome.id: truth for judged, truth in made if truth is not None}
    failed = tuple((n, judged) for n, (judged, truth) in enumerate(made, start=1) if truth is not None)
    succeeded = tuple(judged for judged, truth in made if truth is None)
    cut = {name: truth for name, truth in truths.items() if truth.why in {"proxied", "stalled"}}
    asked = {name: logged(truth) for name, truth in cut.items()} if job.has_log else {}
    canaries = list(job.canaries())
    items = batch.sort(batch.Batch(failed, succeeded), canaries, config, asked)
    counts: Counter[tuple[str, str, bool]] = Counter()
    twice, unseen = 0, not job.seen_elsewhere(canaries)
    for item in items:
        truth = truths[item.judged.outcome.id]
        twice += item.pile == "resend" and truth.billed
        # An incident that hits the other channel too cannot be known where that one's canaries got through.
        right = item.pile == truth.pile or (truth.pile == "wait" and unseen and item.pile == "resend")
        counts[truth.why, item.pile, right] += 1
    return counts, twice, len(failed)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--batches", type=int, default=5)
    parser.add_argument("--seed", type=int, default=1)
    asked = parser.parse_args()
    with tempfile.NamedTemporaryFile("w", suffix=".toml") as file:
        file.write(CONFIG)
        file.flush()

        config = configs.load(pathlib.Path(file.name))
    total: Counter[tuple[str, str, bool]] = Counter()
    twice = 0
    for number in range(asked.batches):
        counts, paid, failures = run(config, asked.seed * 1000 + number)
        right = sum(n for (_, _, is_right), n in counts.items() if is_right)
        print(f"batch {number + 1}: {failures} failures of {REQUESTS}, {right / failures:.1%} right, {paid} paid twice")
        total += counts
        twice += paid
    for (why, pile, is_right), n in sorted(total.items()):
        print(f"  {why:10} -> {pile:16}{n:6}{'' if is_right else '   wrong'}")
    right = sum(n for (_, _, is_right), n in total.items() if is_right) / total.total()
    print(f"{right:.1%} of {total.total()} sorted right, {twice} paid twice")
    return 1 if right < 0.95 or twice else 0


if __name__ == "__main__":
    sys.exit(main())
