"""The sense of a config as a whole: names, tiers, jobs, rules, addresses, and the bill of what is fixed."""

import dataclasses
import math
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

from probe.config import channels, faults, schema, secrets, urls, values
from probe.taxonomy import conditions

DAY_S = 86_400.0


@dataclasses.dataclass(frozen=True, slots=True)
class Draft:
    """What could be read of a file. `faults` are those of shape; the keys they name hold stand-ins."""

    config: schema.Config
    tables: Mapping[str, Any]
    faults: tuple[faults.Fault, ...]

    @property
    def tiers(self) -> tuple[str, ...]:
        """Every tier a channel may name."""
        return tuple(dict.fromkeys((*schema.BUILT_IN_TIERS, *self.config.tiers)))

    def near_tier(self, word: str) -> str:
        return faults.near(word, self.tiers) or f"; there are {', '.join(self.tiers)}"

    def entries(self, table: str) -> Iterator[tuple[str, Any]]:
        """(label, entry) of a table that may be repeated."""
        raw = self.tables.get(table)
        numbered = enumerate(zip(raw, getattr(self.config, table), strict=True), 1) if isinstance(raw, tuple) else ()
        for number, (written, entry) in numbered:
            yield faults.label(table, written, number), entry

    def is_sound(self, table: str, *keys: str) -> bool:
        """Were these keys of a table read without a fault?"""
        return not any(fault.table == table and fault.key.partition(".")[0] in {"", *keys} for fault in self.faults)

    def is_sound_tier(self, tier: str) -> bool:
        return tier in self.tiers and self.is_sound(f"[tiers.{tier}]", *schema.TierSpec.model_fields)


def find(draft: Draft) -> Iterator[faults.Fault]:
    """Everything that is wrong beyond the shape of single keys; the bill only where nothing else is."""
    found = False
    for check in CHECKS:
        for fault in check(draft):
            found = True
            yield fault
    if not found and not draft.faults:
        yield from fixed_bill(draft.config)


def pasted_keys(draft: Draft) -> Iterator[faults.Fault]:
    """No value anywhere may look like a key; where a key is named, `channels.key_faults` says it."""
    for table, raw in draft.tables.items():
        if table == "alerts":  # the addresses of alert services carry tokens by nature
            continue
        entries = raw if isinstance(raw, tuple) else (raw,)
        for number, entry in enumerate(entries, 1):
            where = faults.label(table, entry, number) if table in schema.REPEATED else f"[{table}]"
            for key, value in _strings(entry):
                if secrets.KEY_SHAPES.search(value) and key.rpartition(".")[2] not in {"key_env", "key_file"}:
                    yield faults.Fault(where, key, "holds what looks like a key; keys do not belong in this file")


def _strings(value: Any, key: str = "") -> Iterator[tuple[str, str]]:
    """(dotted key, text) of every text in a table."""
    if isinstance(value, str):
        yield key, value
    elif isinstance(value, dict):
        for name, item in value.items():
            yield from _strings(item, f"{key}.{name}" if key else name)
    elif isinstance(value, tuple):
        for item in value:
            yield from _strings(item, key)


def names(draft: Draft) -> Iterator[faults.Fault]:
    """Channels, jobs and rules are told apart by name, whatever its case."""
    if not draft.tables.get("channel"):
        yield faults.Fault("[[channel]]", "", "there is none; `tierwatch init` writes a file with three")
    for table in schema.REPEATED:
        seen: dict[str, str] = {}
        for where, entry in draft.entries(table):
            if not draft.is_sound(where, "name"):
                continue
            if entry.name.lower() in seen:
                text = f'there is another {table} "{seen[entry.name.lower()]}"; names differ by more than case'
                yield faults.Fault(where, "name", text, entry.name)
            seen.setdefault(entry.name.lower(), entry.name)


def tiers(draft: Draft) -> Iterator[faults.Fault]:
    for tier in draft.config.tiers:
        if not re.fullmatch(values.NAME, tier):
            yield faults.Fault(f"[tiers.{tier}]", "", faults.WORDS["string_pattern_mismatch"])


def each_channel(draft: Draft) -> Iterator[faults.Fault]:
    for where, channel in draft.entries("channel"):
        for keys, check in channels.CHECKS:
            if draft.is_sound(where, *keys):
                yield from check(channels.Case(channel, where, draft))


def jobs(draft: Draft) -> Iterator[faults.Fault]:
    served = {tier for _, channel in draft.entries("channel") for tier in channel.tiers}
    sound = all(draft.is_sound(where, "tiers") for where, _ in draft.entries("channel"))
    for where, job in draft.entries("job"):
        if not draft.is_sound(where, "tiers"):
            continue
        if not job.tiers:
            yield faults.Fault(where, "tiers", 'names no tier; for example ["4k-high"]', job.tiers)
        for tier in job.tiers:
            if tier not in draft.tiers:
                yield faults.Fault(where, "tiers", f"unknown tier{draft.near_tier(tier)}", tier)
            elif sound and tier not in served:
                yield faults.Fault(where, "tiers", "no channel serves this tier; add it to one", tier)


