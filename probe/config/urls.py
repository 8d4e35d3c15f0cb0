"""What is wrong with an address: scheme, host, plain http off loopback, and what does not belong in one."""

import ipaddress
import re
import urllib.parse
from collections.abc import Iterator

PRINTABLE = re.compile(r"[\x21-\x7e]+")


def mistakes(url: str, *, plain_http: bool = False, query: bool = False) -> Iterator[str]:
    """What would have to change, one clause each. `plain_http` and `query` allow what carries no key."""
    if not PRINTABLE.fullmatch(url):
        yield "must be an address without spaces, such as https://api.openai.com/v1"
        return
    try:
        parts = urllib.parse.urlsplit(url)
        host, _ = parts.hostname, parts.port
    except ValueError as error:
        yield f"is no address: {error}"
        return
    if parts.scheme not in {"http", "https"} or not host:
        yield "must start with https:// and a host"
        return
    if parts.username is not None or parts.password is not None:
        yield "must not hold a user or password; keys go where key_env or key_file says"
    if (parts.query or parts.fragment) and not query:
        yield 'must end before "?" and "#"; keys go where key_env or key_file says'
    if parts.scheme == "http" and not plain_http and not is_loopback(host):
        yield "must start with https://, since the key would travel in the open"


def host(url: str) -> str:
    """The host of an address in lower case; "" where there is none."""
    try:
        return urllib.parse.urlsplit(url).hostname or ""
    except ValueError:
        return ""


def path(url: str) -> str:
    """The path of an address; "" where there is none."""
    try:
        return urllib.parse.urlsplit(url).path
    except ValueError:
        return ""


def is_loopback(host: str) -> bool:
    """Does this host name or address mean this machine?"""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
