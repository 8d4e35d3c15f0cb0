"""Standard streams that are closed, full, or read no further: they must not end a command with a traceback."""

import errno
import os
import sys

import click

TAKES_NO_MORE = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EIO, errno.EPIPE})


def open_closed() -> None:
    """Give a stream that was closed (`>&-`) /dev/null, so that it swallows, and no file of ours gets its number."""
    for name, mode in (("stdin", "r"), ("stdout", "w"), ("stderr", "w")):
        if getattr(sys, name) is None:
            setattr(sys, name, open(os.devnull, mode, encoding="utf-8"))  # noqa: PTH123, SIM115 - for good


def tell(text: str) -> OSError | None:
    """Write text out at once; why standard output did not take it, None where it did."""
    try:
        click.echo(text)
    except OSError as error:
        finish()
        return error
    return finish()


def finish() -> OSError | None:
    """Write out what waits; why standard output did not take it, None where it did.

    What a stream does not take is given up, so that Python does not fail over it again when it ends.
    """
    faults: list[OSError | None] = []
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
            faults.append(None)
        except OSError as error:
            faults.append(error)
            nowhere = os.open(os.devnull, os.O_WRONLY)
            os.dup2(nowhere, stream.fileno())
            os.close(nowhere)
    return faults[0]
