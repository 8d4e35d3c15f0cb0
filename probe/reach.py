"""What may be reached from here: the control check of our own network, and the addresses pictures may come from."""

import asyncio
import ipaddress
import socket
import urllib.parse
from collections.abc import Callable

from probe import model
from probe.config import urls

CONNECT_WITHIN_S = 5.0

TRANSLATED_PREFIXES = tuple(
    ipaddress.ip_network(prefix) for prefix in ("64:ff9b::/96", "64:ff9b:1::/48", "2002::/16", "::/96")
)
"""IPv6 ranges that wrap an IPv4 address (RFC 6052, 8215, 3056, 4291), which Python 3.11 calls global whatever they wrap."""


async def reachable(url: str) -> bool:
    """Can a TCP connection be opened to the host of `url`? Free: nothing is sent."""
    parts = urllib.parse.urlsplit(url)
    port = parts.port or (443 if parts.scheme == "https" else 80)
    try:
        async with asyncio.timeout(CONNECT_WITHIN_S):
            _, writer = await asyncio.open_connection(parts.hostname, port)
    except (OSError, TimeoutError):
        return False
    writer.close()
    return True


def is_public(address: str) -> bool:
    """Is this IP address one that a picture may be fetched from? Never loopback, private, or a wrapped IPv4."""
    ip = ipaddress.ip_address(address)
    return ip.is_global and not any(ip in network for network in TRANSLATED_PREFIXES if ip.version == network.version)


async def picture_request(
    url: str, hosts: tuple[str, ...], *, allowed: Callable[[str], bool] = is_public
) -> model.Request | None:
    """A keyless GET for a picture a channel answered by URL; None where it must not be fetched.

    https only, host named in the channel's `picture_hosts`, resolved once, and connected to the very
    address that was checked, so that a second look-up cannot lead elsewhere.
    """
    parts = urls.split(url)
    host = (parts.hostname or "").lower() if parts else ""
    if parts is None or parts.scheme != "https" or host not in hosts or parts.username or parts.port not in {None, 443}:
        return None
    try:
        found = await asyncio.get_running_loop().getaddrinfo(host, 443, type=socket.SOCK_STREAM)
    except OSError:
        return None
    addresses = [str(sockaddr[0]) for *_, sockaddr in found]
    if not addresses or not all(allowed(address) for address in addresses):
        return None
    netloc = f"[{addresses[0]}]" if ":" in addresses[0] else addresses[0]
    target = urllib.parse.urlunsplit(("https", netloc, parts.path, parts.query, ""))
    return model.Request("GET", target, {"host": host, "accept": "image/*"})


def host(url: str) -> str:
    """Host and port of a URL, as the key under which hosts are told apart."""
    return urllib.parse.urlsplit(url).netloc.lower()
