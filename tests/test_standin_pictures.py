"""The stand-in's pictures: real, exact, different, and wrong in the ways that are asked for."""

import hashlib
import io
import itertools

import numpy as np
import pytest
from PIL import Image

from probe.standin import pictures


def opened(data):
    image = Image.open(io.BytesIO(data))
    image.load()
    return image


@pytest.mark.parametrize("image_format", ["png", "jpeg", "webp"])
def test_a_picture_decodes_to_exactly_the_ordered_pixels(image_format):
    image = opened(pictures.picture(1024, 640, "a", image_format))
    assert image.size == (1024, 640)
    assert image.format == image_format.upper()


def test_a_picture_larger_than_its_textures_is_filled_to_the_edge():
    image = opened(pictures.picture(3840, 2160, "a"))
    corner = np.asarray(image)[-64:, -64:]
    assert image.size == (3840, 2160)
    assert corner.std() > 5


def test_the_same_seed_gives_the_same_picture_in_every_process():
    digest = hashlib.sha256(pictures.scene(256, 256, "a").tobytes()).hexdigest()
    assert digest == hashlib.sha256(pictures.scene(256, 256, "a").tobytes()).hexdigest()


def test_pictures_of_different_requests_look_different():
    small = [
        np.asarray(opened(pictures.picture(1024, 1024, str(n))).convert("L").resize((16, 16)), float) for n in range(12)
    ]
    alike = [np.corrcoef(one.ravel(), other.ravel())[0, 1] for one, other in itertools.combinations(small, 2)]
    assert max(alike) < 0.9


def test_a_picture_has_detail_down_to_single_pixels_and_an_enlarged_one_has_not():
    native, enlarged = (high_frequencies(pictures.picture(2048, 1152, "a", "png", flaw)) for flaw in ("", "enlarged"))
    assert native > 20 * enlarged


def high_frequencies(data):
    """Power in the outer half of the spectrum, per coefficient."""
    grey = np.asarray(opened(data).convert("L"), float)
    power = np.abs(np.fft.rfft2(grey - grey.mean())) ** 2
    radius = np.hypot(np.fft.fftfreq(grey.shape[0])[:, None], np.fft.rfftfreq(grey.shape[1])[None, :])
    return power[(radius > 0.25) & (radius < 0.5)].mean()


def test_a_blank_picture_is_uniform():
    assert np.asarray(opened(pictures.picture(1024, 640, "a", "png", "blank"))).std() == 0


@pytest.mark.parametrize("image_format", ["png", "jpeg"])
def test_a_truncated_picture_opens_and_does_not_load(image_format):
    image = Image.open(io.BytesIO(pictures.picture(1024, 640, "a", image_format, "truncated")))
    assert image.size == (1024, 640)
    with pytest.raises(OSError, match="truncated"):
        image.load()


def test_an_undecodable_picture_has_the_right_magic_and_nothing_else():
    data = pictures.picture(1024, 640, "a", "png", "undecodable")
    assert data.startswith(b"\x89PNG\r\n\x1a\n")
    with pytest.raises((OSError, SyntaxError)):
        opened(data)
