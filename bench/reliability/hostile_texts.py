"""R11: texts made to run, to be formulas or to steer a terminal, put into every text field: none of them does.

Pages are checked twice: every element and attribute against what harmless texts give, and in Chromium
(where it is installed) by counting dialogs, with the page's own content policy taken away.
"""

import csv
import datetime as dt
import html.parser
import io
import json
import logging
import re
import shutil
import subprocess
import sys

import board
import installation
import page

sys.path.insert(0, str(installation.ROOT / "tests"))
import record_samples as samples

from probe import escape, logs, model
from probe.commands import doctor as doctor_command
from probe.doctor import finding
from reports import blocks, markdown, status
from reports import html as pages
from reports import text as texts
from reports.exports import claims

NOW = dt.datetime(2026, 11, 24, 12, tzinfo=dt.UTC)
OWN_SGR = re.compile(r"\x1b\[[0-9;]*m")
BIDI = "\u200e\u200f\u061c\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069"
GENERATED = (
    *(f"a{chr(code)}b" for code in (*range(32), *range(127, 160))),
    *(f"a{char}b" for char in BIDI),
    *(
        "\x1b]0;title\x07",
        "\x1b]8;;http://x\x07link\x1b]8;;\x07",
        "\x1b]52;c;aGk=\x07",
        "\x1b[2J\x1b[H",
        "\x9b31m",
        "\r\nINFO forged",
    ),
    *("<script>alert(1)</script>", '"><img src=x onerror=alert(1)>', "'onmouseover='alert(1)", "<svg/onload=alert(1)>"),
    *("</style><script>alert(1)</script>", "javascript:alert(1)", "{{7*7}}", "{% raw %}", "]]><x>", "<!--", "$\\frac$"),
    *("=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", '=HYPERLINK("http://x","y")', "\ud800", "\U000e0041"),
)
ALLOWED_IN_A_TERMINAL = re.compile(
    r"[^\x00-\x09\x0b-\x1f\x7f-\x9f\u200e\u200f\u061c\u202a-\u202e\u2066-\u2069\ud800-\udfff]*"
)
DIALOGS = """<script>
window.fired = 0;
for (const name of ["alert", "confirm", "prompt", "print", "open"]) window[name] = () => { document.title = "FIRED " + ++window.fired; };
</script>"""


def measure(case):
    listed = third_party()
    chosen = case.draw.sample(listed, min(len(listed), case.times(1000, len(listed))))
    strings = [*GENERATED, *chosen]
    n = f"{len(strings)} texts"
    traversals = lines_of("traversal.txt") or ["../../../../etc/passwd", "..%2f..%2fetc%2fpasswd", "%2e%2e/config.toml"]
    rendered = pages.render(report(strings))
    plain = pages.render(report(["harmless"] * 3))
    yield case.row("elements or attributes not of the template", len(foreign(rendered, plain)), n, at_most=0)
    yield from in_chromium(case, rendered, n)
    yield case.row("control bytes that would reach a terminal", steering(strings), n, at_most=0)
    yield case.row("cells that a spreadsheet would run", formulas(strings), n, at_most=0)
    yield case.row("log records that become two", extra_lines(strings), n, at_most=0)
    yield from page.measure(case, strings, case.draw.sample(traversals, min(len(traversals), case.times(300, 9999))))


def third_party():
    found = [] if folder() is None else json.loads((folder() / "blns.json").read_text())
    return [*found, *(line for name in ("xss.txt", "csv-formulas.txt", "traversal.txt") for line in lines_of(name))]


def folder():
    try:
        return board.hostile() / "lists"
    except board.NotRun:
        return None


def lines_of(name):
    """The lines of a third-party list; empty where there is none."""
    if folder() is None:
        return []
    return [line.decode("utf-8", "replace") for line in (folder() / name).read_bytes().split(b"\n") if line]


