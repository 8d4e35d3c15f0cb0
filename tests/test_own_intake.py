"""Taking in: each request once, whoever tells of it and however often; nothing lost between runs."""

import datetime as dt
import io
import itertools
import json
import os
import pathlib
import subprocess
import sys
import tracemalloc

import own_samples as samples
import pytest
import record_samples

from probe import model, records
from probe.own import account, files, formats, intake, spool
from probe.recorder import spooling
from probe.records import history, rows


@pytest.fixture
def config(tmp_path):
    return samples.settings(tmp_path)


@pytest.fixture
def book(tmp_path, config):
    with records.open(tmp_path / "tierwatch.db") as opened:
        yield opened


@pytest.fixture
def past(tmp_path, book):
    """A function: what is stored now."""

    def look():
        return history.open(tmp_path / "tierwatch.db")

    return look


@pytest.fixture
def take(config, book):
    """A function: lines (objects or accounts) -> the tally."""

    def go(*lines, **options):
        taking = intake.Intake(config, book, lambda: samples.minutes(600), **options)
        told = [
            intake.Line(n, told=line) if isinstance(line, account.Account) else intake.Line(n, json.dumps(line))
            for n, line in enumerate(lines, 1)
        ]
        list(taking.take(told))
        return taking.tally

    return go


def logged(name, *, at=samples.AT, duration_s=90.0, charged_usd=0.03, error="", channel="vip", **fields):
    """A request as the gateway's log tells of it."""
    entry = rows.GatewayEntry(
        "apiyi", name, at, "gpt-image-2-vip", duration_s=duration_s, charged_usd=charged_usd, error=error
    )
    order = model.Order("openai-images", "gpt-image-2-vip")
    headers = {"x-gateway-request-id": name}
    evidence = model.Evidence(200, headers, elapsed_s=duration_s, order=order, picture_count=1)
    if error:
        evidence = model.Evidence(500, headers, samples.ERROR, elapsed_s=duration_s, order=order)
    return account.Account(
        f"apiyi:{name}", "apiyi", at, evidence, channel=channel, tier="?", latency_s=duration_s, charged_usd=charged_usd,
        entry=entry, **fields,
    )  # fmt: skip


def stored(past):
    with past() as seen:
        return {one.outcome.id: one for one in seen.outcomes()}


def points(past):
    with past() as seen:
        return seen.traffic.points()


def test_a_request_is_stored_with_its_path_and_verdict(take, past):
    assert take(samples.failed("r1", batch="night", attempt=2, prompt_id="own-0123456789abcdef")).new == 1
    one = stored(past)["r1"]
    assert str(one.outcome.path) == "vip/4k-high"
    assert one.outcome.trigger is model.Trigger.OWN_TRAFFIC
    assert one.verdict.kind is model.Kind.PROCESSING_ERROR
    assert (one.outcome.batch, one.outcome.attempt, one.outcome.source) == ("night", 2, "recorder")
    assert one.outcome.price_usd == 0.03
    assert one.outcome.fingerprint


def test_the_same_lines_twice_change_nothing(take, past):
    lines = [samples.told(f"r{n}", samples.minutes(n)) for n in range(5)]
    assert take(*lines).new == 5
    again = take(*lines)
    assert (again.new, again.known) == (0, 5)
    assert len(stored(past)) == 5


def test_a_line_told_twice_in_one_file_is_one_request(take, past):
    assert take(samples.told(), samples.told()).new == 1
    assert len(stored(past)) == 1


def test_what_the_log_says_of_a_recorded_request_is_kept_beside_it(take, past):
    take(samples.told("r1", headers={"request-id": "g1"}))
    tally = take(logged("g1", charged_usd=0.06, duration_s=85.0))
    assert (tally.new, tally.known, tally.canaries) == (0, 1, 0)
    (point,) = points(past)
    assert (str(point.path), point.charged_usd, point.gateway_s, point.source) == (
        "vip/4k-high",
        0.06,
        85.0,
        "recorder",
    )


