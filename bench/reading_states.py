"""Twenty states to write first screens of: what the channels do, and what a reader should answer."""

import dataclasses
import datetime as dt
import json

from probe import model, plan
from probe.records import rows
from probe.standin import past, scenario

NOW = dt.datetime(2026, 11, 24, 9, 40, tzinfo=dt.UTC)
TWO_WEEKS = dt.timedelta(days=14)

CONFIG = """
[budget]
usd_per_day = {usd_per_day}

[[channel]]
name = "vip"
protocol = "openai-images"
base_url = "http://127.0.0.1/v1"
model = "gpt-image-2-vip"
key_env = "VIP_KEY"
price_usd = 0.03
tiers = ["1k-low", "2k-high", "4k-high"]
interval = "30m"
target_success = {target_success}
upstream = "{upstream}"

[[channel]]
name = "official"
protocol = "openai-images"
base_url = "http://127.0.0.1/v1"
model = "gpt-image-2"
key_env = "OFFICIAL_KEY"
price_usd = "tokens"
tiers = ["1k-low", "2k-high", "4k-high"]
interval = "1h"
deadline_s = 600
upstream = "{upstream}"

[[channel]]
name = "nano"
protocol = "gemini"
base_url = "http://127.0.0.1"
model = "gemini-3.1-flash-image"
key_env = "NANO_KEY"
price_usd = "tokens"
tiers = ["1k-low", "2k-high", "4k-high"]
interval = "1h"

[[job]]
name = "nightly-batch"
tiers = ["4k-high"]
images_per_month = 50000
"""

STEADY = (
    {"channel": "vip", "success": 0.985, "latency_s": {"median": 90, "sigma": 0.25}},
    {"channel": "vip", "tier": "1k-*", "latency_s": {"median": 45, "sigma": 0.25}},
    {"channel": "official", "success": 0.993, "latency_s": {"median": 60, "sigma": 0.3}},
    {"channel": "official", "tier": "*-high", "latency_s": {"median": 160, "sigma": 0.25}},
    {"channel": "nano", "success": 0.985, "latency_s": {"median": 25, "sigma": 0.3}},
    {"channel": "nano", "tier": "4k-*", "latency_s": {"median": 55, "sigma": 0.3}},
)
FAILING = {"processing_error": 0.7, "timeout": 0.3}
NO_SPREAD = "no"


def today(hour, minute=0):
    return NOW.replace(hour=hour, minute=minute)


def incident(channel, tier, begins, ends=None, **does):
    """A row of a scenario; without an end it is still on."""
    ends = ends or NOW + dt.timedelta(days=1)
    does = {"failures": FAILING, **does} if "success" in does else does
    return {"channel": channel, "tier": tier, "from": begins, "until": ends, **does}


@dataclasses.dataclass(frozen=True)
class Own:
    """Own traffic on a path over the last so many hours: `prompts` of `requests` are refused for their content."""

    path: model.Path
    hours: float
    every_minutes: float
    refused_prompts: int = 0
    refused_every: int = 4

    def outcomes(self, config, played, seed):
        line = next(line for line in plan.plan(config).lines if line.path == self.path)
        at, number = NOW - dt.timedelta(hours=self.hours), 10_000
        while at < NOW - dt.timedelta(minutes=1):
            refused = self.refused_prompts and number % self.refused_every == 0
            world = REFUSING if refused else played
            one = past.judged(config, line, world, at, number, seed)
            prompt = f"own-bad-{number // self.refused_every % self.refused_prompts}" if refused else f"own-{number}"
            outcome = dataclasses.replace(
                one.outcome, trigger=model.Trigger.OWN_TRAFFIC, prompt_id=prompt, source="recorder"
            )
            yield dataclasses.replace(one, outcome=outcome)
            at, number = at + dt.timedelta(minutes=self.every_minutes), number + 1


REFUSING = scenario.parse({"steady": [{"channel": "*", "success": 0.0, "failures": {"moderation_output": 1.0}}]})


@dataclasses.dataclass(frozen=True)
class State:
    """What is so, and the right answers: `what`, `since`, `spreading`, `whose_fault`, `what_to_do`, `cost`."""

    name: str
    truth: dict
    incidents: tuple = ()
    steady: tuple = ()
    watched: dt.timedelta = TWO_WEEKS  # how long the daemon has run; 0: never
    stopped: dt.timedelta = dt.timedelta()  # how long ago it ended
    own: tuple = ()
    triages: tuple = ()
    by_hand: tuple = ()  # (when, path, count) of canaries asked for by hand
    usd_per_day: float = 40.0
    target_success: float = 0.90
    upstream: str = ""
    seed: int = 3

    def config(self):
        return CONFIG.format(usd_per_day=self.usd_per_day, target_success=self.target_success, upstream=self.upstream)

    def scenario(self):
        return {"name": self.name, "steady": [*STEADY, *self.steady], "incident": list(self.incidents)}

    def own_traffic(self, config):
        played = scenario.parse(self.scenario())
        return [one for own in self.own for one in own.outcomes(config, played, self.seed)]


