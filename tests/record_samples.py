"""Values for the tests of the records: canaries, outcomes and verdicts that differ in what a test names."""

import collections
import dataclasses
import datetime as dt
import os
import pathlib

from probe import model, records, taxonomy

AT = dt.datetime(2026, 8, 13, 2, 19, tzinfo=dt.UTC)
PATH = model.Path("vip", "4k-high")
ORDER = model.Order("openai-images", "gpt-image-2-vip", 3840, 2160, "high")
FAILED = model.Evidence(
    status=500,
    headers={"content-type": "application/json", "x-request-id": "req_0123456789abcdef"},
    text='{"error": {"message": "The server had an error processing your request", "type": "server_error"}}',
    elapsed_s=41.5,
    order=ORDER,
)
VERDICT = taxonomy.judge(FAILED)
CONFIG = """
[[channel]]
name = "vip"
protocol = "openai-images"
base_url = "https://api.example.com/v1"
model = "gpt-image-2-vip"
key_env = "KEY"
price_usd = 0.03
tiers = ["4k-high"]
"""
"""Watches PATH alone."""

ENVIRONMENT = {**os.environ, "PYTHONPATH": str(pathlib.Path(__file__).parent)}
"""For processes of their own that import this module."""


def minutes(count):
    return AT + dt.timedelta(minutes=count)


def canary(name, *, path=PATH, slot=None, price_usd=0.05):
    return model.Canary(name, path, model.Trigger.SCHEDULED, ORDER, "harbour", "A harbour.", price_usd, slot=slot)


def outcome(name, *, at=AT, path=PATH, evidence=FAILED, **fields):
    trigger = fields.pop("trigger", model.Trigger.SCHEDULED)
    return model.Outcome(name, path, trigger, at, evidence, **fields)


def verdict(kind=model.Kind.PROCESSING_ERROR, **fields):
    return dataclasses.replace(VERDICT, kind=kind, **fields)


def judged(name, *, kind=model.Kind.PROCESSING_ERROR, gateway=(), **fields):
    ids = model.RequestIds(gateway=tuple(gateway))
    return model.Judged(outcome(name, **fields), verdict(kind, request_ids=ids))


def folder(path, *stored):
    """A folder made into one that a config and these outcomes are in."""
    (path / "config.toml").write_text(CONFIG)
    with records.open(path / "tierwatch.db") as book:
        book.store_all(stored)
    return path


def kinds(past, **period):
    """How many outcomes of each kind a history has."""
    return collections.Counter(one.verdict.kind for one in past.outcomes(**period))
