"""The canaries' prompts: which one is sent when, and what they all have in common."""

import collections
import io
import re

import pytest
from PIL import Image

from probe import model, prompts

PATH = model.Path("vip", "4k-high")
SERIES = pytest.mark.parametrize("series", [prompts.PROMPTS, prompts.SENTINELS], ids=["canaries", "sentinels"])


@SERIES
def test_ids_are_unique_and_carry_a_version(series):
    ids = [prompt.id for prompt in series]
    assert len(set(ids)) == len(ids) >= 2
    assert all(re.fullmatch(r"[a-z]+(-[a-z]+)*-\d+", name) for name in ids)


def test_sentinels_can_be_told_by_their_id():
    assert all(prompt.id.startswith("sentinel-") for prompt in prompts.SENTINELS)
    assert not any(prompt.id.startswith("sentinel-") for prompt in prompts.PROMPTS)


@SERIES
def test_every_prompt_asks_for_fine_detail(series):
    assert all(len(prompt.text) > 120 and re.search(r"sharp|crisp|single", prompt.text) for prompt in series)


def test_texts_do_not_stand_in_a_representation():
    assert "harbour at noon" not in repr(prompts.PROMPTS[0])


def test_the_same_slot_of_a_path_gets_the_same_prompt_in_every_process():
    turns = [prompts.pick(PATH, slot).id for slot in range(4)]  # not by Python's own hash, which differs by process
    assert turns == ["library-1", "workbench-1", "library-1", "workbench-1"]


@SERIES
@pytest.mark.parametrize("step", [1, 4, 3600, 86_400])
def test_every_prompt_has_its_turn_however_slots_are_numbered(series, step):
    turns = collections.Counter(prompts.pick(PATH, n * step, series).id for n in range(400))
    assert set(turns) == {prompt.id for prompt in series}
    assert min(turns.values()) > 0.6 * 400 / len(series)


def test_the_reference_picture_of_edits_is_a_small_png_and_always_the_same():
    image = Image.open(io.BytesIO(prompts.reference_picture()))
    assert (image.format, image.size) == ("PNG", (512, 512))
    assert len(prompts.reference_picture()) < 100_000
    assert prompts.reference_picture() is prompts.reference_picture()