def test_the_programs_own_account_replaces_what_only_the_log_had_told(take, past):
    take(logged("g1"), logged("g2", at=samples.minutes(3)))
    assert {str(one.outcome.path) for one in stored(past).values()} == {"vip/?"}
    tally = take(samples.failed("r1", headers={"request-id": "g1"}))
    assert tally.new == 1
    assert set(stored(past)) == {"r1", "apiyi:g2"}
    first, _ = points(past)
    assert (str(first.path), first.charged_usd, first.lost) == ("vip/4k-high", 0.03, True)
    assert take(logged("g1")).known == 1  # the log, read again
    assert set(stored(past)) == {"r1", "apiyi:g2"}


def test_a_request_that_got_no_answer_is_found_in_the_log_by_its_start(take, past):
    take(samples.unanswered("r1"), samples.unanswered("r2", samples.minutes(10)))
    late = logged("g1", at=samples.AT + dt.timedelta(seconds=2), duration_s=180.0)
    other = logged("g2", at=samples.minutes(5))
    tally = take(late, other)
    assert (tally.known, tally.new) == (1, 1)
    first, second, third = points(past)
    assert (first.charged_usd, first.gateway_s, first.kind) == (0.03, 180.0, model.Kind.TIMEOUT)
    assert (second.source, third.charged_usd) == ("apiyi", None)


def test_the_log_first_and_the_unanswered_request_later_are_one_as_well(take, past):
    take(logged("g1", at=samples.AT + dt.timedelta(seconds=2), duration_s=180.0))
    assert take(samples.unanswered("r1")).new == 1
    (point,) = points(past)
    assert (str(point.path), point.kind, point.charged_usd) == ("vip/4k-high", model.Kind.TIMEOUT, 0.03)


def test_requests_that_begin_together_are_paired_one_to_one(take, past):
    take(*(samples.unanswered(f"r{n}", samples.AT + dt.timedelta(seconds=n)) for n in range(3)))
    take(*(logged(f"g{n}", at=samples.AT + dt.timedelta(seconds=n)) for n in range(5)))
    found = points(past)
    assert sum(point.source == "recorder" and point.charged_usd == 0.03 for point in found) == 3
    assert sum(point.source == "apiyi" for point in found) == 2


def test_a_request_that_was_never_sent_is_in_no_log(take, past):
    take(samples.unanswered("r1", fault="refused"))
    take(logged("g1"))
    assert len(stored(past)) == 2


def test_our_own_canaries_in_the_gateways_log_are_no_own_traffic(take, past, book):
    path = model.Path("vip", "4k-high")
    named = record_samples.judged("canary-1", path=path, gateway=["g1"])
    lost = record_samples.judged("canary-2", path=path, at=samples.minutes(30), kind=model.Kind.TIMEOUT)
    book.store_all([named, lost])
    tally = take(logged("g1"), logged("g2", at=samples.minutes(30)), logged("g3", at=samples.minutes(60)))
    assert (tally.canaries, tally.new) == (2, 1)
    assert set(stored(past)) == {"canary-1", "canary-2", "apiyi:g3"}


def test_what_pictures_were_charged_is_told_by_the_log_before_the_answer_for_canaries_and_own_requests(
    take, past, book
):
    ok = record_samples.judged("canary-1", kind=model.Kind.OK, gateway=["g1"], price_usd=0.03, charged_usd=0.02)
    answered = record_samples.judged("canary-2", kind=model.Kind.OK, at=samples.minutes(9), price_usd=0.03)
    failed = record_samples.judged("canary-3", at=samples.minutes(12), price_usd=0.03, charged_usd=0.04)
    book.store_all([ok, answered, failed])
    take(logged("g1", charged_usd=0.06), samples.told("r1", samples.minutes(5), charged_usd=0.05))
    with past() as seen:
        found = list(seen.charges())
    assert [(str(each.path), each.listed_usd, each.charged_usd) for each in found] == [
        ("vip/4k-high", 0.03, 0.06),
        ("vip/4k-high", 0.03, 0.05),
    ]


