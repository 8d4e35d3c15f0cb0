"""The failures that `triage_transcripts.py` plays: what is wrong, since when, and what a person types."""

import dataclasses

SPEED = 60.0
"""The stand-in's time runs so many times as fast as ours."""

CONFIG = """\
[budget]
usd_per_day = 100.0
[moderation]
base_url = "{url}/v1"
key_env = "STANDIN_KEY"
[[channel]]
name = "vip"
protocol = "openai-images"
base_url = "{url}/v1"
model = "gpt-image-2-vip"
key_env = "STANDIN_KEY"
price_usd = 0.03
interval = "15m"
{upstream}
log = {{ kind = "apiyi", url = "{url}", key_env = "STANDIN_KEY" }}
[[channel]]
name = "official"
protocol = "openai-images"
base_url = "{url}/v1"
model = "gpt-image-2"
key_env = "STANDIN_KEY"
price_usd = "tokens"
interval = "20m"
deadline_s = 600
{upstream}
"""

SCENARIO = """\
[[channel]]
name = "vip"
model = "gpt-image-2-vip"
personality = "shell-api"
{refusal}
[[channel]]
name = "official"
model = "gpt-image-2"
personality = "openai"
[[steady]]
success = 0.99
latency_s = {{ median = 80, sigma = 0.2 }}
"""

INCIDENT = """\
[[incident]]
channel = "{channel}"
tier = "{tier}"
from = {begins}
until = {ends}
"""


@dataclasses.dataclass(frozen=True)
class Case:
    """One failure. `steps` are shell-like lines; `{id}` is the id that the failing `probe` printed."""

    title: str
    about: str
    steps: tuple[str, ...]
    incidents: tuple[tuple[str, str, float, str], ...] = ()  # channel, tier, begun so many hours ago, what it does
    refusal: str = ""
    upstream: str = ""
    prompt: str = ""
    speed: float = SPEED


CASES = {
    "moderated": Case(
        "A moderated prompt disguised as a 500",
        "The gateway answers a refused prompt with its bare 500. The free pre-screen flags it, and nothing need be paid.",
        (
            "tierwatch triage --reply reply.txt --channel vip --tier 4k-high --prompt-file prompt.txt --yes --live --max-cost 1",
        ),
        refusal="shell-api-unknown-error",
        prompt="a nude statue in a crowded market square, photograph",
    ),
    "jitter": Case(
        "Upstream jitter at 4K",
        "Most of the 4K requests of vip have failed for two hours; lighter tiers and the other channel are well.",
        ("tierwatch probe vip/4k-high --max-cost 0.05", "tierwatch triage --last vip/4k-high"),
        incidents=(("vip", "4k-*", 2.0, "success = 0.3\nfailures = { processing_error = 1.0 }"),),
    ),
    "pool": Case(
        "An empty reseller pool",
        "The gateway says that it has no channel for the model: its own pool, not your quota.",
        ("tierwatch probe vip/4k-high --max-cost 0.05", "tierwatch triage --last vip/4k-high"),
        incidents=(("vip", "*", 0.7, "success = 0.0\nfailures = { new-api-no-channel = 1.0 }"),),
    ),
    "proxy": Case(
        "A proxy that cuts at 60 s, with the picture billed",
        "Something on the way closes after a minute; the gateway's log says that the picture was made and charged.",
        (
            "tierwatch probe vip/4k-high --max-cost 0.05",
            "sleep 3",
            "tierwatch triage --last vip/4k-high",
            "tierwatch triage --last vip/4k-high --ticket",
        ),
        incidents=(("vip", "4k-*", 3.0, "success = 0.0\nfailures = { nginx-504 = 1.0 }"),),
        speed=20.0,
    ),
    "size": Case(
        "A wrong size",
        "vip delivers 1254x1254 whatever is ordered: a success by status, billed, and not what was asked for.",
        ("tierwatch probe vip/4k-high --max-cost 0.05", "tierwatch triage --last vip/4k-high"),
        incidents=(("vip", "*", 5.0, 'delivers = "1254x1254"'),),
    ),
    "key": Case(
        "An expired key",
        "Every request of vip is refused for its key.",
        ("tierwatch probe vip/4k-high --max-cost 0.05", "tierwatch triage --last vip/4k-high"),
        incidents=(("vip", "*", 0.3, "success = 0.0\nfailures = { auth = 1.0 }"),),
    ),
    "upstream": Case(
        "Both channels on one failing upstream",
        "The config says that vip and official hang on one upstream. Both fail at 4K: switching would not help.",
        ("tierwatch probe vip/4k-high --max-cost 0.05", "tierwatch triage --last vip/4k-high"),
        incidents=(("*", "4k-*", 2.0, "success = 0.15\nfailures = { processing_error = 1.0 }"),),
        upstream='upstream = "openai"',
    ),
    "live": Case(
        "One failure, climbed by the textbook",
        "The same jitter with --live --ladder: every rung of the usual advice with its finding.",
        (
            "tierwatch probe vip/4k-high --max-cost 0.05",
            "tierwatch triage --last vip/4k-high --live --ladder --max-cost 1.5",
        ),
        incidents=(("vip", "4k-*", 2.0, "success = 0.0\nfailures = { processing_error = 1.0 }"),),
    ),
    "unknown": Case(
        "An unknown id",
        "Nothing is stored under it: triage says what it lacks, and what the path was like.",
        ("tierwatch triage req_00000000000000000000000000000000 --channel vip --tier 4k-high --sent-at 1h",),
    ),
    "batch": Case(
        "A batch",
        "200 requests of a job, some of which failed for different reasons.",
        (
            "tierwatch triage --batch failures.ndjson",
            "head -1 triage-piles/rewrite.ndjson",
            "cat triage-piles/claims.csv",
        ),
        incidents=(("vip", "4k-*", 3.0, "success = 0.3\nfailures = { processing_error = 1.0 }"),),
    ),
}
