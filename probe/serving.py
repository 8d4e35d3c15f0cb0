"""Serves an application by uvicorn on a socket of this machine, until Ctrl-C or SIGTERM."""

import asyncio
import contextlib
import signal
import socket
import threading
from collections.abc import Callable, Iterator
from typing import Literal

import uvicorn
from starlette.applications import Starlette

from probe import model


class ListenError(model.UserError):
    """The address cannot be listened on."""


def listen(host: str, port: int, named_by: str) -> socket.socket:
    """A listening socket; port 0 = any free one. Raises ListenError with what the address is `named_by`."""
    try:
        listening = socket.create_server((host, port), family=socket.AF_INET6 if ":" in host else socket.AF_INET)
    except OSError as error:
        raise ListenError(f"cannot listen on {host}:{port}: {error.strerror}; use another {named_by}") from error
    # Connections inherit it. asyncio sets it only on sockets that name their protocol, which these do not, and
    # without it each answer waits 40 ms for a delayed acknowledgement.
    listening.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return listening


def address(listening: socket.socket) -> str:
    """`http://127.0.0.1:8400` of a listening socket."""
    host, port = listening.getsockname()[:2]
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


class Server(uvicorn.Server):
    """uvicorn that says when it is ready, and for which a signal is the normal way to end."""

    def __init__(
        self, app: Starlette, ready: Callable[[], None], http: type[asyncio.Protocol] | Literal["auto"] = "auto"
    ) -> None:
        super().__init__(
            uvicorn.Config(
                app,
                http=http,
                ws="none",
                log_config=None,
                log_level="critical",
                server_header=False,
                timeout_graceful_shutdown=0,
            )
        )
        self.ready = ready

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        self.ready()

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Unlike uvicorn's own, it does not raise the signal again at the end: the exit code is 0."""
        if threading.current_thread() is not threading.main_thread():
            yield
            return
        loop = asyncio.get_running_loop()
        signals = (signal.SIGINT, signal.SIGTERM)
        for number in signals:
            loop.add_signal_handler(number, self.handle_exit, number, None)
        yield
        for number in signals:
            loop.remove_signal_handler(number)


def serve(server: Server, listening: socket.socket) -> None:
    """Serve until a signal comes; blocks."""
    asyncio.run(server.serve([listening]))