def test_a_gateways_id_finds_the_request_for_triage(take, past):
    take(samples.unanswered("r1"))
    take(logged("20260813021900123456789abcdefgh"))
    with past() as seen:
        assert [one.outcome.id for one in seen.find("20260813021900123456789abcdefgh")] == ["r1"]
        assert [one.outcome.id for one in seen.find("20260813021900")] == ["r1"]
        assert [one.charged_usd for one in seen.traffic.points()] == [0.03]


def test_bad_lines_are_set_aside_with_their_reason_and_the_rest_goes_on(take, past):
    aside = []
    tally = take(
        samples.told("r1"),
        {"schema_version": 1},
        samples.told("r2"),
        aside=lambda line, why: aside.append((line.number, why)),
    )
    assert (tally.new, tally.bad, aside) == (2, 1, [(2, "id: Field required")])
    with past() as seen:
        assert seen.traffic.lost() == {"set aside": 1}


def test_what_the_recorder_dropped_is_counted(take, past):
    assert take({"schema_version": 1, "dropped": 7}, samples.told()).dropped == 7
    with past() as seen:
        assert seen.traffic.lost() == {"not recorded: queue or spool full": 7}


def test_a_request_from_the_future_is_set_aside(take):
    assert take(samples.told(at=samples.minutes(100_000))).bad == 1


def test_what_fits_no_channel_is_held_without_losing_anything_and_found_again(take, past, book, tmp_path):
    line = samples.failed("r1", model="gpt-image-9", text=samples.ERROR, prompt="must not be kept")
    assert take(line, line).unmapped == 1
    with past() as seen:
        (stray,) = seen.traffic.strays()
        held = list(seen.traffic.held())
    assert (stray.model, stray.ordered, stray.count) == ("gpt-image-9", "3840x2160 high", 1)
    assert "must not be kept" not in str(held)
    mended = samples.settings(tmp_path, samples.CONFIG.replace('"gpt-image-2-vip"', '"gpt-image-9"'))
    taking = intake.Intake(mended, book, lambda: samples.minutes(600))
    (new,) = [one for batch in taking.again(held) for one in batch]
    assert (new.id, new.channel, new.tier) == ("r1", "vip", "4k-high")
    with past() as seen:
        assert seen.traffic.strays() == ()
    assert stored(past)["r1"].verdict.kind is model.Kind.PROCESSING_ERROR


def test_a_period_leaves_out_what_is_older(take):
    tally = take(samples.told("r1"), samples.told("r2", samples.minutes(9)), since=samples.minutes(5))
    assert (tally.early, tally.new) == (1, 1)


# --- files and the spool ---------------------------------------------------------------------------------------


def write(path, *lines):
    with path.open("a") as file:
        file.writelines(line if isinstance(line, str) else json.dumps(line) + "\n" for line in lines)


def test_a_last_line_that_is_whole_needs_no_line_break_and_a_mark_of_its_coding_does_no_harm(tmp_path):
    path = tmp_path / "a.ndjson"
    path.write_text("\ufeff" + json.dumps(samples.told("r1")) + "\r\n" + json.dumps(samples.told("r2")), "utf-8")
    found = list(files.lines(path, None))
    assert [formats.read(line.text, None)["id"] for line in found] == ["r1", "r2"]
    with path.open("a") as file:
        file.write("\n" + json.dumps(samples.told("r3")) + "\n")
    assert [json.loads(line.text)["id"] for line in files.lines(path, str(found[-1].position))] == ["r3"]


def test_what_came_through_a_pipe_is_stored_while_nothing_more_comes(monkeypatch):
    monkeypatch.setattr(files, "POLL_S", 0.01)
    reading, writing = os.pipe()
    with os.fdopen(reading, "rb") as file, os.fdopen(writing, "wb", buffering=0) as told:
        told.write(b'{"a": 1}\n\n{"b"')
        lines = files.stream(file, "pipe")
        assert (next(lines).text, next(lines)) == ('{"a": 1}', None)
        told.write(b": 2}\r\n[")
        told.close()
        assert [(line.number, line.text.strip()) for line in lines if line] == [(3, '{"b": 2}'), (4, "[")]


