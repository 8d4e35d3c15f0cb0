"""The shape of config.toml: every table and key with its type, default and meaning.

Imported where a config is made, because pydantic is slow to import; everyone else annotates with its
classes under TYPE_CHECKING.
"""

import math
import pathlib
import re
from collections.abc import Mapping
from types import MappingProxyType
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

from probe import model, tokens
from probe.config import values


class Table(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", strict=True, allow_inf_nan=False)


class Monitor(Table):
    """Where results are kept and how this observer behaves."""

    database: values.FileName = "tierwatch.db"  # SQLite file, relative to config.toml
    spool: values.FileName = "spool"  # folder where recorders leave own traffic
    vantage: values.Name = "default"  # name of this observer, stored with every row
    shutdown_grace: values.Duration = 600.0  # how long SIGTERM waits for paid requests in flight
    parallel: Annotated[int, Field(ge=1, le=64)] = 4  # requests in flight at once, over all channels
    sentinel_every: values.Duration | None = None  # spacing of sentinel prompts on each channel; None: none are sent
    keep_pictures: Literal["none", "failures"] = "none"
    pictures_dir: values.FileName = "pictures"
    keep_pictures_max: Annotated[int, Field(ge=1, le=100_000)] = 200  # the oldest are removed beyond this many
    keep_outcomes: values.Keep = 400 * 86_400.0  # older ones are counted by hour, and removed
    keep_failures: values.Keep = (
        1200 * 86_400.0
    )  # failures with their evidence stay longer; never shorter than the others
    log_format: Literal["text", "json"] = "text"


class Budget(Table):
    """What canaries may cost."""

    usd_per_day: values.NonNegative = 5.0  # hard cap, list prices, per UTC day, over all processes


class Detection(Table):
    """How sure an alarm must be."""

    false_alarms_per_month: values.Positive = 1.0  # for the whole installation
    healthy_success: Annotated[float, Field(ge=0.5, lt=1)] = 0.97  # success rate still called healthy
    confirm_every: values.Duration = 300.0  # burst spacing, from send to send


class TierSpec(Table):
    """What a tier name means; `size` and `quality` for openai-images, `image_size` and `aspect_ratio` for gemini."""

    size: str | None = None
    quality: str | None = None
    image_size: str | None = None
    aspect_ratio: str | None = None
    operation: Literal["generate", "edit"] = "generate"


class GatewayLog(Table):
    """Where a gateway's own log of a request can be asked."""

    kind: Literal["apiyi", "new-api", "openrouter"]
    url: values.Url
    key_env: str | None = None
    key_file: values.FileName | None = None
    user: Annotated[str, Field(pattern=r"^[0-9]{0,20}$")] = ""  # new-api: number of the account whose log is read


DEADLINE_S = 360.0
"""Longer than every usual time that was published, and the floor that resellers advise for clients."""


class Channel(Table):
    """An endpoint, a key and a model through which images can be generated."""

    name: values.Name
    protocol: str
    base_url: values.Url
    model: values.ModelId
    key_env: str | None = None
    key_file: values.FileName | None = None
    auth_header: Literal["", "bearer", "x-goog-api-key"] = ""  # "": the protocol's own
    price_usd: values.Price = "tokens"
    billed_on: tuple[str, ...] = ("ok", "timeout")
    tiers: tuple[str, ...] = ("1k-low", "2k-high", "4k-high")
    interval: values.IntervalByTier | None = None  # fixed spacing of canaries; None: from the budget
    deadline_s: values.SecondsByTier = DEADLINE_S
    usable_within_s: values.SecondsByTier | None = None  # slower is late, not failed
    target_success: values.Share = 0.95
    parallel: Annotated[int, Field(ge=1, le=64)] = 2  # requests in flight at once on this channel
    proxy: str | None = Field(default=None, repr=False)  # may hold a password
    picture_hosts: tuple[str, ...] = ()  # hosts from which a url-only answer may be fetched
    size_rule: Literal["gpt-image", "any"] = "gpt-image"  # "any": the model takes other sizes
    upstream: str = ""  # name of the upstream it shares with other channels, for incidents
    replaces: tuple[str, ...] = ()  # earlier `model` names whose history belongs to this channel
    log: GatewayLog | None = None


class Job(Table):
    """A kind of work to route."""

    name: values.Name
    tiers: tuple[str, ...]
    images_per_month: values.NonNegative = 0.0
    usd_per_minute: values.NonNegative = 0.0  # worth of a minute's waiting per picture
    max_usd: values.Positive | None = None  # per usable picture
    max_wait_s: values.Positive | None = None
    native_only: bool = False  # enlarged pictures do not count


class Moderation(Table):
    """The pre-screen that triage asks."""

    base_url: values.Url = "https://api.openai.com/v1"
    key_env: str | None = "OPENAI_API_KEY"
    key_file: values.FileName | None = None
    model: values.ModelId = "omni-moderation-latest"

    @model_validator(mode="before")
    @classmethod
    def file_replaces_default_variable(cls, raw: Any) -> Any:
        return {"key_env": None, **raw} if isinstance(raw, dict) and "key_file" in raw else raw


class Alerts(Table):
    """Who is told, and when."""

    urls: tuple[str, ...] = Field(default=(), repr=False)  # of Apprise; they hold tokens
    routes: dict[str, tuple[str, ...]] | None = Field(default=None, repr=False)  # by glob, in place of `urls`
    heartbeat_url: str = Field(default="", repr=False)  # called while the daemon lives; may hold a token
    repeat: values.Duration = 86_400.0  # an open incident that nobody acknowledged is told again
    quiet_hours: values.Hours = ""  # what is not severe waits until they end
    maintenance: dict[str, values.Hours] | None = None  # by glob: nothing is told about these paths meanwhile
    timezone: values.Zone = "UTC"  # of the hours above, and told beside UTC


class Page(Table):
    """The local web page."""

    listen: str = "127.0.0.1:8321"


class RuleSpec(Table):
    """A taxonomy rule of your own, tried before the built-in ones; the fields of a built-in row."""

    name: values.Name
    kind: model.Kind = Field(strict=False)
    detail: str = ""
    status: tuple[int, ...] = ()
    codes: tuple[str, ...] = ()
    literals: tuple[str, ...] = ()  # any of these, case-insensitive, must stand in the text
    every: tuple[str, ...] = ()  # and all of these
    without: tuple[str, ...] = ()  # and none of these
    pattern: str | None = None  # regular expression, compiled at load
    when: tuple[str, ...] = ()  # conditions by name, as in `tierwatch explain RULE --json`
    stage: model.Stage | None = Field(default=None, strict=False)
    party: model.Party | None = Field(default=None, strict=False)
    retryable: bool | None = None
    action: model.Action | None = Field(default=None, strict=False)
    billed: Literal["yes", "no", "unknown"] | None = None
    confidence: Literal["high", "medium", "low"] | None = None
    note: str = ""


RESOLUTIONS = {"1k": ("1280x720", "1K"), "2k": ("2048x1152", "2K"), "4k": ("3840x2160", "4K")}
QUALITIES = ("low", "medium", "high")
BUILT_IN_TIERS = {
    f"{resolution}-{quality}": TierSpec(size=size, quality=quality, image_size=image_size, aspect_ratio="16:9")
    for resolution, (size, image_size) in RESOLUTIONS.items()
    for quality in QUALITIES
}
"""1k, 2k, 4k x low, medium, high; each is legal on every size-taking channel (16:9)."""


class Config(Table):
    """A whole config.toml."""

    monitor: Monitor = Monitor()
    budget: Budget = Budget()
    detection: Detection = Detection()
    tiers: dict[str, TierSpec] = Field(default_factory=dict)
    channel: tuple[Channel, ...]
    job: tuple[Job, ...] = ()
    moderation: Moderation = Moderation()
    alerts: Alerts = Alerts()
    page: Page = Page()
    rule: tuple[RuleSpec, ...] = ()
    source: str = Field(default="", exclude=True)  # the file it came from, absolute; set by `load`
    digest: str = Field(default="", exclude=True)  # sha256 of that file; set by `load`

    @property
    def database(self) -> pathlib.Path:
        """The database file, absolute: as this config was read, whatever has become of its file."""
        return pathlib.Path(self.monitor.database)

    def find(self, name: str) -> Channel:
        """The channel of that name; raises KeyError."""
        for channel in self.channel:
            if channel.name == name:
                return channel
        raise KeyError(name)

    def tier(self, name: str) -> TierSpec:
        """A built-in tier with what `[tiers]` says of it laid over; raises KeyError."""
        own, built_in = self.tiers.get(name), BUILT_IN_TIERS.get(name)
        if own is None:
            return BUILT_IN_TIERS[name]
        if built_in is None:
            return own
        return built_in.model_copy(update=own.model_dump(exclude_unset=True))

    def paths(self) -> tuple[model.Path, ...]:
        """Every channel at each of its tiers, in the order of the file."""
        return tuple(model.Path(channel.name, tier) for channel in self.channel for tier in channel.tiers)

    def price_usd(self, path: model.Path) -> float:
        """List price of one picture on a path, USD."""
        return price_usd(self.find(path.channel), path.tier, self.tier(path.tier))

    def deadline_s(self, path: model.Path) -> float:
        """Total time one request on a path may take, seconds."""
        return by_tier(self.find(path.channel).deadline_s, path.tier, DEADLINE_S)

    def usable_within_s(self, path: model.Path) -> float | None:
        """Slower pictures on this path are late, seconds; None: no limit."""
        limit = self.find(path.channel).usable_within_s
        return by_tier(limit, path.tier, math.inf) if limit is not None else None


TABLES: Mapping[str, type[Table]] = MappingProxyType(
    {
        "monitor": Monitor,
        "budget": Budget,
        "detection": Detection,
        "tiers": TierSpec,
        "channel": Channel,
        "job": Job,
        "moderation": Moderation,
        "alerts": Alerts,
        "page": Page,
        "rule": RuleSpec,
    }
)
"""Every table of the file and the shape of its entries, in the order in which the file has them."""

REPEATED = ("channel", "job", "rule")
"""Tables written with two brackets, one for each thing; `tiers` has one sub-table a tier."""


def price_usd(channel: Channel, tier: str, spec: TierSpec) -> float:
    """List price of one picture of a channel at a tier, USD; raises ValueError where no token price is known."""
    price = channel.price_usd
    if isinstance(price, dict):
        return price[tier]
    if price != "tokens":
        return price
    width_px, height_px = parse_size(spec.size) if spec.size else (0, 0)
    listed = tokens.list_price_usd(channel.model, width_px, height_px, spec.quality, spec.image_size)
    if listed is None:
        raise ValueError(f"no token price is known for {channel.model} at {tier}")
    return listed


def by_tier(value: float | dict[str, float], tier: str, default: float) -> float:
    """A number, or a table by tier with `default` for the tiers it leaves out."""
    return value.get(tier, default) if isinstance(value, dict) else value


def parse_size(text: str) -> tuple[int, int]:
    """`3840x2160` -> (3840, 2160); raises ValueError."""
    match = re.fullmatch(r"(\d{1,5})x(\d{1,5})", text)
    if not match:
        raise ValueError(f"{text!r} is not a size: write WIDTHxHEIGHT, for example 3840x2160")
    return int(match[1]), int(match[2])
