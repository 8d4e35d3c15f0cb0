"""What `picture.inspect` says of bytes that are whole, damaged, hostile, blank, or no picture at all."""

import csv
import functools
import io
import os
import pathlib
import random
import struct
import threading
import warnings
import zlib

import numpy as np
import pytest
from PIL import Image, ImageDraw, ImageFile

from probe import model, picture
from probe.picture import container

HOSTILE = os.environ.get("TIERWATCH_HOSTILE")


def noise(width_px, height_px, mode="RGB", seed=1):
    shape = (height_px, width_px) if mode == "L" else (height_px, width_px, len(mode))
    return Image.fromarray(np.random.default_rng(seed).integers(0, 256, shape, np.uint8), mode)


def encoded(image, image_format="png", **options):
    buffer = io.BytesIO()
    image.save(buffer, image_format, **options)
    return buffer.getvalue()


def order(width_px, height_px):
    return model.Order("openai-images", "gpt-image-2", width_px, height_px)


def chunk(kind, body, crc=None):
    return (
        struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body) if crc is None else crc)
    )


def png(width_px, height_px, pixels=None, *, more=b"", end=True, crc=None):
    """A grey PNG made by hand; `pixels` are its raw scan lines."""
    header = chunk(b"IHDR", struct.pack(">IIBBBBB", width_px, height_px, 8, 0, 0, 0, 0))
    raw = pixels if pixels is not None else bytes(height_px * (width_px + 1))
    body = chunk(b"IDAT", zlib.compress(raw), crc)
    return container.PNG_SIGNATURE + header + more + body + (chunk(b"IEND", b"") if end else b"")


@pytest.mark.parametrize("image_format", ["png", "jpeg", "webp"])
def test_a_whole_picture_has_no_flaw_and_its_own_size(image_format):
    data = encoded(noise(96, 64), image_format)
    found = picture.inspect(data, order(96, 64))
    assert (found.format, found.width_px, found.height_px, found.flaw) == (image_format, 96, 64, "")
    assert found.image_bytes == len(data)
    assert len(found.sha256) == 64
    assert len(found.fingerprint) == 16
    assert not found.blank


@pytest.mark.parametrize("options", [{"lossless": True}, {"lossless": False}, {"lossless": True, "exif": b"Exif\0\0x"}])
def test_every_layout_of_webp_states_its_size(options):
    assert container.read_header(encoded(noise(33, 77), "webp", **options)) == container.Header("webp", 33, 77)


@pytest.mark.parametrize("options", [{}, {"progressive": True}, {"optimize": True}, {"exif": bytes(30_000)}])
def test_every_layout_of_jpeg_states_its_size(options):
    assert container.read_header(encoded(noise(33, 77), "jpeg", **options)) == container.Header("jpeg", 33, 77)


@pytest.mark.parametrize("mode", ["1", "L", "LA", "P", "RGB", "RGBA", "I;16"])
def test_every_kind_of_png_pixel_is_read(mode):
    ramp = Image.fromarray(np.arange(64 * 64, dtype=np.uint16).reshape(64, 64) * 16)
    image = ramp if mode == "I;16" else noise(64, 64).convert(mode)
    found = picture.inspect(encoded(image), None)
    assert found.flaw == ""
    assert not found.blank


def test_a_cmyk_jpeg_is_read():
    assert picture.inspect(encoded(noise(64, 64).convert("CMYK"), "jpeg"), None).flaw == ""


@pytest.mark.parametrize("share", [0.3, 0.6, 0.95])
@pytest.mark.parametrize("image_format", ["png", "jpeg", "webp"])
def test_a_picture_cut_short_is_truncated(image_format, share):
    data = encoded(noise(200, 150), image_format)
    found = picture.inspect(data[: int(len(data) * share)], None)
    assert (found.flaw, found.width_px, found.height_px) == ("truncated", 200, 150)