def test_a_line_of_a_pipe_that_never_ends_takes_no_more_memory_than_a_bound(monkeypatch):
    monkeypatch.setattr(files.formats, "LONGEST", 1000)
    with io.BufferedReader(Endless(300)) as file:
        (line,) = [line for line in files.arriving(file) if line]
    assert len(line.text) < 1000 + 3 * files.CHUNK_BYTES


class Endless(io.RawIOBase):
    """So many pieces of text without a line break, from a file that can always be read."""

    def __init__(self, pieces):
        self.left, self.always = pieces, pathlib.Path("/dev/zero").open("rb")  # noqa: SIM115 - see close

    def readable(self):
        return True

    def fileno(self):
        return self.always.fileno()

    def readinto(self, buffer):
        self.left -= 1
        buffer[:] = b"a" * len(buffer)
        return len(buffer) if self.left > 0 else 0

    def close(self):
        self.always.close()
        super().close()


def test_a_file_is_read_on_from_where_it_was(tmp_path):
    path = tmp_path / "a.ndjson"
    write(path, samples.told("r1"), samples.told("r2"), '{"cut')
    first = list(files.lines(path, None))
    assert [json.loads(line.text)["id"] for line in first] == ["r1", "r2"]
    assert list(files.lines(path, str(first[-1].position))) == []
    write(path, ' short"}\n', samples.told("r3"))
    assert [line.number for line in files.lines(path, str(first[-1].position))] == [1, 2]


def test_another_file_under_the_same_name_is_read_from_its_beginning(tmp_path):
    path = tmp_path / "a.ndjson"
    write(path, samples.told("r1"))
    (line,) = files.lines(path, None)
    path.rename(tmp_path / "old")
    write(path, samples.told("r2"))
    assert [json.loads(one.text)["id"] for one in files.lines(path, str(line.position))] == ["r2"]
    path.write_text("")
    write(path, "{}\n")
    assert len(list(files.lines(path, str(line.position)))) == 1


def test_one_json_list_is_read_element_by_element(tmp_path):
    path = tmp_path / "spend.json"
    path.write_text(json.dumps([samples.told(f"r{n}", text="x" * 900) for n in range(300)], indent=1))
    found = list(files.lines(path, None))
    assert [json.loads(line.text)["id"] for line in found] == [f"r{n}" for n in range(300)]
    assert list(files.lines(path, str(found[-1].position))) == []


def test_a_list_that_breaks_off_tells_so(tmp_path):
    path = tmp_path / "spend.json"
    path.write_text(json.dumps([samples.told("r1"), samples.told("r2")])[:-40])
    found = list(files.lines(path, None))
    assert json.loads(found[0].text)["id"] == "r1"
    with pytest.raises(ValueError):  # noqa: PT011 - any words
        json.loads(found[-1].text)


def test_a_line_of_any_length_is_bounded_and_passed_over(tmp_path, monkeypatch):
    monkeypatch.setattr(files.formats, "LONGEST", 5000)
    path = tmp_path / "a.ndjson"
    write(path, samples.told("r1"), '{"a": "' + "x" * 20_000 + '"}\n', samples.told("r2"))
    found = list(files.lines(path, None))
    assert json.loads(found[0].text)["id"] == "r1"
    assert json.loads(found[-1].text)["id"] == "r2"
    assert len(found) == 3


def test_following_waits_for_more_and_for_the_file_that_replaces_it(tmp_path):
    path = tmp_path / "a.ndjson"
    write(path, samples.told("r1"))
    steps = iter(
        [
            lambda: write(path, samples.told("r2")),
            lambda: path.rename(tmp_path / "old"),
            lambda: write(path, samples.told("r3")),
        ]
    )
    following = files.follow(path, None, wait=lambda _: next(steps)())
    found = [json.loads(line.text)["id"] if line else None for line in itertools.islice(following, 7)]
    assert found == ["r1", None, "r2", None, None, "r3", None]


@pytest.fixture
def filled(config, tmp_path):
    """A spool with one file whose writer has ended."""
    folder = tmp_path / "spool"
    folder.mkdir()
    write(folder / "a.ndjson", *(samples.told(f"r{n}", samples.minutes(n)) for n in range(3)), "nonsense\n")
    return folder


