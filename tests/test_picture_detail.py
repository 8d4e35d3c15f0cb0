"""Native or enlarged: what `picture.detail` tells of pictures drawn here, at a size that keeps the tests fast."""

import functools
import io
import random

import numpy as np
import pytest
from PIL import Image, ImageDraw, ImageFilter

from probe.picture import copies, detail, spectrum, traces

WIDTH_PX, HEIGHT_PX = 1536, 864
KERNELS = {
    "nearest": Image.Resampling.NEAREST,
    "bilinear": Image.Resampling.BILINEAR,
    "bicubic": Image.Resampling.BICUBIC,
    "lanczos": Image.Resampling.LANCZOS,
}


@functools.cache
def leaves(seed):
    """Dead leaves, drawn at twice the size and shrunk: detail down to single pixels, edges as soft as a lens makes them."""
    draw = random.Random(seed)
    image = Image.new("L", (2 * WIDTH_PX, 2 * HEIGHT_PX), 128)
    pen = ImageDraw.Draw(image)
    for _ in range(4000):
        radius = 4 / draw.uniform(0.01, 1)
        x, y = draw.uniform(0, image.width), draw.uniform(0, image.height)
        pen.ellipse((x - radius, y - radius, x + radius, y + radius), fill=draw.randrange(256))
    return image.resize((WIDTH_PX, HEIGHT_PX), Image.Resampling.LANCZOS)


@functools.cache
def enlarged(seed, ratio, kernel):
    image = leaves(seed)
    small = image.resize((round(WIDTH_PX * ratio), round(HEIGHT_PX * ratio)), Image.Resampling.LANCZOS)
    return small.resize(image.size, KERNELS[kernel])


def as_it_is(image):
    return image


def sharpened(image):
    return image.filter(ImageFilter.UnsharpMask(2, 120, 0))


def grained(image, sigma=2):
    noise = np.random.default_rng(5).normal(0, sigma, (image.height, image.width))
    return Image.fromarray(np.clip(np.rint(np.asarray(image) + noise), 0, 255).astype(np.uint8))


def compressed(image, quality=90):
    coded = io.BytesIO()
    image.save(coded, "JPEG", quality=quality)
    return Image.open(coded).convert("L")


AFTERWARDS = [as_it_is, sharpened, grained, compressed]


def measured(image):
    return detail.measure(np.asarray(image))


@pytest.mark.parametrize("afterwards", AFTERWARDS)
@pytest.mark.parametrize("seed", [1, 2])
def test_a_native_picture_is_native_whatever_was_done_to_it(seed, afterwards):
    assert measured(afterwards(leaves(seed))).effective_resolution >= detail.NATIVE_REACH


@pytest.mark.parametrize("afterwards", AFTERWARDS)
@pytest.mark.parametrize("kernel", KERNELS)
@pytest.mark.parametrize("ratio", [0.5, 0.4, 4 / 15])
def test_an_enlarged_picture_is_told_by_the_ratio_it_was_enlarged_from(ratio, kernel, afterwards):
    found = measured(afterwards(enlarged(1, ratio, kernel)))
    assert found.effective_resolution == pytest.approx(ratio, abs=0.002)


@pytest.mark.parametrize("kernel", KERNELS)
def test_a_ratio_that_is_no_simple_fraction_is_found_too(kernel):
    assert measured(enlarged(2, 0.437, kernel)).effective_resolution == pytest.approx(0.437, abs=0.002)


@pytest.mark.parametrize("ratio", [0.25, 0.4, 0.437, 0.6, 2 / 3])
def test_pixels_that_were_only_copied_tell_their_ratio_exactly(ratio):
    assert copies.ratio(np.asarray(enlarged(1, ratio, "nearest"))) == pytest.approx(ratio, abs=0.0005)


def test_copies_are_told_wherever_a_resizer_lets_its_first_cell_begin():
    small = np.asarray(leaves(1).resize((600, 400)))
    for offset in (0.0, 0.3, 0.5):
        down, across = (
            np.minimum(((np.arange(length) + offset) * ratio).astype(int), length)
            for length, ratio in ((900, 0.4), (1500, 0.4))
        )
        assert copies.ratio(small[np.ix_(down, across)]) == pytest.approx(0.4, abs=0.001)


