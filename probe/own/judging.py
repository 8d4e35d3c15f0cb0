"""From what is told of a request to what is stored of it: its path and verdict. Successes that are alike are judged once."""

import json
from collections.abc import Hashable, Mapping
from typing import TYPE_CHECKING, Any, NamedTuple

from probe import model, taxonomy
from probe.own import account, fields, mapping
from probe.records import cells, columns, own, rows

if TYPE_CHECKING:
    from probe.config import schema

MOST_SORTS = 4096
"""Then all are forgotten, and judged again when they come."""

VARYING = frozenset({"id", "sent_at", "elapsed_s", "headers_s", "headers", "prompt_id", "charged_usd", "picture"})
"""Fields in which successes of one sort differ: none of them decides a path, nor what a delivered picture means.

Of the picture its bytes alone are such.
"""

DECIDING = frozenset({"cf-mitigated", "retry-after", "retry-after-ms"})
"""Headers that are part of a verdict."""


class Judging:
    """Makes requests by a config: its channels, and its own rules before the classifier's."""

    def __init__(self, config: "schema.Config") -> None:
        self._map = mapping.Map(config)
        self._rules = taxonomy.compile_rules(config.rule)
        self._any_may_differ = any(map(may_hold_of_plain, self._rules))
        self._vantage = config.monitor.vantage
        self._sorts: dict[Hashable, Sort] = {}

    def request(self, told: account.Account | fields.Line) -> own.Request:
        """With its path and verdict, or as one that no path is known for."""
        if isinstance(told, account.Account):
            return self._in_full(told)
        headers = account.headers_of(told.get("headers") or {})
        if self._any_may_differ or not is_plain(told, headers):
            return self._in_full(account.of(told))
        name = sort_of(told)
        if name in self._sorts:
            return own.Request(self._sorts[name].row(told, headers))
        request = self._in_full(account.of(told))
        if request.row is not None:
            if len(self._sorts) >= MOST_SORTS:
                self._sorts.clear()
            self._sorts[name] = Sort.of(request.row)
        return request

    def _in_full(self, told: account.Account) -> own.Request:
        place = self._map.place(told)
        if isinstance(place, str):
            return own.Request(None, told.entry, unmapped(told, place))
        judged = model.Judged(outcome_of(told, place, self._vantage), taxonomy.judge(told.evidence, self._rules))
        return own.Request(cells.row(judged), told.entry)


class Sort(NamedTuple):
    """What successes of one sort have in common."""

    outcome: columns.OutcomeRow
    verdict: tuple[Any, ...]
    facts: dict[str, Any]
    picture: dict[str, Any]

    @classmethod
    def of(cls, row: cells.Row) -> "Sort":
        """By the row of one of them."""
        found = json.loads(row.facts)
        facts = {name: each for name, each in found.items() if name not in VARYING}
        picture = {name: each for name, each in found.get("picture", {}).items() if name != "image_bytes"}
        return cls(row.outcome, row.verdict, facts, picture)

    def row(self, told: fields.Line, headers: Mapping[str, str]) -> cells.Row:
        """Of another one."""
        elapsed_s, image_bytes = told.get("elapsed_s"), (told.get("picture") or {}).get("bytes")
        picture = {**self.picture, "image_bytes": image_bytes} if image_bytes else self.picture
        varying = {"headers": columns.storable(headers), "elapsed_s": elapsed_s, "picture": picture}
        facts = {**self.facts, **{name: each for name, each in varying.items() if each not in (None, {})}}
        ids = taxonomy.request_ids(headers, "")
        outcome = self.outcome._replace(
            id=columns.storable(told["id"][: account.WORD_CHARACTERS]),
            prompt_id=told.get("prompt_id") or "",
            sent_at=columns.when(told["sent_at"]),
            latency_s=elapsed_s,
            timings=cells.timings_json(headers_s=told.get("headers_s"), body_s=elapsed_s),
            charged_usd=told.get("charged_usd"),
        )
        return cells.Row(outcome, cells.compact(facts), cells.with_ids(self.verdict, ids), ids)


def is_plain(told: fields.Line, headers: Mapping[str, str]) -> bool:
    """Is it an answer with a picture and without words, so that nothing but the picture can decide?"""
    words = any(map(told.get, ("text", "fault", "fault_text", "gateway"))) or not DECIDING.isdisjoint(headers)
    return told.get("status") == 200 and bool(told.get("picture_count")) and not words


def may_hold_of_plain(rule: taxonomy.Rule) -> bool:
    """May this own rule decide an answer `is_plain`? Not where it asks for words, a speaker's code, or another status.

    One that may looks at what differs between successes of one sort, such as how long they took.
    """
    asks_words = any(rule.any) or any(rule.every) or (rule.compiled is not None and not rule.compiled.search(""))
    asks_code = bool(rule.codes) and not any(":" in code for code in rule.codes)  # `picture:...` is no speaker's
    return not (asks_words or asks_code or (rule.statuses and 200 not in rule.statuses))


def sort_of(told: fields.Line) -> Hashable:
    """The same for requests that are alike but for VARYING."""
    picture = told.get("picture") or {}
    measured = [picture.get(name) for name in ("format", "width", "height")]
    return (*[field for field in told.items() if field[0] not in VARYING], *measured)


def outcome_of(told: account.Account, place: mapping.Place, vantage: str) -> model.Outcome:
    return model.Outcome(
        id=told.id,
        path=place.path,
        trigger=model.Trigger.OWN_TRAFFIC,
        sent_at=told.sent_at,
        evidence=told.evidence,
        latency_s=told.latency_s,
        timings=model.Timings(headers_s=told.headers_s, body_s=told.latency_s),
        price_usd=place.price_usd * told.pictures,
        charged_usd=told.charged_usd,
        prompt_id=told.prompt_id,
        fingerprint=place.fingerprint,
        vantage=vantage,
        excluded=told.excluded,
        attempt=told.attempt,
        source=told.source,
        batch=told.batch,
        served_model=told.served_model,
    )


def unmapped(told: account.Account, reason: str) -> rows.Unmapped:
    order = told.order
    ordered = " ".join(filter(None, (order.image_size or order.size, order.quality)))
    line = json.dumps(account.line(told), ensure_ascii=False)
    return rows.Unmapped(told.id, told.sent_at, told.host or told.channel, order.model, ordered, reason, line)