def swallow(config, book, past, path):
    new = []
    with past() as seen:
        return spool.take_file(config, book, seen, lambda: samples.minutes(600), b"0" * 32, path, new.extend), new


def test_a_finished_file_of_the_spool_is_taken_in_and_removed(config, book, past, filled):
    tally, new = swallow(config, book, past, filled / "a.ndjson")
    assert (tally.new, tally.bad, len(new)) == (3, 1, 3)
    assert list(filled.glob("*.ndjson")) == []
    assert "nonsense" in (filled / spool.ASIDE).read_text()
    with past() as seen:
        assert seen.traffic.position(files.source(filled / "a.ndjson")) is None


def test_half_a_line_that_nobody_will_finish_is_set_aside(config, book, past, filled):
    write(filled / "a.ndjson", json.dumps(samples.told("r9"))[:100])
    tally, new = swallow(config, book, past, filled / "a.ndjson")
    assert (tally.new, tally.bad, len(new)) == (3, 2, 3)
    with past() as seen:
        assert seen.traffic.lost() == {"set aside": 2}


def test_a_file_that_is_still_written_is_read_on_later(config, book, past, tmp_path):
    writer = spooling.File(tmp_path / "spool")
    assert writer.key
    writer.write([json.dumps(samples.told("r1"))])
    (path,) = (tmp_path / "spool").glob("*.ndjson")
    assert swallow(config, book, past, path)[0].new == 1
    assert path.exists()
    writer.write([json.dumps(samples.told("r2"))])
    tally, _ = swallow(config, book, past, path)
    assert (tally.read, tally.new) == (1, 1)


def test_recorders_and_database_agree_on_one_key(config, book, past, tmp_path):
    folder = tmp_path / "spool"
    before = book.prompt_key()
    assert spool.share_key(folder, book) == before
    (folder / spooling.KEY_NAME).unlink()
    theirs = spooling.key(folder)
    assert spool.share_key(folder, book) == theirs
    with past() as seen:
        assert seen.prompt_key() == theirs


def test_a_triage_before_the_first_intake_hashes_with_the_recorders_key(book, tmp_path):
    folder = tmp_path / "spool"
    own = spool.prompt_key(folder, book)
    assert not folder.exists()
    folder.mkdir()
    theirs = spooling.key(folder)
    assert theirs != own
    assert spool.prompt_key(folder, book) == theirs == book.prompt_key()


def test_a_kill_at_any_batch_loses_nothing_and_stores_nothing_twice(tmp_path, config):
    path = tmp_path / "many.ndjson"
    write(path, *(samples.told(f"r{n}", samples.minutes(n / 10)) for n in range(1500)))
    code = (
        "import os, sys; from probe.own import intake; from probe.records import writes; from probe import commands\n"
        "intake.BATCH = 500\n"
        "real, calls = writes.Records.take_in, [0]\n"
        "def dying(self, *args, **named):\n"
        "    done = real(self, *args, **named); calls[0] += 1\n"
        "    if calls[0] == 2: os._exit(9)\n"
        "    return done\n"
        "writes.Records.take_in = dying\n"
        "commands.main(['ingest', sys.argv[1], '--config', sys.argv[2]])\n"
    )
    words = [sys.executable, "-c", code, str(path), config.source]
    codes = [subprocess.run(words, capture_output=True, timeout=60, check=False).returncode for _ in range(2)]
    assert codes == [9, 0]
    with history.open(tmp_path / "tierwatch.db") as seen:
        assert sum(1 for _ in seen.outcomes()) == 1500


def test_memory_does_not_grow_with_the_number_of_lines(config, book, monkeypatch):
    monkeypatch.setattr(intake, "BATCH", 50)

    def lines(count, start):
        for n in range(start, start + count):
            yield intake.Line(n, json.dumps(samples.told(f"r{n}", samples.minutes(n / 1000))))

    def peak(count, start):
        taking = intake.Intake(config, book, lambda: samples.minutes(600))
        tracemalloc.start()
        for _ in taking.take(lines(count, start)):
            pass
        found = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        return found

    peak(200, 0)
    assert peak(1000, 10_000) < 1.5 * peak(200, 100_000)
