"""libfaketime: a wall clock that jumps while a process runs, or runs faster; for that process alone."""

import glob

import board


def library():
    found = sorted(
        glob.glob("/usr/lib/*/faketime/libfaketimeMT.so.1") + glob.glob("/usr/local/lib/faketime/libfaketimeMT.so.1")
    )
    if not found:
        raise board.NotRun("needs libfaketime (Debian, Ubuntu: apt install faketime)")
    return found[0]


class Clock:
    """The wall clock of a process, set through a file; the monotonic clock stays true."""

    def __init__(self, folder):
        self.file = folder / "clock"
        self.set("+0")
        self.environment = {
            "LD_PRELOAD": library(),
            "FAKETIME_TIMESTAMP_FILE": str(self.file),
            "FAKETIME_NO_CACHE": "1",
            "FAKETIME_DONT_FAKE_MONOTONIC": "1",
        }

    def set(self, offset):
        """`-3600`, `+30d`, or `@1970-01-01 00:00:10`."""
        new = self.file.with_suffix(".new")
        new.write_text(offset + "\n")
        new.rename(self.file)
