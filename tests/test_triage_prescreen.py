"""Screening a batch of prompts: paced, resumed, and nothing of them is kept."""

import asyncio
import json

import click.testing
import pytest
import triage_samples as samples

from probe import clock, commands, model, moderation
from probe.triage import prescreen

CLEAN = moderation.Screen("clean")
BUSY = moderation.Screen("not checked", reason="HTTP 429", again=True, retry_after_s=7.0)
DOWN = moderation.Screen("not checked", reason="HTTP 503", again=True)


class Instant(clock.RealClock):
    """Sleeps by remembering."""

    async def sleep(self, seconds):
        type(self).slept.append(seconds)


def ran(count, answers, per_minute=60.0):
    """(states, sizes of the requests, sleeps) of a run whose service gives these answers in turn."""
    Instant.slept, sizes, given = [], [], iter(answers)

    async def ask(texts):
        sizes.append(len(texts))
        return [next(given)] * len(texts)

    async def go():
        prompts = [prescreen.Prompt(n + 1, "", f"prompt {n}") for n in range(count)]
        return [found.state async for _, found in prescreen.run(prompts, ask, Instant(), per_minute)]

    return asyncio.run(go()), sizes, Instant.slept


def test_prompts_are_asked_about_in_lists_at_the_pace_allowed():
    states, sizes, slept = ran(45, [CLEAN] * 3)
    assert (set(states), sizes) == ({"clean"}, [20, 20, 5])
    assert slept == pytest.approx([1.0, 1.0], abs=0.1)


def test_a_busy_service_is_asked_again_after_the_pause_it_names():
    states, sizes, slept = ran(3, [BUSY, DOWN, CLEAN])
    assert (set(states), sizes, slept) == ({"clean"}, [3, 3, 3], [7.0, 4.0])


def test_an_outage_leaves_prompts_unchecked_after_five_attempts():
    states, sizes, _ = ran(2, [DOWN] * 5)
    assert (states, len(sizes)) == (["not checked"] * 2, 5)


def test_a_service_that_is_down_is_asked_once_a_list_until_it_answers_again():
    states, sizes, _ = ran(80, [DOWN] * 5 + [DOWN, CLEAN] + [DOWN, CLEAN])
    assert (states[::20], len(sizes)) == (["not checked", "not checked", "clean", "clean"], 9)


@pytest.mark.parametrize("line", [b"{}", b"[]", b"7", b'{"prompt": ""}', b"\xff", b"x" * (2 << 20), b'{"prompt": 7}'])
def test_a_line_without_a_prompt_is_named(line):
    with pytest.raises(model.UserError, match="line 2 holds no prompt"):
        list(prescreen.read([b'"a cat"', line]))


def test_prompts_are_in_no_repr_and_in_no_result():
    (prompt,) = prescreen.read([json.dumps({"prompt": samples.PROMPT, "id": 7}).encode()])
    assert samples.PROMPT not in repr(prompt)
    assert samples.PROMPT not in json.dumps(prescreen.facts(prompt, CLEAN))
    assert prompt.id == "7"


def test_what_was_checked_is_known_and_a_line_cut_by_a_crash_is_not(tmp_path):
    results = tmp_path / "r.ndjson"
    lines = [
        json.dumps({"line": n, "mark": f"m{n}", "state": state})
        for n, state in [(1, "clean"), (2, "not checked"), (3, "flagged")]
    ]
    results.write_text("\n".join(lines) + '\n{"line": 4, "mar')
    assert prescreen.done(results) == {1: "m1", 3: "m3"}


@pytest.fixture
def folder(tmp_path, standin, monkeypatch):
    """config.toml, three prompts and a stand-in that moderates."""
    monkeypatch.setenv("TRIAGE_KEY", samples.KEY)
    monkeypatch.chdir(tmp_path)
    samples.config(tmp_path, standin())
    prompts = ["a tabby cat", "a lolicon drawing", "a harbour"]
    (tmp_path / "p.ndjson").write_text("".join(json.dumps({"prompt": text}) + "\n" for text in prompts))
    return tmp_path


def invoke(*words):
    return click.testing.CliRunner().invoke(commands.program, ["prescreen", "p.ndjson", *words], prog_name="tierwatch")


def test_flagged_prompts_are_named_by_line(folder):
    result = invoke("--yes", "--per-minute", "6000")
    assert result.exit_code == 1
    assert "2 clean, 1 flagged, 0 not checked of 3 prompts" in result.output
    assert "line 2: " in result.output
    assert "clean does not clear brands" in result.output


def test_a_second_run_asks_only_about_what_changed_or_was_not_checked(folder):
    invoke("--yes", "--per-minute", "6000")
    lines = (folder / "p.ndjson").read_text().splitlines()
    (folder / "p.ndjson").write_text("\n".join([lines[0], json.dumps({"prompt": "a dog"}), lines[2]]) + "\n")
    result = invoke("--yes", "--json")
    assert result.exit_code == 0
    assert len((folder / "p.screened.ndjson").read_text().splitlines()) == 4
    assert json.loads(result.stdout)["counts"] == {"clean": 3, "flagged": 0, "not checked": 0}


def test_nothing_leaves_this_machine_without_a_yes(folder, monkeypatch):
    from probe import client

    async def refuse(*_, **__):
        raise AssertionError("something was sent")

    monkeypatch.setattr(client.Client, "send", refuse)
    result = invoke()
    assert result.exit_code == 2
    assert "say --yes" in result.output
    assert not (folder / "p.screened.ndjson").exists()


def test_an_outage_is_told_with_its_reason_and_what_to_do(folder, monkeypatch):
    async def down(*_, **__):
        return [DOWN] * 3

    monkeypatch.setattr(moderation, "screen_all", down)
    monkeypatch.setattr(prescreen, "FIRST_PAUSE_S", 0.0)
    result = invoke("--yes")
    assert result.exit_code == 1
    assert "  3 not checked: HTTP 503\n  the same command asks again about those\n" in result.stdout


def test_ctrl_c_says_how_to_go_on(folder, monkeypatch):
    async def interrupted(*_, **__):
        raise KeyboardInterrupt

    monkeypatch.setattr(moderation, "screen_all", interrupted)
    result = invoke("--yes")
    assert result.exit_code == 130
    assert "what was asked is in p.screened.ndjson; the same command goes on from there" in result.stderr
