"""Memory of large buffers goes back to the system when they are freed."""

import contextlib
import ctypes

M_MMAP_THRESHOLD = -3
"""Number of the option in glibc's malloc.h."""

LARGE_BYTES = 2**20


def give_back_large_buffers() -> None:
    """Keep buffers of LARGE_BYTES and more out of the heap, where glibc would hold what one picture needed for ever.

    Left alone, glibc raises this size to that of the largest buffer freed. Other C libraries are left as they are.
    """
    with contextlib.suppress(OSError, AttributeError):
        ctypes.CDLL(None).mallopt(M_MMAP_THRESHOLD, LARGE_BYTES)
