"""R13: mistakes in config.toml: each refused before any request, with the place it stands in, all at once."""

import re
import sys

import board
import installation
import upstream

from probe import config as configs

sys.path.insert(0, str(installation.ROOT / "tests"))
import test_config_faults as rows

PLACE = re.compile(r"^(?:\[\[?\w+[^\]]*\]\]?( \S+)?|top of the file)|config\.toml|^column ")
LINE = re.compile(r" \(line \d+\)$")
MOST_COMBINED = 4


def measure(case):
    folder = case.path("config")
    single = [rows.table(changes) for _, changes, _ in rows.CHANNEL_ROWS]
    single += generated_toml(case.draw, case.times(300, 5000))
    third = third_party()
    accepted = placeless = escaped = 0
    for text in (*single, *third):
        try:
            load(folder, text)
            accepted += 1
        except configs.ConfigError as error:
            placeless += not all(PLACE.search(fault) for fault in error.faults) and "config.toml" not in str(error)
        except Exception as error:
            print(repr(error)[:200], file=sys.stderr)
            escaped += 1
    n = f"{len(single)} + {len(third)} third-party"
    yield case.row("bad files accepted", accepted, n, at_most=0)
    yield case.row("bad files that raised something else", escaped, n, at_most=0)
    yield case.row("messages that name no place", placeless, n, at_most=0)
    yield case.row("faults untold among several", *hidden(case, folder), at_most=0)
    yield case.row("requests sent before the refusal", *requests(case, single), at_most=0)


def load(folder, text):
    path = folder / "config.toml"
    path.write_bytes(text if isinstance(text, bytes) else text.encode("utf-8", "surrogatepass"))
    return configs.load(path)


def hidden(case, folder):
    """Several mistakes in one file: is each of them told?"""
    told, wanted = 0, 0
    for _ in range(case.times(100, 1000)):
        chosen = case.draw.sample(rows.CHANNEL_ROWS, MOST_COMBINED)
        tables = []
        for number, (_, changes, fault) in enumerate(chosen):
            if "name" in changes or "[[channel]] vip" not in fault:
                continue
            tables.append(
                (rows.table({**changes, "name": f'"c{number}"'}), re.sub(r"\bvip\b(?!-)", f"c{number}", fault))
            )
        try:
            load(folder, "\n".join(text for text, _ in tables))
        except configs.ConfigError as error:
            said = {LINE.sub("", fault) for fault in error.faults}
            for _, fault in tables:
                wanted += 1
                told += fault in said
                if fault not in said:
                    print(f"untold: {fault}", file=sys.stderr)
    return wanted - told, f"{wanted} mistakes, up to {MOST_COMBINED} a file"


def requests(case, single):
    """The daemon itself, on a file with a mistake and a live upstream."""
    with upstream.Upstream(lambda *_: upstream.FAILED) as up:
        place = installation.Installation(case.path("daemon"), up.url)
        broken = [
            place.text + "[budget]\n",
            place.text.replace("10000", "nan"),
            place.text.replace("BENCH_KEY", "NO_SUCH_KEY"),
        ]
        broken += [
            place.text.replace("deadline_s = 2", "deadline_s = 20"),
            place.text + "[monitr]\n",
            "",
            place.text[:-30],
        ]
        broken += [place.text + text for text in case.draw.sample([text for text in single if text], 5)]
        ended_well = 0
        for text in broken:
            place.file.write_text(text, errors="replace")
            done = place.run("daemon")
            ended_well += done.returncode == 2 and "Traceback" not in done.stderr
        return up.numbers + len(broken) - ended_well, f"{len(broken)} starts"


def generated_toml(draw, times):
    """Sound files with one byte changed so that they are TOML no more, or another file."""
    whole = rows.table({})
    found = []
    for _ in range(times):
        at = draw.randrange(len(whole))
        kind = draw.randrange(4)
        if kind == 0:
            found.append(
                whole[:at] + draw.choice(["\0", "\x1b", '"', "[[", "=", "\ud800", "\n=\n"]) + whole[at:] + "\n[["
            )
        elif kind == 1:
            found.append("x = " + draw.choice("[{") * draw.choice([10, 1000, 100_000]))
        elif kind == 2:
            found.append(
                whole
                + f"[budget]\nusd_per_day = {draw.choice(['nan', 'inf', '-1', 'true', '1e400', '9' * 5000, '[1]'])}\n"
            )
        else:
            found.append(whole.replace("vip", draw.choice(["a/b", "../x", "", "a b", "a\\nb", "x" * 65]), 1))
    return found


def third_party():
    try:
        folder = board.hostile() / "toml"
    except board.NotRun:
        return []
    table = [line.split("\t") for line in (folder / "index.tsv").read_text().splitlines()[1:]]
    return [(folder / name).read_bytes() for name, in_1_0, *_ in table if in_1_0 == "yes"]
