"""R3: replies made to break readers: never an exception, never "ok", and the kind an independent reader gives.

First material generated here, then the third-party material of TIERWATCH_HOSTILE with its makers' own labels.
"""

import asyncio
import http.client
import io
import json

import board
import probing
import upstream
from PIL import Image

from probe import model
from probe.standin import pictures

KIND = model.Kind
BROKEN = {KIND.NETWORK, KIND.MALFORMED_RESPONSE}
NO_PICTURE = {KIND.NO_IMAGE, KIND.MALFORMED_RESPONSE, KIND.GATEWAY_ERROR}
LONGEST_S = 2.0


def measure(case):
    yield from asyncio.run(generated(case))
    yield from asyncio.run(third_party(case))


class Tally:
    def __init__(self):
        self.n = self.unclassified = self.false_ok = self.slow = self.labelled = self.agreed = 0
        self.disagreed = []

    def add(self, name, judged, seconds, expected=None, *, may_be_ok=False):
        self.n += 1
        self.slow += seconds > LONGEST_S
        if judged is None:
            return
        kind = judged.verdict.kind
        if (
            kind is KIND.UNKNOWN and not judged.verdict.would_decide
        ):  # doubt that names what would settle it is a verdict
            self.unclassified += 1
            self.disagreed.append(f"{name}: unclassified, HTTP {judged.outcome.evidence.status}")
        self.false_ok += judged.ok and not may_be_ok
        if expected is not None:
            self.labelled += 1
            self.agreed += kind in expected
            if kind not in expected:
                self.disagreed.append(f"{name}: {kind}/{judged.verdict.detail}")

    def rows(self, case, about, crashes):
        n = f"{self.n} replies"
        yield case.row(f"{about}: exceptions", len(crashes), n, at_most=0)
        yield case.row(f"{about}: unclassified", self.unclassified, n, at_most=0)
        yield case.row(f"{about}: called ok", self.false_ok, n, at_most=0)
        yield case.row(f"{about}: verdicts that took over {LONGEST_S:g} s", self.slow, n, at_most=0)
        for line in (*crashes, *self.disagreed)[:20]:
            print(line, file=__import__("sys").stderr)


async def third_party(case):
    folder = board.hostile()
    tally = Tally()
    async with probing.prober(case.path("third-party")) as prober:
        for name, raw, expected in http_replies(folder):
            tally.add(name, *await prober.send(raw), expected)
        for name, body, expected in json_bodies(folder):
            tally.add(name, *await prober.send(upstream.http(body)), expected)
            tally.add(name, *await prober.send(upstream.http(body, "500 Internal Server Error")), set(KIND) - {KIND.OK})
        for name, data, expected in images(folder):
            judged, seconds = await prober.send(upstream.http(upstream.answer_of(data)))
            tally.add(name, judged, seconds, expected)
        rows = list(tally.rows(case, "third-party", prober.crashes))
    share = 100 * tally.agreed / tally.labelled
    return [*rows, case.row("third-party: kind as labelled, %", share, f"{tally.labelled} labelled", at_least=98)]


def http_replies(folder):
    for line in (folder / "http" / "index.jsonl").read_text().splitlines():
        row = json.loads(line)
        raw = (folder / row["file"]).read_bytes()
        yield row["file"], raw, BROKEN if row["must_fail"] else by_status(raw)


def by_status(raw):
    """What an independent reader (http.client) makes of a reply; BROKEN allowed where readers may differ."""
    try:
        response = http.client.HTTPResponse(Wire(raw))
        response.begin()
        response.read()
    except (http.client.HTTPException, ValueError, OSError):
        return BROKEN | set(KIND) - {KIND.OK}
    if response.status < 300:
        return NO_PICTURE | BROKEN
    if response.status < 400:
        return {KIND.GATEWAY_ERROR} | BROKEN
    return ({KIND.AUTH} if response.status in {401, 407} else set(KIND) - {KIND.OK}) | BROKEN


class Wire:
    """Bytes as the socket that http.client reads from."""

    def __init__(self, raw):
        self.raw = raw

    def makefile(self, _mode):
        return io.BytesIO(self.raw)


def json_bodies(folder):
    labels = {"y_": {KIND.NO_IMAGE}, "n_": {KIND.MALFORMED_RESPONSE}}
    for path in sorted((folder / "json").rglob("*.json")):
        yield path.name, path.read_bytes(), labels.get(path.name[:2], NO_PICTURE)


def images(folder):
    rows = (folder / "images" / "index.tsv").read_text().splitlines()[1:]
    for row in rows:
        name, _, expect, *_ = row.split("\t")
        yield name, (folder / name).read_bytes(), None if expect == "any" else {KIND.DEGRADED_IMAGE}


