"""R12: listeners that must never hear from us: proxies of the environment, redirects, and addresses in answers.

The upstream answers with links (picture_hosts allows their hosts) and redirects to a trap on loopback.
"""

import asyncio
import contextlib
import json
import os
import socket
import threading

import board
import probing
import upstream

from probe import client

OWN = (
    "http://127.0.0.1:{port}/a.png", "https://127.0.0.1:{port}/a.png", "https://localhost:{port}/a.png",
    "https://0x7f000001:{port}/", "https://2130706433:{port}/", "https://0177.0.0.1:{port}/", "https://127.1:{port}/",
    "https://[::1]:{port}/", "https://[::ffff:127.0.0.1]:{port}/", "https://[64:ff9b::7f00:1]:{port}/",
    "https://[2002:7f00:1::]:{port}/", "https://0:{port}/", "https://127.0.0.1.:{port}/", "https://a@127.0.0.1:{port}/",
    "//127.0.0.1:{port}/", "file:///etc/passwd", "gopher://127.0.0.1:{port}/_x", "https://127.0.0.1:{port}\\@cdn.example/",
    "https://cdn.example#@127.0.0.1:{port}/", "https://169.254.169.254/latest/meta-data/", "https://10.0.0.1/",
)  # fmt: skip
"""Spellings of this machine and of private addresses."""

HOSTS = (
    "127.0.0.1",
    "localhost",
    "0x7f000001",
    "2130706433",
    "0177.0.0.1",
    "127.1",
    "0",
    "cdn.example",
    "169.254.169.254",
    "10.0.0.1",
)
"""Even where the config itself allows such a host, its address is refused."""

REDIRECTS = (
    "301 Moved",
    "302 Found",
    "303 See Other",
    "307 Temporary Redirect",
    "308 Permanent Redirect",
    "300 Choices",
)


class Trap:
    """Counts connections, on IPv4 and where there is IPv6 on that too."""

    def __enter__(self):
        self.heard = []
        self.listening = [socket.create_server(("127.0.0.1", 0))]
        self.port = self.listening[0].getsockname()[1]
        with contextlib.suppress(OSError):
            self.listening.append(socket.create_server(("::1", self.port), family=socket.AF_INET6))
        for each in self.listening:
            threading.Thread(target=self.accept, args=(each,), daemon=True).start()
        return self

    def accept(self, listening):
        while True:
            try:
                connection, _ = listening.accept()
            except OSError:
                return
            connection.settimeout(2)
            try:
                self.heard.append(connection.recv(500))
            except OSError:
                self.heard.append(b"")
            connection.close()

    def __exit__(self, *_):
        for each in self.listening:
            each.close()


def measure(case):
    with Trap() as trap:
        proxy = f"http://127.0.0.1:{trap.port}"
        for name in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "http_proxy", "https_proxy", "all_proxy"):
            os.environ[name] = proxy
        os.environ |= {"SSL_CERT_FILE": "/dev/null", "SSLKEYLOGFILE": str(case.folder / "tls-keys")}
        links, redirects, proxied, called_ok = asyncio.run(send_all(case, trap))
        control = asyncio.run(trap_works(trap))
    yield case.row("connections for a link in an answer", links[1], f"{links[0]} links", at_most=0)
    yield case.row("connections for a redirect", redirects[1], f"{redirects[0]} redirects", at_most=0)
    yield case.row("connections to a proxy of the environment", proxied[1], f"{proxied[0]} requests", at_most=0)
    yield case.row("answers without a picture called ok", called_ok, links[0] + redirects[0], at_most=0)
    yield case.row(
        "TLS keys written to SSLKEYLOGFILE", int(client.tls_context().keylog_filename is not None), 1, at_most=0
    )
    yield case.row("control: the trap hears a careless client", control, 1, at_least=1)


async def send_all(case, trap):
    hosts = ", ".join(f'"{host}"' for host in HOSTS)
    links = [link.format(port=trap.port) for link in OWN] + third_party(trap.port)
    called_ok = 0
    extra = f"picture_hosts = [{hosts}]\n" + probing.SQUARE
    async with probing.prober(case.path("traps"), extra=extra) as prober:
        for link in links:
            judged, _ = await prober.send(upstream.http(json.dumps({"data": [{"url": link}]})))
            called_ok += judged is None or judged.ok
        heard = len(trap.heard)
        for link in links:
            for status in REDIRECTS if link in links[:5] else REDIRECTS[1:2]:
                judged, _ = await prober.send(upstream.http("{}", status, [f"Location: {link}"]))
                called_ok += judged is None or judged.ok
        redirected = len(trap.heard) - heard
        assert not prober.crashes, prober.crashes
        sent = prober.up.numbers
    # Had any request gone through the proxy, the upstream would have missed it.
    asked = len(links) + 5 * len(REDIRECTS) + len(links) - 5
    return (len(links), heard), (asked - len(links), redirected), (asked, asked - sent), called_ok


def third_party(port):
    """The list of TIERWATCH_HOSTILE, as it is and with the trap's port; empty where there is none."""
    try:
        raw = (board.hostile() / "lists" / "ssrf.txt").read_bytes()
    except board.NotRun:
        return []
    found = []
    for line in raw.split(b"\n"):
        link = line.decode("utf-8", "replace").strip()
        if link and link.isprintable():
            found += [link, link.replace(":80/", f":{port}/").replace(":22/", f":{port}/")]
    return found


async def trap_works(trap):
    import httpx

    before = len(trap.heard)
    async with httpx.AsyncClient(timeout=3, verify=False) as careless:
        with contextlib.suppress(httpx.HTTPError):
            await careless.get("http://upstream.example/v1/models", headers={"authorization": "Bearer key"})
    return len(trap.heard) - before
