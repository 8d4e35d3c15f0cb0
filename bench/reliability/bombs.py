"""R4: replies that unpack to gigabytes, or never end: how far memory grows, and how long the verdict takes.

Each bomb is met by a process of its own, which has seen one good reply before. Linux only (/proc).
"""

import asyncio
import gzip
import io
import json
import pathlib
import re
import struct
import subprocess
import sys
import tempfile
import zlib

import board
import probing
import upstream

MIB = 2**20
GROWTH_MIB, LONGEST_S = 100, 2.0


def measure(case):
    if not pathlib.Path("/proc/self/clear_refs").exists():
        raise board.NotRun("needs Linux's /proc, to read the peak of memory")
    found = {}
    for name in BOMBS | LARGE:
        done = subprocess.run(
            [sys.executable, __file__, name], capture_output=True, text=True, check=False, timeout=120
        )
        if done.returncode:
            print(done.stderr.splitlines()[-1:], file=sys.stderr)
        found[name] = (
            json.loads(done.stdout) if done.returncode == 0 else {"mib": 99999, "seconds": 99.0, "kind": "crash"}
        )
        print(name, found[name], file=sys.stderr)
    n = f"{len(BOMBS)} bombs"
    for name in LARGE:
        yield case.row(f"peak memory growth, MiB ({name})", found.pop(name)["mib"], 1)
    worst = max(found, key=lambda name: found[name]["mib"])
    yield case.row(f"peak memory growth, MiB ({worst})", found[worst]["mib"], n, at_most=GROWTH_MIB)
    slow = max(found, key=lambda name: found[name]["seconds"])
    yield case.row(f"slowest verdict, s ({slow})", found[slow]["seconds"], n, at_most=LONGEST_S)
    yield case.row("bombs called ok", sum(each["kind"] == "ok" for each in found.values()), n, at_most=0)
    yield case.row(
        "bombs that ended the process", sum(each["kind"] == "crash" for each in found.values()), n, at_most=0
    )


def zeros(layers, mib=512):
    """Zeros through gzip, so many times."""
    squeeze, data = zlib.compressobj(9, zlib.DEFLATED, 31), b""
    for _ in range(mib):
        data += squeeze.compress(bytes(MIB))
    data += squeeze.flush()
    for _ in range(layers - 1):
        data = gzip.compress(data, 9)
    return data


def encoded(data, encoding):
    return upstream.http(data, headers=[f"Content-Encoding: {encoding}"])


def deflated(mib=512):
    squeeze = zlib.compressobj(9)
    return b"".join([*(squeeze.compress(bytes(MIB)) for _ in range(mib)), squeeze.flush()])


def stream(chunk, head="HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n\r\n", times=1200):
    return [head.encode(), *([chunk] * times)]


