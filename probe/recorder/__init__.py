"""Records a program's own image requests for tierwatch, from inside that program: standard library only.

    from probe import recorder

    http = httpx.Client(event_hooks=recorder.hooks("/var/lib/tierwatch/spool"))

Facts of each request go to a file in the spool folder, which the daemon picks up: no prompt, no picture,
no key. Nothing here raises into the program or waits for the disk. docs/own-traffic.md tells the rest.
"""

import datetime as dt
from collections.abc import Callable, Mapping
from typing import Any

from probe.recorder import passing, queue
from probe.recorder.passing import BATCH as BATCH

__all__ = ["BATCH", "dropped", "flush", "hook", "hooks", "record"]


def hooks(spool: str, batch: str = "") -> dict[str, list[Callable[[Any], Any]]]:
    """`event_hooks` for a client of httpx or httpx2, synchronous or not.

    Sees every attempt, also those an SDK repeats by itself, and those that get no answer. `spool` is the
    folder that config.toml names; `batch` names the work these requests belong to (or set `recorder.BATCH`).
    """
    one = hook(spool, batch)
    return {"request": [one], "response": [one]}


def hook(spool: str, batch: str = "") -> Callable[[Any], Any]:
    """One event hook, for the lists `response` and `request`; without the latter, what gets no answer is not seen."""
    return passing.Hook(queue.to(spool), batch)


def record(
    spool: str,
    *,
    model: str,
    size: str | None = None,
    quality: str | None = None,
    image_size: str | None = None,
    aspect_ratio: str | None = None,
    operation: str = "generate",
    url: str = "",
    channel: str = "",
    prompt: str | None = None,
    sent_at: dt.datetime | None = None,
    elapsed_s: float | None = None,
    status: int | None = None,
    headers: Mapping[str, str] | None = None,
    body: str | bytes = b"",
    exception: BaseException | str | None = None,
    attempt: int = 1,
    batch: str = "",
    charged_usd: float | None = None,
) -> None:
    """One request, for programs without such a client. Everything but spool and model may be left out.

    `body` is the answer as it came, of which facts are kept; `exception` is what was raised instead.
    `sent_at` is aware, by default `elapsed_s` ago. Call it for each attempt.
    """
    passing.record(queue.to(spool), {name: value for name, value in locals().items() if name != "spool"})


def flush(timeout_s: float = 2.0) -> bool:
    """Wait until everything recorded so far is written; False where it took longer. Runs by itself at exit."""
    return queue.flush(timeout_s)


def dropped() -> int:
    """How many requests were not recorded because the queue or the spool was full."""
    return queue.dropped()