def rules(draft: Draft) -> Iterator[faults.Fault]:
    for where, rule in draft.entries("rule"):
        yield from expression(where, rule.pattern)
        asked = ("status", "codes", "literals", "pattern")
        if draft.is_sound(where, *asked) and not any(getattr(rule, key) for key in (*asked, "every", "when")):
            yield faults.Fault(where, "", f"matches everything; give at least one of {', '.join(asked)}")
        for name in rule.when:
            if name not in conditions.CONDITIONS:
                yield faults.Fault(where, "when", f"is no condition; one of {', '.join(conditions.CONDITIONS)}", name)
        for key in ("codes", "literals", "every", "without"):
            if "" in getattr(rule, key):
                yield faults.Fault(where, key, "an empty text matches everything; leave it out", getattr(rule, key))
        for status in rule.status:
            if not 100 <= status <= 599:
                yield faults.Fault(where, "status", "is no HTTP status; 100 to 599", status)


def expression(where: str, pattern: str | None) -> Iterator[faults.Fault]:
    """A rule's pattern is one that compiles."""
    if pattern is None:
        return
    try:
        re.compile(pattern)
    except (re.error, OverflowError, RecursionError) as error:
        yield faults.Fault(where, "pattern", f"is no regular expression: {error}", pattern)


def services(draft: Draft) -> Iterator[faults.Fault]:
    """Moderation, alerts and the page."""
    config = draft.config
    if draft.is_sound("[moderation]", "base_url"):
        yield from channels.address_faults(config.moderation.base_url, "[moderation]", "base_url")
    if draft.is_sound("[moderation]", "key_env", "key_file"):
        yield from channels.key_faults(config.moderation, "[moderation]")
    yield from _alerts(draft)
    if draft.is_sound("[page]", "listen"):
        yield from _listen(config.page.listen)


def _alerts(draft: Draft) -> Iterator[faults.Fault]:
    """Addresses are not shown: they hold tokens."""
    alerts = draft.config.alerts
    routes, maintenance = (
        (getattr(alerts, key) or {}) if draft.is_sound("[alerts]", key) else {} for key in ("routes", "maintenance")
    )
    listed = {"urls": alerts.urls if draft.is_sound("[alerts]", "urls") else (), "routes": sum(routes.values(), ())}
    for key, addresses in listed.items():
        if not all("://" in url for url in addresses):
            text = "every entry is an address of Apprise, such as mailto://... or slack://..."
            yield faults.Fault("[alerts]", key, text)
    if draft.is_sound("[alerts]", "heartbeat_url") and alerts.heartbeat_url:
        for mistake in urls.mistakes(alerts.heartbeat_url, plain_http=True, query=True):
            yield faults.Fault("[alerts]", "heartbeat_url", mistake)
    if all(draft.is_sound(where, "name", "tiers") for where, _ in draft.entries("channel")):
        yield from _patterns(draft, "routes", routes)
        yield from _patterns(draft, "maintenance", maintenance)


def _patterns(draft: Draft, key: str, patterns: Iterable[str]) -> Iterator[faults.Fault]:
    """Globs over paths: one that matches nothing is a mistake that nobody would notice."""
    for pattern in patterns:
        if "://" in pattern:
            yield faults.Fault("[alerts]", key, 'write the path first: { "vip" = ["slack://..."] }')
        elif not any(path.matches(pattern) for path in draft.config.paths()):
            text = "matches no path; write a channel or channel/tier, * stands for anything"
            yield faults.Fault("[alerts]", f"{key}.{pattern}", text)


def _listen(listen: str) -> Iterator[faults.Fault]:
    host, colon, port = listen.rpartition(":")
    if not (colon and port.isascii() and port.isdigit() and 0 < int(port[:6]) < 65536):
        yield faults.Fault("[page]", "listen", "write HOST:PORT, for example 127.0.0.1:8321", listen)
    elif not urls.is_loopback(host.strip("[]")):
        text = "the page has no log-in: listen on 127.0.0.1 and put a proxy with one in front"
        yield faults.Fault("[page]", "listen", text, listen)


def fixed_bill(config: schema.Config) -> Iterator[faults.Fault]:
    """Do the intervals that the file fixes cost more than its budget?"""
    usd_per_day = 0.0
    for path in config.paths():
        interval = config.find(path.channel).interval
        if interval is not None:
            usd_per_day += config.price_usd(path) * DAY_S / schema.by_tier(interval, path.tier, math.inf)
    if usd_per_day > config.budget.usd_per_day:
        text = (
            f"the intervals in this file cost {usd_per_day:.2f} USD a day; "
            "lengthen them, leave them out (then the budget decides), or raise this"
        )
        yield faults.Fault("[budget]", "usd_per_day", text, config.budget.usd_per_day)


CHECKS: tuple[Callable[[Draft], Iterator[faults.Fault]], ...] = (
    pasted_keys,
    names,
    tiers,
    each_channel,
    jobs,
    rules,
    services,
)
