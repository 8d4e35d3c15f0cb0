"""R10: canary keys against an upstream that echoes them in every way it can; then every file and output is searched.

The secrets are the keys of two channels, a gateway's log and the moderation service, and a marker in a
prompt of the user's.
"""

import base64
import json
import os
import pathlib
import signal
import struct
import time
import urllib.parse
import zlib

import installation
import upstream

from probe.standin import pictures

KEYS = {
    "BENCH_KEY": "sk-CANARYvip+a/b=c<d>&e5f6g7h8i9j0k1",
    "NANO_KEY": "AIzaCANARY-nano_0123456789abcdefghijklm",
    "LOG_KEY": "CANARYlogtoken0123456789abcdefABCDEF",
    "OPENAI_API_KEY": "sk-CANARYmod-0123456789abcdefghijklmnop",
}
ALERT_TOKEN = "CANARYalert-qrstuvw-9182736455-zyx"
PROMPT = "a lighthouse, CANARYPROMPT7391, at dawn"

CHANNELS = """
log = {{ kind = "new-api", url = "{url}", key_env = "LOG_KEY", user = "1" }}
[[channel]]
name = "nano"
protocol = "gemini"
base_url = "{url}"
model = "gemini-3.1-flash-image"
key_env = "NANO_KEY"
auth_header = "x-goog-api-key"
price_usd = 0.03
tiers = ["1k-low"]
interval = "3s"
deadline_s = 2
[moderation]
base_url = "{url}/v1"
[alerts]
urls = ["json://127.0.0.1:{port}/{token}"]
heartbeat_url = "{url}/ping/{token}"
"""


def measure(case):
    with upstream.Upstream(echo) as up:
        place = installation.Installation(
            case.path("sinks"),
            up.url,
            extra=CHANNELS.format(url=up.url, port=up.port, token=ALERT_TOKEN),
            monitor='keep_pictures = "failures"',
        )
        outputs = dict(use(place, case))
        carried = sum(any(key.encode() in head for head in up.heads) for key in KEYS.values())
    texts = {**outputs, **{str(path): path.read_bytes() for path in files(place.folder)}}
    hits = []
    for name, data in texts.items():
        for what, form in forms():
            if form in data:
                hits.append(f"{what} in {name}")
        if b"CANARYPROMPT7391" in data:
            hits.append(f"prompt in {name}")
        if ALERT_TOKEN.encode() in data and not name.endswith("config.toml"):
            hits.append(f"alert address in {name}")
    for hit in hits[:20]:
        print(hit, file=__import__("sys").stderr)
    searched = f"{len(texts)} sinks, {sum(map(len, texts.values())) / 1e6:.1f} MB"
    yield case.row("secrets found in files and outputs", len(hits), searched, at_most=0)
    yield case.row(
        "secrets that went out to their services (control)", carried, f"{len(up.heads)} requests", at_least=3
    )
    yield case.row(
        "commands that ended in a traceback",
        sum(b"Traceback" in data for data in outputs.values()),
        len(outputs),
        at_most=0,
    )


def forms():
    """Every encoding to look for, as (what, bytes)."""
    for name, key in KEYS.items():
        raw = key.encode()
        found = {"raw": raw, "hex": raw.hex().encode(), "reversed": raw[::-1], "first 12": raw[:12], "last 8": raw[-8:]}
        found["URL-encoded"] = urllib.parse.quote(key, safe="").encode()
        found["JSON"] = json.dumps(key)[1:-1].encode()
        for shift in range(3):
            encoded = base64.b64encode(b"\0" * shift + raw)
            found[f"base64 {shift}"] = encoded[2 + shift : -4]
        yield from ((f"{name} {what}", form) for what, form in found.items() if len(form) >= 8)


