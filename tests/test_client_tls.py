"""Certificates that are not good enough: refused as a fault of TLS, before a key is sent."""

import asyncio
import contextlib
import shutil
import socket
import ssl
import subprocess
import threading

import pytest

from probe import client, clock, model
from probe.config import secrets

pytestmark = pytest.mark.skipif(not shutil.which("openssl"), reason="needs openssl, to make certificates")

BODY = b"{}"
EC = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes")


class Maker:
    """A certificate authority of our own, and what it signs."""

    def __init__(self, folder):
        self.folder = folder
        self.openssl("req", "-x509", *EC, "-keyout", "ca.key", "-out", "ca.pem", "-subj", "/CN=test", "-days", "2")

    def openssl(self, *words):
        subprocess.run(["openssl", *words], cwd=self.folder, check=True, capture_output=True)

    def signed(self, name, days=2):
        """(certificate, key) for a host."""
        (self.folder / "names").write_text(f"subjectAltName=DNS:{name}\n")
        self.openssl("req", *EC, "-keyout", "host.key", "-out", "host.csr", "-subj", f"/CN={name}")
        by = ("-CA", "ca.pem", "-CAkey", "ca.key", "-CAcreateserial", "-extfile", "names")
        self.openssl("x509", "-req", "-in", "host.csr", *by, "-days", str(days), "-out", "host.pem")
        return self.folder / "host.pem", self.folder / "host.key"


@pytest.fixture(scope="module")
def maker(tmp_path_factory):
    return Maker(tmp_path_factory.mktemp("certificates"))


@contextlib.contextmanager
def server(certificate, key):
    """One connection over TLS; gives its port and what it was sent."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    heard = []
    with socket.create_server(("127.0.0.1", 0)) as listening:

        def answer():
            with contextlib.suppress(OSError), listening.accept()[0] as plain:
                plain.settimeout(5)
                with context.wrap_socket(plain, server_side=True) as connection:
                    heard.append(connection.recv(65536))
                    # Unread bytes at the end would reset the connection.
                    while not heard[0].endswith(BODY) and (more := connection.recv(65536)):
                        heard[0] += more
                    connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}")

        thread = threading.Thread(target=answer, daemon=True)
        thread.start()
        yield listening.getsockname()[1], heard
        thread.join(5)


def send(port, trusted, monkeypatch, proxy=None):
    """The reply of https://localhost, to a client that trusts this authority."""
    context = ssl.create_default_context(cafile=trusted)
    monkeypatch.setattr(client, "_CONTEXT", context)

    async def go():
        async with contextlib.aclosing(client.Client(clock.RealClock(), proxy=proxy)) as http:
            request = model.Request("POST", f"https://localhost:{port}/v1/images/generations", {}, BODY)
            return await http.send(request, key=secrets.Secret("sk-test-0123456789abcdef"), deadline_s=5)

    return asyncio.run(go())


def test_a_good_certificate_is_accepted(maker, monkeypatch):
    with server(*maker.signed("localhost")) as (port, heard):
        assert send(port, maker.folder / "ca.pem", monkeypatch).status == 200
    assert b"sk-test" in heard[0]


@pytest.mark.parametrize(("name", "days"), [("elsewhere.example", 2), ("localhost", -1)])
def test_a_certificate_of_another_host_or_one_that_has_ended_is_refused(maker, monkeypatch, name, days):
    with server(*maker.signed(name, days)) as (port, heard):
        reply = send(port, maker.folder / "ca.pem", monkeypatch)
    assert (reply.fault, reply.sent, heard) == (model.Fault.TLS_ERROR, False, [])


def test_a_certificate_that_nobody_vouches_for_is_refused(maker, monkeypatch):
    with server(*maker.signed("localhost")) as (port, heard):
        reply = send(port, None, monkeypatch)
    assert (reply.fault, reply.sent, heard) == (model.Fault.TLS_ERROR, False, [])


@contextlib.contextmanager
def tunnel(port):
    """A proxy that opens one tunnel to a port of this machine; gives its own port."""
    with socket.create_server(("127.0.0.1", 0)) as listening:

        def pump(source, sink):
            with contextlib.suppress(OSError):
                while data := source.recv(65536):
                    sink.sendall(data)
                sink.shutdown(socket.SHUT_WR)

        def relay():
            with listening.accept()[0] as near, socket.create_connection(("127.0.0.1", port)) as far:
                while not near.recv(65536).endswith(b"\r\n\r\n"):
                    pass
                near.sendall(b"HTTP/1.1 200 Connection established\r\n\r\n")
                back = threading.Thread(target=pump, args=(far, near), daemon=True)
                back.start()
                pump(near, far)
                back.join(5)

        thread = threading.Thread(target=relay, daemon=True)
        thread.start()
        yield listening.getsockname()[1]
        thread.join(5)


def test_through_a_proxy_each_phase_is_that_of_the_request_and_not_of_the_tunnel(maker, monkeypatch):
    with server(*maker.signed("localhost")) as (port, heard), tunnel(port) as proxy:
        reply = send(port, maker.folder / "ca.pem", monkeypatch, proxy=f"http://127.0.0.1:{proxy}")
    assert (reply.status, reply.sent) == (200, True)
    assert b"sk-test" in heard[0]
    timings = reply.timings
    assert timings.connect_s <= timings.tls_s <= timings.request_sent_s <= timings.headers_s <= timings.body_s
