"""Keys are read from the environment or a private file, printed by nothing, and scrubbed from any text."""

import base64
import dataclasses
import json
import logging
import os
import pickle
import traceback
import types
import urllib.parse

import pytest

from probe import config
from probe.config import secrets

KEY = 'sk-Aa/Bb+Cc"Dd<Ee&Ff\\qZ7-xW3_vK9'
"""With every character that some encoding changes."""


def named(*, env=None, file=None):
    return types.SimpleNamespace(key_env=env, key_file=None if file is None else str(file), name="vip")


def private(path, data, mode=0o600):
    path.write_bytes(data)
    path.chmod(mode)
    return path


def refusal(source):
    with pytest.raises(config.ConfigError) as caught:
        secrets.key(source)
    return str(caught.value)


def test_a_key_comes_from_the_environment(monkeypatch):
    monkeypatch.setenv("VIP_KEY", KEY)
    assert secrets.key(named(env="VIP_KEY")).reveal() == KEY


def test_a_missing_variable_is_named_with_the_remedy(monkeypatch):
    monkeypatch.delenv("VIP_KEY", raising=False)
    expected = "environment variable VIP_KEY is not set; `export VIP_KEY=...`, or use key_file"
    assert refusal(named(env="VIP_KEY")) == expected


@pytest.mark.parametrize("ending", ["", "\n", "\r\n"])
def test_one_line_break_at_the_end_of_a_key_file_is_dropped(tmp_path, ending):
    file = private(tmp_path / "key", KEY.encode() + ending.encode())
    assert secrets.key(named(file=file)).reveal() == KEY


@pytest.mark.parametrize(
    "bad", ["", "  ", "\t", "hunter2\n", "hunter2\r", "hunter2\u200b", "hun ter2", "hünter2", "\x7fhunter2"]
)
def test_a_malformed_key_is_refused_by_its_place_and_never_shown(tmp_path, monkeypatch, bad):
    monkeypatch.setenv("VIP_KEY", bad)
    file = private(tmp_path / "key", bad.encode() + b"\n")
    for said, place in (
        (refusal(named(env="VIP_KEY")), "variable VIP_KEY"),
        (refusal_or_key(file), f"key file {file}"),
    ):
        assert place in said
        assert "hunter2" not in said


def refusal_or_key(file):
    """A lone line break is what a file may end in: then only the second one is a fault."""
    file.write_bytes(file.read_bytes() + b"\n")
    return refusal(named(file=file))


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o660, 0o644])
def test_a_key_file_that_others_can_read_is_refused(tmp_path, mode):
    file = private(tmp_path / "key", b"hunter2hunter2", mode)
    assert refusal(named(file=file)) == f"key file {file} can be read by others; `chmod 600 {file}`"


def test_systemds_credential_folder_is_trusted(tmp_path, monkeypatch):
    private(tmp_path / "apiyi", KEY.encode(), 0o440)
    monkeypatch.setenv("CREDENTIALS_DIRECTORY", str(tmp_path))
    assert secrets.key(named(file="$CREDENTIALS_DIRECTORY/apiyi")).reveal() == KEY


def test_a_link_out_of_the_credential_folder_is_not_trusted(tmp_path, monkeypatch):
    folder = tmp_path / "credentials"
    folder.mkdir()
    (folder / "apiyi").symlink_to(private(tmp_path / "elsewhere", KEY.encode(), 0o644))
    monkeypatch.setenv("CREDENTIALS_DIRECTORY", str(folder))
    assert "can be read by others" in refusal(named(file=folder / "apiyi"))


def test_a_home_that_nobody_knows_is_a_file_that_is_not_there(monkeypatch):
    monkeypatch.setenv("KEYS", "~nobody-of-that-name")
    assert "cannot be read: No such file" in refusal(named(file="$KEYS/apiyi"))


def test_what_is_no_file_is_refused_without_waiting(tmp_path):
    os.mkfifo(tmp_path / "pipe", 0o600)
    assert refusal(named(file=tmp_path / "pipe")) == f"key file {tmp_path}/pipe is no regular file"
    assert "cannot be read: No such file" in refusal(named(file=tmp_path / "none"))
    assert "is no regular file" in refusal(named(file=tmp_path))
    assert "too long" in refusal(named(file=private(tmp_path / "long", b"x" * 10_000)))


def test_all_missing_keys_are_told_at_once(monkeypatch):
    monkeypatch.setenv("A_KEY", KEY)
    for name in ("B_KEY", "C_KEY"):
        monkeypatch.delenv(name, raising=False)
    channels = [types.SimpleNamespace(name=name, key_env=f"{name.upper()}_KEY", key_file=None) for name in "abc"]
    with pytest.raises(config.ConfigError) as caught:
        secrets.keys(channels)
    assert [fault.partition(":")[0] for fault in caught.value.faults] == ["[[channel]] b", "[[channel]] c"]
    assert secrets.keys(channels[:1])["a"].reveal() == KEY


