"""The paid ladder against the stand-in: each rung an outcome of its own, within the cap, and no blind repeat."""

import asyncio
import contextlib
import dataclasses
import datetime as dt
import sqlite3

import pytest
import triage_samples as samples

from probe import clock, model, records, run
from probe.config.schema import TierSpec
from probe.inference.causes import Cause, Check
from probe.records import history
from probe.triage import diagnosis, live, offline, subject

QUALITIES = ("low", "medium", "high")
START = dt.datetime(2026, 8, 13, 2, 0, tzinfo=dt.UTC)

SCENE = """
start = 2026-08-13T02:00:00Z
[[channel]]
name = "vip"
model = "gpt-image-2-vip"
personality = "shell-api"
refusal = "shell-api-unknown-error"
[[channel]]
name = "official"
model = "gpt-image-2"
[[steady]]
success = 1.0
latency_s = { median = 5, sigma = 0 }
"""
FAILING = """
[[steady]]
channel = "vip"
success = 0.0
failures = { processing_error = 1.0 }
"""


@dataclasses.dataclass
class Recorded:
    """A fast clock that remembers how long it was asked to sleep."""

    inner: clock.FastClock
    slept: list[float] = dataclasses.field(default_factory=list)

    @property
    def speed(self):
        return self.inner.speed

    def now(self):
        return self.inner.now()

    def monotonic_s(self):
        return self.inner.monotonic_s()

    async def sleep(self, seconds):
        self.slept.append(seconds)
        await self.inner.sleep(seconds)


@pytest.fixture
def climb(standin, tmp_path, monkeypatch):
    """Climb the ladder for a failure on vip/2k-high; (diagnosis, the clock's sleeps)."""
    monkeypatch.setenv("TRIAGE_KEY", samples.KEY)

    def go(scene=SCENE, about=None, max_usd=1.0, usd_per_day=50.0, **fields):
        url = standin(scene, 150.0)
        config = samples.config(tmp_path, url, usd_per_day=usd_per_day)
        # Nano Banana has no part in these scenes.
        # Pictures of the smallest legal size, whatever the tier: they are made and decoded for real.
        small = {f"{k}k-{quality}": TierSpec(size="1024x640", quality=quality) for k in "12" for quality in QUALITIES}
        config = config.model_copy(update={"channel": config.channel[:2], "tiers": small})
        about = about or samples.about(prompt=samples.PROMPT)
        about = dataclasses.replace(about, sent_at=START, tier="2k-high")
        time = Recorded(clock.FastClock(START, 150.0))

        async def climbing():
            with records.open(tmp_path / "tierwatch.db") as book:
                tools = run.tools(config, time, book)
                prompt_id = subject.hashed(samples.PROMPT, book.prompt_key())
                try:
                    found = offline.examine(about, None, config)
                    return await live.Climb(tools, found, max_usd, prompt_id, **fields).up()
                finally:
                    await run.close(tools)

        return asyncio.run(climbing()), time.slept

    return go


@pytest.fixture
def stored(tmp_path):
    def read():
        with history.open(tmp_path / "tierwatch.db") as past:
            return list(past.outcomes())

    return read


def test_a_moderated_prompt_disguised_as_a_500_is_found_out_by_a_repeat_and_a_canary(climb, stored):
    found, _ = climb()
    assert (found.cause, found.now.sure) == (Cause.CONTENT, True)
    assert found.stopped == "sure enough"
    assert {one.outcome.trigger for one in stored()} == {model.Trigger.TRIAGE}
    assert len(stored()) == len([piece for piece in found.pieces if piece.live])


def test_trouble_on_the_path_is_told_from_the_prompt(climb):
    found, _ = climb(SCENE + FAILING, samples.about(prompt="a harmless harbour"))
    assert found.now.p[Cause.CONTENT] < 0.1


def test_the_textbook_order_is_retries_downscale_switch_then_canaries(climb):
    found, slept = climb(SCENE + FAILING, samples.about(prompt="a harmless harbour"), max_usd=5.0, forced=True)
    assert [piece.name for piece in found.pieces if piece.live] == [
        "back-off retry on vip/2k-high",
        "back-off retry on vip/2k-high",
        "back-off retry on vip/2k-high",
        "downscale on vip/2k-medium",
        "downscale on vip/1k-high",
        "switch channel on official/2k-high",
        "known-good canary on vip/2k-high",
        "canary on official/2k-high",
    ]
    assert slept == [1.0, 2.0, 4.0]
    assert found.stopped == "no rung is left"