def picture_of(width, height, *, chunks=b""):
    """A PNG of one bit a pixel, all black, as small as it can be."""

    def chunk(name, data):
        return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))

    squeeze = zlib.compressobj(9)
    row = bytes(1 + -(-width // 8))
    rows = b"".join([*(squeeze.compress(row) for _ in range(height)), squeeze.flush()])
    header = struct.pack(">IIBBBBB", width, height, 1, 0, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunks + chunk(b"IDAT", rows) + chunk(b"IEND", b"")


def text_chunk():
    data = b"comment\0\0" + zlib.compress(bytes(512 * MIB), 9)
    return struct.pack(">I", len(data)) + b"zTXt" + data + struct.pack(">I", zlib.crc32(b"zTXt" + data))


def webp():
    from PIL import Image

    out = io.BytesIO()
    Image.new("RGB", (16383, 16383)).save(out, "WEBP", lossless=True, quality=0, method=0)
    return out.getvalue()


def picture(data):
    return upstream.http(upstream.answer_of(data))


BOMBS = {
    "gzip": lambda: encoded(zeros(1), "gzip"),
    "gzip twice": lambda: encoded(zeros(2), "gzip, gzip"),
    "gzip three times": lambda: encoded(zeros(3), "gzip, gzip, gzip"),
    "gzip twice, told once": lambda: encoded(zeros(2), "gzip"),
    "deflate": lambda: encoded(deflated(), "deflate"),
    "brotli": lambda: encoded(bytes(809), "br"),
    "zstd": lambda: encoded(bytes(32_000), "zstd"),
    "endless body": lambda: stream(bytes(MIB)),
    "endless chunks": lambda: stream(
        b"100000\r\n" + bytes(MIB) + b"\r\n", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
    ),
    "false length": lambda: stream(bytes(MIB), "HTTP/1.1 200 OK\r\nContent-Length: 99999999999\r\n\r\n"),
    "endless header": lambda: stream(b"a" * MIB, "HTTP/1.1 200 OK\r\nX-A: ", 200),
    "endless headers": lambda: stream(b"X-A: b\r\n" * 10_000, "HTTP/1.1 200 OK\r\n", 200),
    "error page of 60 MiB": lambda: upstream.http(b"<p>" * (20 * MIB), "502 Bad Gateway", content_type="text/html"),
    "json of empty lists": lambda: upstream.http(b'{"data":[' + b"[]," * (15 * MIB) + b"[]]}"),
    "json of empty objects in an error": lambda: upstream.http(
        b'{"error":[' + b"{}," * (15 * MIB) + b"{}]}", "500 Oops"
    ),
    "json of numbers": lambda: upstream.http(b"[" + b"0," * (25 * MIB) + b"0]"),
    "json, deep": lambda: upstream.http(b"[" * (30 * MIB)),
    "picture 12000x12000": lambda: picture(picture_of(12000, 12000)),
    "picture 50000x50000": lambda: picture(picture_of(50000, 50000)),
    "picture told 1024x1024, with a text of 512 MiB": lambda: picture(picture_of(1024, 1024, chunks=text_chunk())),
    "picture WebP 16383x16383": lambda: picture(webp()),
}


LARGE = {
    "a body of 50 MiB, one picture of nothing": lambda: picture(bytes(37 * MIB)),
    "a body of 48 MiB, one text of escapes": lambda: upstream.http(
        b'{"data":[{"url":"' + b"\\u4e2d" * (8 * MIB) + b'"}]}'
    ),
}
"""Not bombs, since nothing grows; but the most that is read."""


async def meet(url):
    """What the bomb at `url` does to this process, which has met a good reply there before."""
    with tempfile.TemporaryDirectory() as name:
        async with probing.prober(name, url=url) as prober:
            await prober.send()
            pathlib.Path("/proc/self/clear_refs").write_text("5")  # noqa: ASYNC240 - forgets the peak so far
            before = memory_mib("VmRSS")
            judged, seconds = await prober.send(deadline_s=30)
            grown = memory_mib("VmHWM") - before
    kind, detail = (judged.verdict.kind, judged.verdict.detail) if judged else ("crash", prober.crashes)
    return {"mib": round(grown), "seconds": round(seconds, 2), "kind": kind, "detail": detail}


def memory_mib(name):
    text = pathlib.Path("/proc/self/status").read_text()
    return int(re.search(rf"{name}:\s+(\d+) kB", text)[1]) / 1024


def serve(bomb):
    """Serve a good picture once, then the bomb, until standard input ends."""
    with upstream.Upstream(lambda number, *_: bomb if number else upstream.picture(1, (1024, 1024))) as up:
        print(up.url, flush=True)
        sys.stdin.read()


def main():
    name = sys.argv[1]
    if sys.argv[2:] == ["serve"]:
        serve((BOMBS | LARGE)[name]())
        return
    words = [sys.executable, __file__, name, "serve"]  # made and served elsewhere: only the reader is measured
    with subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as server:
        try:
            print(json.dumps(asyncio.run(meet(server.stdout.readline().strip()))))
        finally:
            server.kill()


if __name__ == "__main__":
    main()