def report(strings):
    """A report in which each text stands in every kind of field."""
    rows = tuple((blocks.Word(text, "bad"), text, blocks.Missing(text)) for text in strings)
    lines = tuple(blocks.Line(text, text[:20] or "label") for text in strings)
    parts = (
        blocks.Headline((blocks.Line(strings[0]), *lines)),
        blocks.Table((strings[0], strings[1], strings[2]), rows, strings[1], strings[2]),
        *(blocks.Note(text) for text in strings),
        *(blocks.Table(("a", "b", "c"), (("x", "y", "z"),), text, text) for text in strings),
    )
    sections = (
        blocks.Section("now", "", parts[:1]),
        *(blocks.Section("x", text, (parts[1 + n % 2],)) for n, text in enumerate(strings[:40])),
    )
    return blocks.Report(
        "hostile", NOW - dt.timedelta(days=1), NOW, NOW, (*sections, blocks.Section("y", "all", parts))
    )


class Shape(html.parser.HTMLParser):
    """The elements and attributes of a page."""

    def __init__(self):
        super().__init__()
        self.seen = set()

    def handle_starttag(self, tag, attrs):
        self.seen.add(tag)
        self.seen.update(f"{tag} {name}" for name, _ in attrs)


def shape(page):
    found = Shape()
    found.feed(page)
    return found.seen


def foreign(page, plain):
    found = shape(page) - shape(plain)
    if found:
        print("foreign:", sorted(found)[:20], file=sys.stderr)
    return found


def in_chromium(case, page, n):
    browser = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if not browser:
        yield case.row("not run: dialogs, needs chromium (Debian: apt install chromium)", "-", "-")
        return
    bare = re.sub(r"<meta[^>]*Content-Security-Policy[^>]*>", "", page, flags=re.IGNORECASE)
    unescaped = (
        "<html><body>" + "".join(f"<p>{text}</p>" for text in GENERATED if "alert(1)" in text) + "</body></html>"
    )
    yield case.row("dialogs that opened, without the page's policy", fired(browser, case, "bare", bare), n, at_most=0)
    yield case.row(
        "control: dialogs of texts that are not escaped", fired(browser, case, "control", unescaped), 5, at_least=1
    )


def fired(browser, case, name, page):
    path = case.folder / f"{name}.html"
    path.write_text(
        page.replace("<head>", "<head>" + DIALOGS, 1) if "<head>" in page else DIALOGS + page, errors="replace"
    )
    words = [browser, "--headless", "--no-sandbox", "--disable-gpu", f"--user-data-dir={case.folder / 'profile'}"]
    words += ["--virtual-time-budget=8000", "--host-resolver-rules=MAP * ~NOTFOUND", "--dump-dom", path.as_uri()]
    done = subprocess.run(words, capture_output=True, text=True, errors="replace", timeout=120, check=False)
    assert "</html>" in done.stdout, done.stderr[-500:]
    title = re.search(r"<title>FIRED (\d+)", done.stdout)
    return int(title[1]) if title else 0


def steering(strings):
    """Characters that steer a terminal, in everything that is printed, our own colours left out."""
    found = 0
    for text in strings:
        state = model.PathState(model.Path("vip", "4k-high"), model.State.DEGRADED, NOW, NOW, reason=text)
        known = status.Known([state], None, 0.0)
        told = [status.Status(1, text, (text,)).text(), status.status(known, NOW).text()]
        told += doctor_command.lines([finding.fault("hosts", text)])
        told.append(escape.visible(text))
        found += sum(not ALLOWED_IN_A_TERMINAL.fullmatch(each) for each in told)
    whole = [
        texts.render(report(strings)),
        texts.render(report(strings), colour=True),
        markdown.render(report(strings)),
    ]
    return found + sum(not ALLOWED_IN_A_TERMINAL.fullmatch(OWN_SGR.sub("", each)) for each in whole)


def formulas(strings):
    config = None
    judged = [
        model.Judged(
            samples.outcome(text, price_usd=0.03),
            samples.verdict(detail=text, billed="yes", request_ids=model.RequestIds(gateway=(text,))),
        )
        for text in strings
    ]
    rows = list(csv.reader(io.StringIO(claims.render(judged, config), newline="")))
    assert len(rows) == len(strings) + 1
    return sum(cell.startswith(claims.FORMULA_STARTS) for row in rows for cell in row)


def extra_lines(strings):
    found = 0
    for log_format in ("text", "json"):
        line = logs.Line(str, log_format)
        for text in strings:
            record = logging.LogRecord("tierwatch", logging.INFO, "", 0, "bug reason=%s", (text,), None)
            found += len(line.format(record).encode("utf-8", "surrogatepass").splitlines()) != 1
    return found