@pytest.mark.parametrize(("image_format", "lost"), [("png", 1), ("png", 12), ("jpeg", 1), ("jpeg", 2), ("webp", 1)])
def test_a_picture_that_lacks_its_very_end_is_truncated(image_format, lost):
    assert picture.inspect(encoded(noise(200, 150), image_format)[:-lost], None).flaw == "truncated"


@pytest.mark.parametrize(
    "data", [b"", b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff", b"RIFF\x00\x00\x00\x00WEBP", b"<html>", bytes(5000)]
)
def test_bytes_without_a_header_are_undecodable(data):
    found = picture.inspect(data, order(64, 64))
    assert (found.flaw, found.width_px, found.fingerprint) == ("undecodable", 0, "")


def test_a_png_with_a_wrong_checksum_is_undecodable_though_pillow_takes_it():
    data = png(8, 8, crc=1)
    Image.open(io.BytesIO(data)).load()
    assert picture.inspect(data, None).flaw == "undecodable"


def test_a_wrong_checksum_beside_the_pixels_is_a_flaw_too():
    assert picture.inspect(png(8, 8, more=chunk(b"tEXt", b"a\0b", crc=1)), None).flaw == "undecodable"


def test_a_png_chunk_that_claims_more_than_the_picture_needs_is_undecodable_not_truncated():
    whole = png(8, 8, end=False)
    assert picture.inspect(whole + struct.pack(">I4s", 1 << 30, b"IDAT"), None).flaw == "undecodable"
    assert picture.inspect(whole + struct.pack(">I4s", 64, b"IDAT"), None).flaw == "truncated"


@pytest.mark.parametrize("image_format", ["gif", "tiff", "bmp", "ico", "ppm"])
def test_formats_that_no_image_api_returns_are_refused_before_a_decoder_sees_them(image_format, monkeypatch):
    data = encoded(noise(64, 64), image_format)
    monkeypatch.setattr(Image, "open", lambda *_, **__: pytest.fail("a decoder was asked"))
    found = picture.inspect(data, None)
    assert (found.flaw, found.format) == ("undecodable", "")


def test_a_format_named_in_the_first_bytes_only_is_undecodable():
    assert picture.inspect(b"RIFF\x64\0\0\0WEBPVP8 " + random.Random(1).randbytes(200), None).flaw != ""


def test_more_than_one_and_a_half_times_the_ordered_pixels_are_not_decoded(monkeypatch):
    data = encoded(noise(130, 120))
    assert picture.inspect(data, order(104, 100)).flaw == ""
    monkeypatch.setattr(Image, "open", lambda *_, **__: pytest.fail("a decoder was asked"))
    found = picture.inspect(data, order(103, 100))
    assert (found.flaw, found.width_px, found.height_px) == ("pixel_cap", 130, 120)


@pytest.mark.parametrize(("width_px", "height_px"), [(12_000, 12_000), (50_000, 50_000), (2**31 - 1, 2**31 - 1)])
@pytest.mark.parametrize("ordered", [None, order(3840, 2160), order(0, 0)])
def test_a_bomb_is_refused_by_its_header_without_a_warning_and_whatever_was_ordered(width_px, height_px, ordered):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert picture.inspect(png(width_px, height_px, b""), ordered).flaw == "pixel_cap"


def test_without_an_order_8k_is_decoded():
    assert picture.pixel_cap(None) >= 7680 * 4320


def test_a_header_that_pillow_reads_otherwise_is_not_believed():
    twice = png(8, 8, more=chunk(b"IHDR", struct.pack(">IIBBBBB", 4000, 4000, 8, 0, 0, 0, 0)))
    assert picture.inspect(twice, order(8, 8)).flaw == "undecodable"


def test_a_decoder_that_raises_anything_is_a_flaw(monkeypatch):
    def broken(*_, **__):
        raise SyntaxError("APNG contains truncated frame data" if broken.cut else "bad chunk")

    monkeypatch.setattr(Image, "open", broken)
    for broken.cut, flaw in ((True, "truncated"), (False, "undecodable")):
        assert picture.inspect(png(8, 8), None).flaw == flaw


def test_pillow_is_told_to_refuse_cut_pictures():
    assert ImageFile.LOAD_TRUNCATED_IMAGES is False


def test_pictures_are_inspected_from_several_threads_at_once():
    data = {name: encoded(noise(160, 120), name) for name in ("png", "jpeg", "webp")}
    expected = {name: picture.inspect(bytes_, None) for name, bytes_ in data.items()}
    found = []
    threads = [
        threading.Thread(target=lambda name=name: found.append((name, picture.inspect(data[name], None))))
        for name in [*data] * 4
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(found) == 12
    assert all(result == expected[name] for name, result in found)


def flat(value, size=(320, 200), mode="RGB"):
    return Image.new(mode, size, value)


def speckled(sigma):
    rng = np.random.default_rng(3)
    return Image.fromarray(np.clip(rng.normal(128, sigma, (400, 640)).round(), 0, 255).astype(np.uint8))


@pytest.mark.parametrize(
    "image",
    [
        flat("white"),
        flat("black"),
        flat((12, 200, 77)),
        flat((200, 10, 10, 0), mode="RGBA"),
        speckled(1),
        speckled(6),
        Image.fromarray(np.full((200, 320), 40_000, np.uint16)),
    ],
    ids=["white", "black", "one colour", "transparent", "dust", "snow", "16 bits"],
)
def test_a_uniform_or_nearly_uniform_picture_is_blank(image):
    found = picture.inspect(encoded(image), None)
    assert found.blank
    assert (found.effective_resolution, found.motif) == (None, "flat")


def test_a_transparent_picture_is_blank_whatever_lies_beneath():
    image = noise(64, 64, "RGBA")
    image.putalpha(0)
    assert picture.inspect(encoded(image), None).blank


def hills():
    return Image.linear_gradient("L").resize((640, 400))


def two_colours_of_one_brightness():
    image = flat((255, 0, 0))
    image.paste((0, 130, 0), (0, 0, 160, 200))
    return image


def dot():
    image = flat("white", (640, 400))
    image.paste("black", (300, 180, 340, 220))
    return image


def cut_out():
    image = flat((0, 0, 0, 0), mode="RGBA")
    image.paste((0, 0, 0, 255), (40, 40, 200, 150))
    return image


@pytest.mark.parametrize(
    "image", [hills(), two_colours_of_one_brightness(), dot(), cut_out()], ids=["ramp", "hues", "dot", "cut-out"]
)
def test_a_picture_of_little_is_not_blank(image):
    assert not picture.inspect(encoded(image), None).blank


def bits(one, other):
    return (int(one.fingerprint, 16) ^ int(other.fingerprint, 16)).bit_count()


@functools.cache
def scene(seed):
    """Discs of many sizes, 480 x 300."""
    draw = random.Random(seed)
    image = flat("grey", (480, 300))
    pen = ImageDraw.Draw(image)
    for _ in range(60):
        x, y, radius = draw.uniform(0, 480), draw.uniform(0, 300), draw.uniform(8, 80)
        pen.ellipse((x - radius, y - radius, x + radius, y + radius), fill=tuple(draw.choices(range(256), k=3)))
    return image


@pytest.mark.parametrize(
    "again",
    [
        lambda image: encoded(image, "jpeg", quality=60),
        lambda image: encoded(image, "webp", quality=50),
        lambda image: encoded(image.resize((720, 450)), "png"),
        lambda image: encoded(image.resize((240, 150)), "jpeg", quality=85),
    ],
    ids=["jpeg", "webp", "enlarged", "halved"],
)
def test_the_fingerprint_survives_encoding_and_resizing(again):
    assert (
        max(bits(picture.inspect(encoded(scene(n)), None), picture.inspect(again(scene(n)), None)) for n in range(8))
        <= 4
    )


def test_fingerprints_of_different_pictures_lie_far_apart():
    found = [picture.inspect(encoded(scene(n)), None) for n in range(12)]
    assert min(bits(one, other) for k, one in enumerate(found) for other in found[:k]) >= 14


def jumbf(generator):
    """The part of a C2PA claim that is read: CBOR map entries."""
    return b"\0\0\0\0jumb\0c2pa" + b"\xa2" + generator


def text(words):
    raw = words.encode()
    return (bytes([0x60 + len(raw)]) if len(raw) < 24 else bytes([0x78, len(raw)])) + raw


VERSION_1 = text("claim_generator") + text("OpenAI Media Service API")
VERSION_2 = (
    text("claim_generator_info") + b"\x81\xa2" + text("name") + text("Adobe_Firefly") + text("version") + text("1")
)


@pytest.mark.parametrize(
    ("claim", "expected"),
    [
        (VERSION_1, "OpenAI Media Service API"),
        (VERSION_2, "Adobe_Firefly"),
        (text("claim_generator") + text("a\x1b[31mb\u202ec"), "a[31mbc"),
        (text("claim_generator") + b"\x79\xff\xff" + b"x" * 3000, "x" * 120),
        (text("claim_generator") + b"\x1a", "C2PA"),
        (b"", "C2PA"),
    ],
    ids=["version 1", "version 2", "control characters", "long", "no text", "no key"],
)
def test_the_generator_of_a_c2pa_claim_is_read(claim, expected):
    assert picture.inspect(png(8, 8, more=chunk(b"caBX", jumbf(claim))), None).provenance == expected


def test_a_c2pa_claim_spread_over_jpeg_segments_is_put_together():
    plain = encoded(noise(64, 64), "jpeg")
    box = jumbf(VERSION_1)
    pieces = [box[:40], box[40:]]
    segments = b"".join(
        b"\xff\xeb"
        + struct.pack(">H", 2 + 16 + len(piece))
        + b"JP\0\1"
        + struct.pack(">I", n)
        + b"\0\0\0\0jumb"
        + piece
        for n, piece in enumerate(pieces, 1)
    )
    found = picture.inspect(plain[:2] + segments + plain[2:], None)
    assert (found.flaw, found.provenance) == ("", "OpenAI Media Service API")


def test_a_c2pa_claim_in_webp_is_read():
    plain = encoded(noise(64, 64), "webp")
    box = jumbf(VERSION_1)
    box += b"\0" * (len(box) % 2)
    more = b"C2PA" + struct.pack("<I", len(box)) + box
    data = plain[:4] + struct.pack("<I", len(plain) - 8 + len(more)) + plain[8:] + more
    assert picture.inspect(data, None).provenance == "OpenAI Media Service API"


def test_a_picture_without_a_claim_says_nothing_of_where_it_comes_from():
    assert picture.inspect(encoded(noise(64, 64)), None).provenance == ""


def test_no_mutation_of_a_picture_makes_inspect_raise():
    draw = random.Random(7)
    for image_format in ("png", "jpeg", "webp"):
        whole = encoded(noise(40, 30), image_format)
        for _ in range(120):
            data = bytearray(whole)
            for _ in range(draw.randint(1, 6)):
                data[draw.randrange(len(data))] = draw.randrange(256)
            found = picture.inspect(bytes(data[: draw.randint(1, len(data))]), order(40, 30))
            assert found.flaw in ("", "undecodable", "truncated", "pixel_cap")


@pytest.mark.skipif(not HOSTILE, reason="TIERWATCH_HOSTILE names no folder")
def test_collected_hostile_pictures_are_refused_or_read_as_their_makers_say():
    root = pathlib.Path(HOSTILE)
    with (root / "images" / "index.tsv").open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file, delimiter="\t"))
    wrong = []
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # Pillow warns of odd animation chunks
        for row in rows:
            found = picture.inspect((root / row["file"]).read_bytes(), order(1024, 1024))
            expected = {"refuse": ("undecodable",), "accept": ("",)}.get(row["expect"])
            if expected and found.flaw not in expected:
                wrong.append((row["file"], found.flaw))
            if not row["file"].endswith(".png") and "/pillow/" in row["file"] and ".jp" not in row["file"]:
                wrong += [] if found.flaw else [(row["file"], "read")]
    assert rows
    assert wrong == []
