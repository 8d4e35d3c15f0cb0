"""Ids of outcomes, own requests and triages: unique, and in the order of their times."""

import datetime as dt
import secrets


def new(at: dt.datetime) -> str:
    """A version 7 UUID (RFC 9562): milliseconds first, so that ids sort by time."""
    value = int(at.timestamp() * 1000) << 80 | 7 << 76 | secrets.randbits(12) << 64 | 2 << 62 | secrets.randbits(62)
    text = f"{value:032x}"
    return "-".join((text[:8], text[8:12], text[12:16], text[16:20], text[20:]))