async def generated(case):
    """Material that no list holds: cut and mutated replies, JSON from a grammar, damaged pictures, by the seed."""
    tally, draw = Tally(), case.draw
    good = upstream.picture(1, (1024, 1024))
    head = good.index(b"\r\n\r\n") + 4
    async with probing.prober(case.path("generated")) as prober:
        for number in range(case.times(100, 2000)):
            whole = (good, upstream.FAILED)[number % 2]
            cut = whole[: draw.choice([draw.randrange(head), draw.randrange(len(whole))])]
            tally.add("cut", *await prober.send(cut))
            tally.add("mutated head", *await prober.send(mutated_head(upstream.FAILED, draw)))
            body = json_text(draw)
            tally.add(f"json {body[:40]}", *await prober.send(upstream.http(body)), NO_PICTURE)
            tally.add(f"json {body[:40]}", *await prober.send(upstream.http(body, "503 Busy")))
            name, data = damaged_picture(draw)
            tally.add(name, *await prober.send(upstream.http(upstream.answer_of(data))), {KIND.DEGRADED_IMAGE})
        return [*tally.rows(case, "generated", prober.crashes)]


def mutated_head(raw, draw):
    head, _, body = raw.partition(b"\r\n\r\n")
    data = bytearray(head)
    for _ in range(draw.randrange(1, 6)):
        at = draw.randrange(len(data))
        mutation = draw.randrange(3)
        if mutation == 0:
            data[at] = draw.randrange(256)
        elif mutation == 1:
            del data[at : at + draw.randrange(1, 8)]
        else:
            data[at:at] = draw.choice([b"\r\n", b"\0", b"\xff", b"\r\nX: " + b"a" * draw.randrange(9000), b": ", b"\n"])
        if not data:
            break
    return bytes(data) + b"\r\n\r\n" + body


WORDS = ("data", "error", "message", "b64_json", "url", "code", "type", "candidates", "usage", "created", "\ud800", "")
LEAVES = (
    "null",
    "true",
    "-0",
    "1e999",
    "1" * 5000,
    "NaN",
    '"\\ud800"',
    '"' + "A" * 70000 + '"',
    '"//8="',
    '"data:image/png;base64,"',
    '"<script>"',
)


def json_text(draw):
    """A document that is JSON or nearly; never one with a picture in it."""

    def value(depth):
        kind = draw.randrange(4) if depth else 3
        if kind == 0:
            return "[" + ",".join(value(depth - 1) for _ in range(draw.randrange(4))) + "]"
        if kind <= 2:
            fields = (f"{json.dumps(draw.choice(WORDS))}:{value(depth - 1)}" for _ in range(draw.randrange(5)))
            return "{" + ",".join(fields) + "}"
        return draw.choice(LEAVES)

    text = value(draw.randrange(1, 6))
    if draw.random() < 0.1:
        text = draw.choice(["[", '{"data":', '{"error":[']) * draw.choice([50, 5000, 100_000])
    if draw.random() < 0.2:
        text = text[: draw.randrange(len(text) + 1)] + draw.choice(["", ",", "}", "\0", "\ufeff"])
    return text.encode("utf-8", "surrogatepass")


def damaged_picture(draw):
    seed, width, height = str(draw.randrange(1000)), 1024, 1024
    mood = draw.choice(["cut", "flipped", "small", "blank", "format", "bomb"])
    if mood == "blank":
        return mood, pictures.picture(width, height, seed, flaw="blank")
    if mood == "small":
        return mood, pictures.picture(draw.choice([16, 512, 1008]), height, seed)
    if mood == "bomb":
        picture = io.BytesIO()
        Image.new("1", (draw.choice([8000, 12000]),) * 2).save(picture, "PNG")
        return mood, picture.getvalue()
    if mood == "format":
        picture, name = io.BytesIO(), draw.choice(["GIF", "BMP", "TIFF", "ICO", "PPM"])
        Image.effect_noise((width, height), 64).convert("L" if name == "GIF" else "RGB").save(picture, name)
        return f"{mood} {name}", picture.getvalue()
    data = bytearray(pictures.picture(width, height, seed, draw.choice(["png", "jpeg"]) if mood == "cut" else "png"))
    if mood == "cut":
        return mood, bytes(data[: draw.randrange(1, len(data) - 12)])
    data[draw.randrange(60, len(data) - 20)] ^= 1 << draw.randrange(8)  # within IDAT: only its checksum tells
    return mood, bytes(data)
