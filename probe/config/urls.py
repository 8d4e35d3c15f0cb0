"""What is wrong with an address: scheme, host, plain http off loopback, and what does not belong in one."""

import ipaddress
import re
import urllib.parse
from collections.abc import Iterator

PRINTABLE = re.compile(r"[\x21-\x7e]+")


def split(url: str) -> urllib.parse.SplitResult | None:
    """The parts of an address with a host that DNS could know and a possible port; None where it is none."""
    if not PRINTABLE.fullmatch(url):
        return None
    try:
        parts = urllib.parse.urlsplit(url)
        host, _ = parts.hostname or "", parts.port  # a port out of range is noticed only when it is asked for
        host.encode("idna")  # as every look-up does, which would raise at an empty or too long part
    except ValueError:
        return None
    return parts if host else None


def mistakes(url: str, *, plain_http: bool = False, query: bool = False) -> Iterator[str]:
    """What would have to change, one clause each. `plain_http` and `query` allow what carries no key."""
    parts = split(url)
    if parts is None or parts.scheme not in {"http", "https"}:
        yield "must be an address such as https://api.openai.com/v1"
        return
    if parts.username is not None or parts.password is not None:
        yield "must not hold a user or password; keys go where key_env or key_file says"
    if not query and ("?" in url or "#" in url):
        yield 'must end before "?" and "#"; keys go where key_env or key_file says'
    if parts.scheme == "http" and not plain_http and not is_loopback(parts.hostname or ""):
        yield "must start with https://, since the key would travel in the open"


def host(url: str) -> str:
    """The host of an address in lower case; "" where there is none."""
    parts = split(url)
    return (parts.hostname or "") if parts else ""


def path(url: str) -> str:
    """The path of an address; "" where there is none."""
    parts = split(url)
    return parts.path if parts else ""


def is_loopback(host: str) -> bool:
    """Does this host name or address mean this machine?"""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