def echo(number, head, body):
    """Failures that quote what they were sent."""
    quoted = head.decode("latin-1")
    key = next((key for key in KEYS.values() if key in quoted), "")
    ways = [
        key,
        urllib.parse.quote(key, safe=""),
        base64.b64encode(key.encode()).decode(),
        base64.b64encode(f"Bearer {key}".encode()).decode(),
        f"{key[:12]}...{key[-8:]}",
        quoted,
        body.decode("utf-8", "replace"),
        json.dumps({"headers": quoted, "body": body.decode("utf-8", "replace")}),
    ]
    told = f"Incorrect API key provided: {ways[number % len(ways)]} (asked for {body.decode('utf-8', 'replace')[:300]})"
    line = "".join(char for char in f"{key} {urllib.parse.quote(key)}" if char.isprintable())
    headers = [f"X-Request-Id: req-{key}-{number}", f"X-Debug: {line}", f"Server: {key}", f"Location: https://x/{key}"]
    answer = json.dumps({"error": {"message": told, "type": "invalid_request_error", "code": key, "param": key}})
    mood = number % 6
    if mood == 0:
        return upstream.http(answer, "401 Unauthorized", headers)
    if mood == 1:
        return upstream.http(f"<html><h1>502</h1><pre>{quoted}</pre></html>", "502 Bad Gateway", headers, "text/html")
    if mood == 2:
        return upstream.http(upstream.answer_of(png_with(key.encode())), headers=headers)
    if mood == 3:
        return upstream.http(answer[: len(answer) // 2], "500 Oops", headers)
    if mood == 4:
        return f"HTTP/1.1 {key}\r\n\r\n".encode()
    return upstream.http(answer, "500 Oops", headers)


def png_with(text):
    """A small picture, not as ordered (so that it is kept), with the key in a text chunk."""
    whole = pictures.picture(64, 64, "0")
    data = b"Comment\0" + text
    chunk = struct.pack(">I", len(data)) + b"tEXt" + data + struct.pack(">I", zlib.crc32(b"tEXt" + data))
    return whole[:33] + chunk + whole[33:]


def use(place, case):
    """Run everything that writes; (name, output) of each, and of the running daemon's own files in /proc."""
    environment = {**KEYS, "PYTHONFAULTHANDLER": "1"}
    prompt = place.folder.parent / "prompt.txt"
    prompt.write_text(PROMPT)
    process = place.start(environment=environment)
    time.sleep(case.times(12, 120))
    for name in ("cmdline", "status", "maps"):
        yield f"/proc/{name}", pathlib.Path(f"/proc/{process.pid}/{name}").read_bytes()
    place.file.write_text(place.text.replace("10000", "nan"))
    os.kill(process.pid, signal.SIGHUP)
    place.wait_for("not reloaded", seconds=10)
    place.file.write_text(place.text)
    os.kill(process.pid, signal.SIGABRT)
    process.wait()
    identity = place.ask("SELECT id FROM outcome ORDER BY seq LIMIT 1")[0][0]
    commands = [
        ("probe", "*", "--max-cost", "1"),
        ("probe", "*", "--max-cost", "1", "--json"),
        ("status",),
        ("status", "--json"),
        ("doctor",),
        ("doctor", "--json"),
        ("plan", "--json"),
        *(("report", "--format", kind) for kind in ("text", "markdown", "json")),
        ("report", "--format", "html", "--output", str(place.folder / "report.html")),
        ("recommend",),
        ("export", "--output", str(place.folder / "outcomes.ndjson")),
        ("backup", str(place.folder / "copy.db")),
        ("triage", identity),
        ("triage", identity, "--json"),
        ("triage", identity, "--ticket"),
        ("triage", "--last", "vip/1k-low", "--prompt-file", str(prompt), "--yes", "--live", "--max-cost", "0.5"),
        ("rejudge",),
        ("recover", str(place.folder / "rescued.db")),
        ("alerts", "list"),
        ("alerts", "test"),
    ]
    for words in commands:
        done = place.run(*words, environment=environment)
        yield " ".join(words), (done.stdout + done.stderr).encode()
    for variable, value in {"BENCH_KEY": KEYS["BENCH_KEY"] + "\n", "NANO_KEY": KEYS["NANO_KEY"] + "\u200b"}.items():
        done = place.run("daemon", environment={**environment, variable: value})
        yield f"daemon with a bad {variable}", (done.stdout + done.stderr).encode()


def files(folder):
    return [path for path in folder.rglob("*") if path.is_file()]
