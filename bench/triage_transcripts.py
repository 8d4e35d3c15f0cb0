"""Plays failures against the stand-in, triages them by the commands a person would type, and writes the transcripts.

    python bench/triage_transcripts.py [--only NAME] [--out docs/triage-transcripts.md]

Times and ids differ from run to run; everything else is what the program says.
"""

import argparse
import contextlib
import dataclasses
import datetime as dt
import json
import os
import pathlib
import shlex
import subprocess
import sys
import tempfile
import threading
import tomllib
from collections.abc import Callable, Iterator

import httpx

sys.path.insert(0, str(pathlib.Path(__file__).parent))

import triage_cases

from probe import config as configs
from probe import model, records, serving
from probe.standin import acts, past, scenario, server

KEY = "sk-transcript-not-a-real-key-0000"
HISTORY = dt.timedelta(hours=24)
STARTING = dt.timedelta(seconds=2.5)
"""From making a case to its first request: the stand-in's clock starts then."""


def play(case: triage_cases.Case, out: Callable[[str], None]) -> None:
    """Make the folder, its history and the stand-in; run the steps; write what they print."""
    with tempfile.TemporaryDirectory() as name, contextlib.chdir(name):
        now = dt.datetime.now(dt.UTC)
        played = scenario.parse(tomllib.loads(scene(case, now)))
        starting = scenario.moved(played, now + STARTING)
        with standing(starting, case.speed) as url:
            pathlib.Path("config.toml").write_text(triage_cases.CONFIG.format(url=url, upstream=case.upstream), "utf-8")
            os.environ["STANDIN_KEY"] = KEY
            config = configs.load(pathlib.Path("config.toml").absolute())
            with records.open(config.database) as book:
                # The stand-in's time runs faster than ours: so did the past.
                book.store_all(hurried(one, case.speed) for one in past.outcomes(config, played, now - HISTORY, now, 3))
            if case.prompt:
                pathlib.Path("prompt.txt").write_text(case.prompt + "\n", "utf-8")
                pathlib.Path("reply.txt").write_text(reply(url, case.prompt), "utf-8")
            if "batch" in case.steps[0]:
                pathlib.Path("failures.ndjson").write_text("".join(lines(now)), "utf-8")
            out(f"## {case.title}\n\n{case.about}\n")
            for step in case.steps:
                out(f"````console\n$ {step}\n{run(step)}````\n")


def hurried(judged: model.Judged, speed: float) -> model.Judged:
    """An outcome of the past as a client on a slower clock would have timed it."""
    outcome = judged.outcome
    elapsed_s, latency_s = outcome.evidence.elapsed_s, outcome.latency_s
    evidence = dataclasses.replace(outcome.evidence, elapsed_s=elapsed_s and elapsed_s / speed)
    return model.Judged(
        dataclasses.replace(outcome, evidence=evidence, latency_s=latency_s and latency_s / speed), judged.verdict
    )


def scene(case: triage_cases.Case, now: dt.datetime) -> str:
    text = f"start = {now.isoformat()}\nhours = 24\n" + triage_cases.SCENARIO.format(
        refusal=f'refusal = "{case.refusal}"' if case.refusal else ""
    )
    for channel, tier, ago_h, does in case.incidents:
        begins, ends = now - dt.timedelta(hours=ago_h), now + dt.timedelta(hours=6)
        text += (
            triage_cases.INCIDENT.format(channel=channel, tier=tier, begins=begins.isoformat(), ends=ends.isoformat())
            + does
            + "\n"
        )
    return text


@contextlib.contextmanager
def standing(played: scenario.Scenario, speed: float) -> Iterator[str]:
    """The stand-in; scenario time starts at the first request."""
    ready = threading.Event()
    upstream = serving.Server(server.app(played, speed, 7), ready.set, acts.Protocol)
    listening = serving.listen("127.0.0.1", 0, "port")
    thread = threading.Thread(target=upstream.run, kwargs={"sockets": [listening]}, daemon=True)
    thread.start()
    ready.wait(10)
    try:
        yield serving.address(listening)
    finally:
        upstream.should_exit = True
        thread.join(10)