def test_a_secret_prints_as_a_mask_everywhere(caplog):
    secret = secrets.Secret("hunter2hunter2")
    holder = dataclasses.make_dataclass("Holder", ["key"])(secret)
    with caplog.at_level(logging.INFO):
        logging.getLogger("test").info("%s %r %s", secret, secret, holder)
    try:
        raise ValueError(secret)
    except ValueError as error:
        trace = "".join(traceback.TracebackException.from_exception(error, capture_locals=True).format())
    prints = [str(secret), repr(secret), f"{secret}", f"{secret!s:>40}", str(holder), str(dataclasses.asdict(holder))]
    assert "hunter2" not in "".join([*prints, caplog.text, trace])
    assert repr(secret) == "[key]"


def test_a_secret_is_not_pickled():
    with pytest.raises(TypeError, match="not pickled"):
        pickle.dumps(secrets.Secret("hunter2hunter2"))


ENCODINGS = {
    "raw": lambda key: key,
    "url": lambda key: urllib.parse.quote(key, safe=""),
    "url, lower case": lambda key: urllib.parse.quote(key, safe="").replace("%2F", "%2f").replace("%2B", "%2b").replace("%3C", "%3c").replace("%5C", "%5c"),
    "json": lambda key: json.dumps(key)[1:-1],
    "json with escaped slashes": lambda key: json.dumps(key)[1:-1].replace("/", "\\/"),
    "json as Go writes it": lambda key: json.dumps(key)[1:-1].replace("<", "\\u003c").replace("&", "\\u0026"),
    "base64": lambda key: base64.b64encode(key.encode()).decode(),
    "base64, url-safe": lambda key: base64.urlsafe_b64encode(key.encode()).decode(),
    "basic auth": lambda key: base64.b64encode(b"user:" + key.encode() + b"@").decode(),
    "basic auth, other offset": lambda key: base64.b64encode(b"me:" + key.encode()).decode(),
    "first 12": lambda key: key[:12],
    "last 8": lambda key: key[-8:],
}  # fmt: skip


@pytest.mark.parametrize("encoding", ENCODINGS)
def test_no_encoding_of_a_loaded_key_stays_in_a_text(encoding):
    encoded = ENCODINGS[encoding](KEY)
    scrubbed = secrets.Redactor([secrets.Secret(KEY)])(f"before {encoded} after")
    assert "[key]" in scrubbed
    assert scrubbed.startswith("before ")
    assert scrubbed.endswith(" after")
    left = scrubbed.removeprefix("before ").removesuffix(" after")
    assert len(left.replace("[key]", "")) <= 12
    assert KEY[4:12] not in left
    assert KEY[-8:] not in left


@pytest.mark.parametrize(
    "shape", ["sk-proj-abcdefghijklmnop", "sk-0123456789abcdef0123", "AIza" + "Ab0_-" * 7, "AQ.Ab8" + "x" * 40]
)
def test_what_looks_like_a_key_is_scrubbed_without_being_loaded(shape):
    assert secrets.Redactor([])(f"Incorrect API key provided: {shape}.") == "Incorrect API key provided: [key]."


@pytest.mark.parametrize("before", [r"\n", r"\t", r"\u0022", "%22", "key%3D"])
def test_a_key_right_after_an_escape_is_scrubbed_too(before):
    assert secrets.scrubbed(f"refused: {before}sk-0123456789abcdef0123") == f"refused: {before}[key]"


@pytest.mark.parametrize(
    "text", ["ask-me-about-something-long-here", "task-0123456789abcdef01", "sk-short", "req_0123456789abcdef", ""]
)
def test_ordinary_words_are_left_alone(text):
    assert secrets.Redactor([secrets.Secret(KEY)])(text) == text


def test_a_text_is_cut_before_a_token_that_would_be_halved():
    assert secrets.cut("key: sk-abc%2Fdef, and", 12) == "key: "
    assert secrets.cut("key: sk-abc", 11) == "key: sk-abc"


def test_a_short_key_has_no_fragment_rule():
    scrub = secrets.Redactor([secrets.Secret("test-key-00000001")])
    assert scrub("00000001 test-key-000 test-key-00000001") == "00000001 test-key-000 [key]"


def test_a_redactor_prints_no_key():
    assert "Aa" not in repr(secrets.Redactor([secrets.Secret(KEY)]))