def test_a_retry_that_succeeds_is_not_repeated(climb):
    found, _ = climb(SCENE, samples.about(prompt="a harmless harbour"), max_usd=5.0, forced=True)
    assert sum(piece.check is Check.RETRY for piece in found.pieces) == 1


def test_a_pause_that_the_reply_asks_for_is_kept(climb):
    busy = model.Evidence(status=429, headers={"retry-after": "9"}, text="Rate limit exceeded")
    _, slept = climb(SCENE + FAILING, samples.about(busy, prompt="a harbour"), max_usd=5.0, forced=True)
    assert slept == [9.0, 9.0, 9.0]


def test_no_more_is_spent_than_the_person_allows(climb, stored):
    found, _ = climb(max_usd=0.07, forced=True)
    assert found.spent_usd <= 0.07
    assert found.stopped == "the next rung would pass --max-cost 0.07"
    assert sum(one.outcome.price_usd for one in stored()) == pytest.approx(found.spent_usd)


def test_the_days_cap_holds_for_triage_too(climb, stored):
    found, _ = climb(usd_per_day=0.05, forced=True)
    assert found.stopped.startswith("the day's budget is spent")
    assert len(stored()) == 1


def test_what_was_found_until_ctrl_c_is_kept_with_what_it_cost(climb, stored):
    def interrupt(_words):
        if len(stored()) == 2:
            asyncio.current_task().cancel()

    found, _ = climb(SCENE + FAILING, samples.about(prompt="a harbour"), max_usd=5.0, forced=True, say=interrupt)
    assert (found.stopped, sum(piece.live for piece in found.pieces)) == (diagnosis.INTERRUPTED, 2)
    assert found.spent_usd == pytest.approx(0.06)


def test_a_request_cut_off_in_flight_counts_as_spent(climb, stored, monkeypatch):
    async def hang(*_):
        asyncio.current_task().cancel()
        await asyncio.sleep(60)

    monkeypatch.setattr(run, "probe", hang)
    found, _ = climb(SCENE, samples.about(prompt="a harbour"), max_usd=5.0, forced=True)
    assert (found.stopped, found.spent_usd) == (diagnosis.INTERRUPTED, 0.03)
    assert found.pieces[-1].check is Check.RETRY
    assert found.pieces[-1].words == "cut off in flight; it may be billed"


def test_without_the_prompt_only_canaries_are_sent(climb, stored):
    found, _ = climb(SCENE + FAILING, samples.about(), max_usd=5.0, forced=True)
    assert {piece.check for piece in found.pieces if piece.live} == {Check.CANARY, Check.OTHER_CANARY}
    assert not any(one.outcome.prompt_id.startswith(model.OWN_PROMPT) for one in stored())


def test_failures_of_the_callers_prompt_do_not_count_against_the_channel(climb, stored):
    climb(max_usd=5.0, forced=True)
    own = [one for one in stored() if one.outcome.own and not one.ok]
    assert own
    assert {model.health(one) for one in own} == {None}
    assert {one.outcome.excluded for one in own} == {model.Exclusion.OWN_CONTENT}


def test_neither_prompt_nor_key_is_kept_or_logged(climb, tmp_path, caplog, capsys):
    caplog.set_level(0)
    climb(max_usd=5.0, forced=True)
    with contextlib.closing(sqlite3.connect(tmp_path / "tierwatch.db")) as connection:
        dump = "\n".join(connection.iterdump())
    for text in (dump, caplog.text, "".join(capsys.readouterr())):
        assert samples.PROMPT not in text
        assert samples.KEY not in text


def test_an_edit_is_repeated_with_its_own_reference_picture(climb, stored):
    from probe import prompts

    about = samples.about(prompt="a harbour at dusk", reference=prompts.reference_picture())
    climb(SCENE, about, max_usd=0.05, forced=True)
    (one,) = stored()
    assert (one.outcome.evidence.order.operation, one.ok) == ("edit", True)