def answers(what, since, spreading, whose_fault, what_to_do, cost):
    return {
        "what": what,
        "since": since,
        "spreading": spreading,
        "whose_fault": whose_fault,
        "what_to_do": what_to_do,
        "cost": cost,
    }


def unanswered_screen(hour):
    evidence = [{"name": "pre-screen", "words": "not checked: HTTP 503", "live": False}]
    return rows.Triage("t1", "own-request", today(hour), json.dumps({"evidence": evidence}))


VIP_4K = model.Path("vip", "4k-high")

STATES = (
    State(
        "degraded 4K only",
        answers(
            "vip/4k-high fails about half of its requests (range shown on the screen)",
            "02:20 UTC today; the range on the screen holds it",
            "no: vip 1k-low and 2k-high are fine, so are the other channels",
            "the vip route (channel), not the prompts",
            "",
            "",
        ),
        (incident("vip", "4k-high", today(2, 20), success=0.5),),
    ),
    State(
        "2K and 4K",
        answers(
            "vip/4k-high and vip/2k-high fail (most of 4K, less of 2K)",
            "4K since 02:00 UTC, 2K since 05:30 UTC (ranges on the screen)",
            "yes: from 4K to 2K; not to 1K",
            "the vip route, not the prompts",
            "2K likewise",
            "",
        ),
        (
            incident("vip", "4k-high", today(2), success=0.35),
            incident("vip", "2k-high", today(5, 30), success=0.5),
        ),
    ),
    State(
        "all tiers of one channel",
        answers(
            "all three tiers of vip fail",
            "06:10 UTC today (range on the screen)",
            "yes: all tiers of vip; not to the other channels",
            "the vip route, not the prompts",
            "leave vip at every tier: official for 1K, nano for 2K",
            "",
        ),
        (incident("vip", "*", today(6, 10), success=0.3),),
    ),
    State(
        "two channels that share an upstream, 4K on both",
        answers(
            "vip/4k-high and official/4k-high fail",
            "04:00 UTC today (range on the screen)",
            "yes: to two channels at 4K; not to their 2K or 1K, not to nano",
            "the upstream that vip and official share, not the prompts",
            "",
            "",
        ),
        (
            incident("vip", "4k-high", today(4), success=0.4),
            incident("official", "4k-high", today(4), success=0.4),
        ),
        upstream="azure-eu",
    ),
    State(
        "everything down",
        answers(
            "every channel at every tier fails nearly always",
            "07:30 UTC today (range on the screen)",
            "yes: everywhere",
            "the upstream of all, or the user's own network; not the prompts",
            "wait (no channel is healthy), check the own network",
            "sending now mostly loses pictures; price of the fall-back not worth much",
        ),
        (incident("*", "*", today(7, 30), success=0.03, failures={"gateway_error": 0.6, "timeout": 0.4}),),
    ),
    State(
        "slow only",
        answers(
            "vip/4k-high is about 2.2 times as slow; it does not fail more than usual",
            "03:30 UTC today (range on the screen)",
            "no",
            "the vip route",
            "vip still delivers",
            "",
        ),
        (incident("vip", "4k-high", today(3, 30), latency_factor=2.2),),
    ),
    State(
        "recovering",
        answers(
            "vip/4k-high was failing about two thirds; the latest canaries succeed, not yet sure to be over",
            "from 03:00 UTC; the trouble truly ended at 09:08",
            "no",
            "the vip route",
            "",
            "",
        ),
        (incident("vip", "4k-high", today(3), today(9, 8), success=0.35),),
    ),
    State(
        "recovered today",
        answers(
            "nothing now; vip/4k-high was degraded this morning and is healthy again",
            "it was on from about 00:30 to 04:30 UTC",
            NO_SPREAD,
            "nobody's now",
            "nothing",
            "",
        ),
        (incident("vip", "4k-high", today(0, 30), today(4, 30), success=0.2),),
    ),
    State(
        "refusing",
        answers(
            "nano/4k-high refuses every prompt",
            "00:30 UTC today, seen some canaries later",
            "no: other tiers of nano are fine",
            "nano's moderation, not the prompts and no outage",
            "",
            "",
        ),
        (incident("nano", "4k-high", today(0, 30), success=0.0, failures={"moderation_output": 1.0}),),
    ),
    State(
        "below target, standing",
        answers(
            "vip/4k-high delivers about 88 % of the promised 97 %; nothing new is degraded",
            "for all of the two weeks",
            NO_SPREAD,
            "the supplier of vip misses its target",
            "nothing at once; complain to the supplier",
            "",
        ),
        steady=({"channel": "vip", "tier": "4k-high", "success": 0.86, "failures": FAILING},),
        target_success=0.97,
    ),
    State(
        "content faults in own traffic only",
        answers(
            "no channel is degraded; some own prompts are refused for their content",
            "in the last 8 hours",
            NO_SPREAD,
            "the own prompts (their content), not the channel",
            "rewrite those prompts",
            "",
        ),
        own=(Own(VIP_4K, 8, 4, refused_prompts=6),),
    ),
    State(
        "account fault",
        answers(
            "vip has no access: the quota is used up",
            "07:00 UTC today, seen at its next canary",
            "all tiers of vip, no other channel",
            "the own account at vip (top it up), not the channel's health",
            "top up vip's account; meanwhile official for 1K, nano for 2K",
            "",
        ),
        (incident("vip", "*", today(7), success=0.0, failures={"quota_exhausted": 1.0}),),
    ),
    State(
        "no data",
        answers(
            "nothing is known: no canary was ever sent",
            "nothing to date",
            "not known",
            "not known",
            "start the daemon; nothing is recommended",
            "not known",
        ),
        watched=dt.timedelta(),
    ),
    State(
        "few data",
        answers(
            "nothing is known to be degraded; far too few canaries to call anything fine",
            "watched for three hours only",
            "not known",
            "nobody's",
            "wait for more canaries; what is recommended rests on very few",
            "not known well",
        ),
        watched=dt.timedelta(hours=3),
    ),
    State(
        "moderation pre-screen unchecked",
        answers(
            "all channels healthy; the moderation pre-screen could not be asked",
            "pre-screen unanswered at 04:00 UTC",
            NO_SPREAD,
            "nobody's; whether prompts are flagged is not known",
            "ask the pre-screen again",
            "",
        ),
        triages=(unanswered_screen(4),),
        own=(Own(VIP_4K, 2, 10),),
    ),
    State(
        "budget gone",
        answers(
            "nothing seen since about 02:10 UTC: the day's budget is used up, so no canaries go out",
            "02:10 UTC",
            "not known",
            "nobody's; the own budget",
            "raise the budget or wait until 00:00 UTC; do not take the paths for fine",
            "$8 of $8 used",
        ),
        by_hand=((today(2, 10), model.Path("official", "4k-high"), 60),),
        usd_per_day=27.0,
    ),
    State(
        "daemon stopped",
        answers(
            "nobody is watching: the daemon ended at 03:40 UTC; before, vip/4k-high was degraded",
            "degraded since 00:20 UTC; blind since 03:40 UTC",
            "not known now",
            "the vip route, as far as was seen",
            "start the daemon again",
            "old numbers",
        ),
        (incident("vip", "4k-high", today(0, 20), success=0.3),),
        stopped=dt.timedelta(hours=6),
    ),
    State(
        "route change with smaller pictures",
        answers(
            "vip/4k-high delivers pictures of 1254x1254 in place of 3840x2160",
            "06:00 UTC today (range on the screen)",
            "no: 2K and 1K come as ordered",
            "the vip route (another route behind it), not the prompts",
            "",
            "",
        ),
        (incident("vip", "4k-high", today(6), delivers="1254x1254"),),
    ),
    State(
        "own traffic only",
        answers(
            "no path is degraded; vip/4k-high is known from own traffic, canaries there were saved",
            NO_SPREAD,
            NO_SPREAD,
            "nobody's",
            "nothing",
            "canaries were saved",
        ),
        own=(Own(VIP_4K, 36, 6),),
    ),
    State(
        "two incidents at once",
        answers(
            "vip/4k-high fails about 60 %; official at every tier has no access (key refused)",
            "vip since 04:30 UTC, official since 08:00 UTC",
            "each on its own: vip 4K only; official all tiers",
            "vip: the vip route; official: the own account",
            "mend the key of official",
            "",
        ),
        (
            incident("vip", "4k-high", today(4, 30), success=0.4),
            incident("official", "*", today(8), success=0.0, failures={"auth": 1.0}),
        ),
    ),
)