def reply(url: str, prompt: str) -> str:
    """What `curl -i` would have shown for this prompt."""
    body = {"model": "gpt-image-2-vip", "prompt": prompt, "size": "3840x2160", "quality": "high"}
    got = httpx.post(f"{url}/v1/images/generations", json=body, headers={"authorization": f"Bearer {KEY}"}, timeout=60)
    head = "".join(f"{key}: {value}\n" for key, value in got.headers.items())
    return f"HTTP/1.1 {got.status_code} {got.reason_phrase}\n{head}\n{got.text}"


def lines(now: dt.datetime) -> Iterator[str]:
    """A job's requests of the last five hours: healthy, then the incident of the scenario."""
    kinds = {
        "moderation": (400, {"error": {"message": "Your request was rejected by the safety system.", "code": "moderation_blocked"}}),
        "processing": (500, {"error": {"message": "An error occurred while processing your request.", "type": "server_error"}}),
        "quota": (403, {"error": {"message": "user quota is not enough", "code": "insufficient_user_quota"}}),
    }  # fmt: skip
    for number in range(200):
        sent_at = now - dt.timedelta(minutes=300 - 1.5 * number)
        kind = None
        if number % 37 == 5:
            kind = "moderation"
        elif number in {60, 61, 62}:
            kind = "quota"
        elif number > 125 and number % 8 == 0:
            kind = "processing"
        elif number == 20:
            kind = "billed"
        line = {"id": f"job-{number:03}", "channel": "vip", "tier": "4k-high", "sent_at": sent_at.isoformat(), "prompt_id": f"own-{number // 2:016x}"}  # fmt: skip
        if kind == "billed":
            line |= {
                "status": 504,
                "body": "<html><h1>504 Gateway Time-out</h1></html>",
                "elapsed_s": 60.1,
                "charged_usd": 0.03,
            }
        elif kind is not None:
            status, body = kinds[kind]
            line |= {"status": status, "body": json.dumps(body), "elapsed_s": 3.0 if kind == "moderation" else 70.0}
        else:
            line |= {"status": 200, "body": '{"data": [{"b64_json": "<1000 base64 characters>"}]}', "elapsed_s": 85.0}
        yield json.dumps(line) + "\n"


def run(step: str) -> str:
    """What a command prints, both streams, as in a terminal of 80 columns."""
    words = shlex.split(step)
    command = [sys.executable, "-m", "probe", *words[1:]] if words[0] == "tierwatch" else words
    environment = {**os.environ, "COLUMNS": "80", "PYTHONPATH": str(pathlib.Path(__file__).parent.parent)}
    done = subprocess.run(command, capture_output=True, text=True, check=False, env=environment)
    errors = [
        line
        for line in done.stderr.splitlines()
        if " INFO outcome " not in line and not line.startswith(("sorting", "asking"))
    ]
    text = "\n".join([*errors, *done.stdout.splitlines()])
    return f"{text}\n(exit {done.returncode})\n" if done.returncode else f"{text}\n"


HEAD = """\
# Triage: transcripts against the stand-in

Made by `python bench/triage_transcripts.py`: the real commands, over HTTP, against the stand-in upstream, whose
failures are made up and whose pictures are real. A day of simulated canaries came before each failure. Its time runs
60 times as fast as ours, 20 times in the case of the proxy: 60 s take 1 s and 3 s here, and the gateway's log tells
its own.

"""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", choices=triage_cases.CASES)
    parser.add_argument("--out", type=pathlib.Path)
    asked = parser.parse_args()
    parts: list[str] = []
    for name, case in triage_cases.CASES.items():
        if asked.only in {None, name}:
            play(case, parts.append)
    if asked.out:
        asked.out.write_text(HEAD + "\n".join(parts), "utf-8")
    else:
        print("\n".join(parts))


if __name__ == "__main__":
    main()