def test_a_native_picture_with_wide_empty_margins_is_not_taken_for_copies():
    sheet = np.full((864, 1536), 255, np.uint8)
    sheet[300:500, 400:900] = np.asarray(leaves(2))[300:500, 400:900]
    assert copies.ratio(sheet) is None


def test_grain_ends_the_certainty_of_copies():
    assert copies.ratio(np.asarray(grained(enlarged(1, 0.4, "nearest"), 1))) is None


def test_an_upright_picture_is_measured_by_its_long_edge():
    turned = enlarged(1, 0.4, "bicubic").transpose(Image.Transpose.ROTATE_90)
    assert measured(turned).effective_resolution == pytest.approx(0.4, abs=0.002)


@pytest.mark.parametrize("sigma", [1, 1.5, 2, 3])
@pytest.mark.parametrize("afterwards", [as_it_is, compressed])
def test_a_soft_native_picture_is_not_called_enlarged(sigma, afterwards):
    found = measured(afterwards(leaves(1).filter(ImageFilter.GaussianBlur(sigma))))
    assert found.effective_resolution is None
    assert found.motif == detail.SOFT


def test_a_shrunk_picture_shows_traces_of_it_but_keeps_its_detail():
    boxed = leaves(2).resize((960, 540), Image.Resampling.BOX)
    assert traces.find(np.asarray(boxed))
    assert measured(boxed).effective_resolution >= detail.NATIVE_REACH


def test_a_motif_without_detail_tells_nothing():
    ramp = Image.linear_gradient("L").resize((WIDTH_PX, HEIGHT_PX))
    assert measured(ramp) == detail.Detail(None, detail.FLAT)


def test_a_uniform_picture_and_one_of_stripes_have_no_traces():
    assert traces.find(np.full((600, 900), 90, np.uint8)) == ()
    assert traces.find(np.tile(np.arange(900, dtype=np.uint8) % 7, (600, 1))) == ()


def test_a_chessboard_on_the_borders_of_jpeg_blocks_has_no_traces_and_raises_no_warning():
    board = np.indices((512, 768)).sum(0) // 8 % 2 * 200
    columns = np.arange(768) // 8 % 2 * 200
    rows = np.arange(512) // 8 % 2 * 100
    assert traces.find(board.astype(np.uint8)) == ()
    assert traces.find((columns + rows[:, None]).astype(np.uint8)) == ()


def test_a_picture_with_a_short_edge_tells_nothing():
    cut = np.asarray(leaves(1))[: detail.SMALLEST_PX - 1]
    assert detail.measure(cut) == detail.Detail(None, detail.SMALL)


def test_nothing_in_a_picture_of_noise_looks_enlarged():
    noise = np.random.default_rng(1).integers(0, 256, (900, 1600), np.uint8)
    assert traces.find(noise) == ()
    assert detail.measure(noise).effective_resolution == 1.0


def test_grain_cancels_in_the_spectrum():
    half_sky = leaves(1).copy()
    half_sky.paste(128, (0, 0, WIDTH_PX // 2, HEIGHT_PX))
    clean, grainy = (spectrum.read(np.asarray(image)) for image in (half_sky, grained(half_sky, 3)))
    low = slice(6, 20)
    assert grainy.noise[40:60].mean() == pytest.approx(9, rel=0.1)  # white noise of variance 3^2
    assert grainy.detail[low].mean() == pytest.approx(clean.detail[low].mean(), rel=0.1)


def test_the_contrasts_inside_blocks_see_their_own_ratio_and_nothing_smooth():
    border = np.arange(1, 8)
    smooth = [np.ones(7), (border - 4.0) ** 2]
    for ratio, contrast in traces.INSIDE.items():
        assert np.dot(contrast, np.cos(2 * np.pi * ratio * border)) > 1
        assert [np.dot(contrast, shape) for shape in smooth] == pytest.approx([0, 0], abs=1e-9)
