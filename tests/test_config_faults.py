"""Every mistake in config.toml is told with its table, key, value and what would be right, all at once."""

import datetime as dt
import math
import pathlib
import random
import re

import pytest

from probe import config, plan
from probe.config import document, lines, reading, template

CHANNEL = {
    "name": '"vip"',
    "protocol": '"openai-images"',
    "base_url": '"https://api.apiyi.com/v1"',
    "model": '"gpt-image-2-vip"',
    "key_env": '"APIYI_KEY"',
    "price_usd": "0.03",
}
GEMINI = {"protocol": '"gemini"', "base_url": '"https://api.apiyi.com"', "model": '"gemini-3.1-flash-image"'}
OFFICIAL = {"model": '"gpt-image-2"', "price_usd": '"tokens"'}
TIERS = "1k-low, 1k-medium, 1k-high, 2k-low, 2k-medium, 2k-high, 4k-low, 4k-medium, 4k-high"
NAME_RULE = "use 1 to 64 letters, digits, dots, dashes and underscores, a letter or digit first"

MODEL_RULE = 'must be the id of a model, such as "gpt-image-2"'


def table(changes):
    """A sound [[channel]] with some keys changed (None: left out)."""
    keys = {**CHANNEL, **changes}
    return "[[channel]]\n" + "".join(f"{key} = {value}\n" for key, value in keys.items() if value is not None)


def faults_of(folder, text):
    path = folder / "config.toml"
    path.write_text(text, "utf-8")
    with pytest.raises(config.ConfigError) as caught:
        config.load(path)
    assert caught.value.exit_code == 2
    assert str(path) in str(caught.value)
    return tuple(LINE.sub("", fault) for fault in caught.value.faults)


LINE = re.compile(r" \(line \d+\)$")


CHANNEL_ROWS = [
    # shape
    ("unknown key, near one", {"usable_within": "9"}, '[[channel]] vip usable_within: unknown key; did you mean "usable_within_s"?'),
    ("unknown key, other word", {"timeout": "9"}, '[[channel]] vip timeout: unknown key; did you mean "deadline_s"?'),
    ("unknown key, from another table", {"usd_per_day": "9"}, "[[channel]] vip usd_per_day: unknown key; it belongs in [budget]"),
    ("unknown key, like nothing", {"zzzz": "9"}, "[[channel]] vip zzzz: unknown key"),
    (
        "the key itself",
        {"api_key": '"abc"'},
        "[[channel]] vip api_key: keys do not belong in this file: name the environment variable that holds it with key_env",
    ),
    ("missing model", {"model": None}, '[[channel]] vip model: is missing; for example model = "gpt-image-2"'),
    ("missing base_url", {"base_url": None}, '[[channel]] vip base_url: is missing; for example base_url = "https://api.openai.com/v1"'),
    ("name with a slash", {"name": '"a/b"'}, f'[[channel]] a/b name = "a/b": {NAME_RULE}'),
    ("model is a number", {"model": "2"}, "[[channel]] vip model = 2: must be text in quotes"),
    ("price negative", {"price_usd": "-0.03"}, "[[channel]] vip price_usd = -0.03: must be 0 or more"),
    ("price is true", {"price_usd": "true"}, "[[channel]] vip price_usd = true: must be a number"),
    ("price is a word", {"price_usd": '"free"'}, '[[channel]] vip price_usd = "free": must be "tokens"'),
    ("price infinite", {"price_usd": "inf"}, "[[channel]] vip price_usd = inf: must be a finite number"),
    ("price in a table negative", {"price_usd": '{ "1k-low" = -1, "2k-high" = 1, "4k-high" = 1 }'}, "[[channel]] vip price_usd.1k-low = -1: must be 0 or more"),
    ("deadline zero", {"deadline_s": "0"}, "[[channel]] vip deadline_s = 0: must be more than 0"),
    ("deadline a string", {"deadline_s": '"360"'}, '[[channel]] vip deadline_s = "360": must be a number'),
    ("deadline not a number", {"deadline_s": "nan"}, "[[channel]] vip deadline_s = nan: must be a finite number"),
    (
        "interval without a unit",
        {"interval": '"10"'},
        '[[channel]] vip interval = "10": write a duration as a number and a unit: "30s", "5m", "1h" or "2d"',
    ),
    ("interval below a second", {"interval": '"0.5s"', "deadline_s": "0.1"}, '[[channel]] vip interval = "0.5s": must be 1s or more'),
    ("interval beyond a year", {"interval": '"400d"'}, '[[channel]] vip interval = "400d": must be 366d or less'),
    ("model empty", {"model": '" "'}, f'[[channel]] vip model = " ": {MODEL_RULE}'),
    ("model with a line break", {"model": '"a\\nb"'}, f'[[channel]] vip model = "a\\nb": {MODEL_RULE}'),
    ("deadline beyond a day", {"deadline_s": "100000"}, "[[channel]] vip deadline_s = 100000: must be 86400 or less"),
    ("target above one", {"target_success": "95"}, "[[channel]] vip target_success = 95: must be 1 or less"),
    ("parallel fractional", {"parallel": "1.5"}, "[[channel]] vip parallel = 1.5: must be a whole number"),
    ("parallel true", {"parallel": "true"}, "[[channel]] vip parallel = true: must be a whole number"),
    ("tiers no list", {"tiers": '"4k-high"'}, '[[channel]] vip tiers = "4k-high": must be a list in square brackets'),
    ("size rule unknown", {"size_rule": '"none"'}, '[[channel]] vip size_rule = "none": must be "gpt-image" or "any"'),
    (
        "log of an unknown kind",
        {"log": '{ kind = "kibana", url = "https://x.example", key_env = "K" }'},
        '[[channel]] vip log.kind = "kibana": must be "apiyi", "new-api" or "openrouter"',
    ),
    # protocol and address
    ("protocol unknown", {"protocol": '"openai"'}, '[[channel]] vip protocol = "openai": unknown protocol; "openai-images" or "gemini"'),
    (
        "plain http off this machine",
        {"base_url": '"http://api.apiyi.com/v1"'},
        '[[channel]] vip base_url = "http://api.apiyi.com/v1": must start with https://, since the key would travel in the open',
    ),
    ("no scheme", {"base_url": '"api.apiyi.com/v1"'}, '[[channel]] vip base_url = "api.apiyi.com/v1": must be an address such as https://api.openai.com/v1'),
    ("spaces in the address", {"base_url": '"https://a b"'}, '[[channel]] vip base_url = "https://a b": must be an address such as https://api.openai.com/v1'),
    ("host with two dots", {"base_url": '"https://api..apiyi.com/v1"'}, '[[channel]] vip base_url = "https://api..apiyi.com/v1": must be an address such as https://api.openai.com/v1'),
    ("empty query in the address", {"base_url": '"https://api.apiyi.com/v1?"'}, '[[channel]] vip base_url: must end before "?" and "#"; keys go where key_env or key_file says'),
    ("port out of range", {"base_url": '"https://a:99999/v1"'}, '[[channel]] vip base_url = "https://a:99999/v1": must be an address such as https://api.openai.com/v1'),
    ("version twice", {"base_url": '"https://api.apiyi.com/v1/v1"'}, '[[channel]] vip base_url = "https://api.apiyi.com/v1/v1": has /v1 twice; once is enough'),
    (
        "endpoint in the address",
        {"base_url": '"https://api.apiyi.com/v1/images/generations"'},
        '[[channel]] vip base_url = "https://api.apiyi.com/v1/images/generations": leave off /images/generations; the endpoint is added',
    ),
    (
        "gemini endpoint in the address",
        {**GEMINI, "base_url": '"https://g.example/v1beta/models/x:generateContent"'},
        '[[channel]] vip base_url = "https://g.example/v1beta/models/x:generateContent": leave off /models/x:generateContent; the endpoint is added',
    ),
    ("password in the address", {"base_url": '"https://me:hunter2@api.apiyi.com/v1"'}, "[[channel]] vip base_url: must not hold a user or password; keys go where key_env or key_file says"),
    ("query in the address", {"base_url": '"https://api.apiyi.com/v1?key=hunter2"'}, '[[channel]] vip base_url: must end before "?" and "#"; keys go where key_env or key_file says'),
    ("gemini at /v1", {**GEMINI, "base_url": '"https://api.apiyi.com/v1"'}, '[[channel]] vip base_url = "https://api.apiyi.com/v1": gemini is spoken at /v1beta, which is added; leave off /v1'),
    ("openai at /v1beta", {"base_url": '"https://api.apiyi.com/v1beta"'}, '[[channel]] vip base_url = "https://api.apiyi.com/v1beta": /v1beta belongs to protocol gemini; openai-images is spoken at /v1'),
    (
        "host behind a 100-second edge",
        {"base_url": '"https://api-cf.apiyi.com/v1"'},
        '[[channel]] vip base_url = "https://api-cf.apiyi.com/v1": this host cuts every request after about 100 s (524): heavy pictures are made, paid for and lost; use the gateway\'s host without the edge, or deadline_s = 100',
    ),
    ("proxy of another kind", {"proxy": '"ftp://me:hunter2@p"'}, "[[channel]] vip proxy: must be http://HOST:PORT, or with https, socks5 or socks5h in front"),
    ("picture host with a path", {"picture_hosts": '["https://cdn.example.com/"]'}, '[[channel]] vip picture_hosts = "https://cdn.example.com/": write the host alone, such as "cdn.example.com"'),
    # keys
    (
        "no key named",
        {"key_env": None},
        '[[channel]] vip key_env: is missing; name the environment variable that holds the key, such as "APIYI_KEY", or set key_file',
    ),
    ("two keys named", {"key_file": '"key"'}, '[[channel]] vip key_file = "key": give key_env or key_file, not both'),
    (
        "key pasted into key_env",
        {"key_env": '"sk-hunter2hunter2hunter2"'},
        "[[channel]] vip key_env: holds what looks like a key; put the key where this names it, and replace it if others have seen this file",
    ),
    (
        "bare key pasted into key_env",
        {"key_env": '"a3f9c2d81b7e4056a3f9c2d81b7e4056"'},
        "[[channel]] vip key_env: holds what looks like a key; put the key where this names it, and replace it if others have seen this file",
    ),
    ("key_env no variable", {"key_env": '"my key"'}, '[[channel]] vip key_env: must be the name of an environment variable, such as "APIYI_KEY"'),
    ("key pasted into the model", {"model": '"AIzaSyhunter2hunter2hunter2hunter2hunt"', "price_usd": "1"}, "[[channel]] vip model: holds what looks like a key; keys do not belong in this file"),
    # tiers and orders
    ("tier unknown, near one", {"tiers": '["4k-hi"]'}, '[[channel]] vip tiers = "4k-hi": unknown tier; did you mean "4k-high"?'),
    ("tier unknown", {"tiers": '["huge"]'}, f'[[channel]] vip tiers = "huge": unknown tier; there are {TIERS}'),
    ("tier twice", {"tiers": '["4k-high", "4k-high"]'}, '[[channel]] vip tiers = ["4k-high", "4k-high"]: names "4k-high" twice'),
    ("no tier", {"tiers": "[]"}, '[[channel]] vip tiers = []: names no tier; for example ["1k-low", "4k-high"]'),
    ("price table lacks a tier", {"price_usd": '{ "1k-low" = 0.01, "2k-high" = 0.1 }'}, "[[channel]] vip price_usd.4k-high: is missing; the table must price every tier"),
    (
        "price table with a strange tier",
        {"price_usd": '{ "1k-low" = 0.01, "4k-higgh" = 0.1 }', "tiers": '["1k-low"]'},
        "[[channel]] vip price_usd.4k-higgh: vip has no such tier",
    ),
    (
        "price by tokens without a law",
        {"model": '"flux"', "price_usd": '"tokens"'},
        '[[channel]] vip price_usd = "tokens": no token price is known for flux at 1k-low; write the price of a picture in USD',
    ),
    (
        "lite model at 2K",
        {**GEMINI, "model": '"gemini-3.1-flash-lite-image"', "tiers": '["2k-high"]'},
        '[tiers.2k-high] image_size = "2K": gemini-3.1-flash-lite-image makes only "1K"; take this tier off vip',
    ),
    (
        "gemini-2.5 at 4K",
        {**GEMINI, "model": '"gemini-2.5-flash-image"', "tiers": '["4k-high"]'},
        '[tiers.4k-high] image_size = "4K": gemini-2.5-flash-image makes only "1K"; take this tier off vip',
    ),
    # times and kinds
    ("interval not above the deadline", {"interval": '"6m"'}, '[[channel]] vip interval = "360s": must be longer than deadline_s, which is 360'),
    (
        "interval of one tier not above its deadline",
        {"interval": '{ "4k-high" = "10m" }', "deadline_s": '{ "4k-high" = 900 }'},
        '[[channel]] vip interval.4k-high = "600s": must be longer than deadline_s, which is 900',
    ),
    ("usable beyond the deadline", {"usable_within_s": "400"}, "[[channel]] vip usable_within_s = 400: must not exceed deadline_s, which is 360"),
    ("billed on no kind", {"billed_on": '["ok", "timeuot"]'}, '[[channel]] vip billed_on = "timeuot": is no kind of outcome; did you mean "timeout"?'),
    ("log without a key", {"log": '{ kind = "apiyi", url = "https://api.apiyi.com" }'}, '[[channel]] vip log.key_env: is missing; name the environment variable that holds the key, such as "APIYI_KEY", or set key_file'),
]  # fmt: skip

FILE_ROWS = [
    ("unknown table", "[detektion]\n", '[detektion]: unknown table; did you mean "detection"?'),
    ("key above all tables", "usd_per_day = 5\n", "top of the file usd_per_day: unknown key; it belongs in [budget]"),
    ("one bracket for many", "[job]\nname = 'a'\n", "[job]: write [[job]] with two brackets, once for each job"),
    ("two brackets for one", "[[budget]]\nusd_per_day = 5\n", "[budget]: write [budget] once, with one pair of brackets"),
    ("budget not a number", "[budget]\nusd_per_day = nan\n", "[budget] usd_per_day = nan: must be a finite number"),
    ("budget infinite", "[budget]\nusd_per_day = inf\n", "[budget] usd_per_day = inf: must be a finite number"),
    ("budget negative", "[budget]\nusd_per_day = -5\n", "[budget] usd_per_day = -5: must be 0 or more"),
    ("budget true", "[budget]\nusd_per_day = true\n", "[budget] usd_per_day = true: must be a number"),
    ("budget in quotes", "[budget]\nusd_per_day = '5'\n", '[budget] usd_per_day = "5": must be a number'),
    ("healthy success of one", "[detection]\nhealthy_success = 1.0\n", "[detection] healthy_success = 1: must be less than 1"),
    ("no false alarms", "[detection]\nfalse_alarms_per_month = 0\n", "[detection] false_alarms_per_month = 0: must be more than 0"),
    ("page open to all", "[page]\nlisten = '0.0.0.0:8321'\n", '[page] listen = "0.0.0.0:8321": the page has no log-in: listen on 127.0.0.1 and put a proxy with one in front'),
    ("page without a port", "[page]\nlisten = 'localhost'\n", '[page] listen = "localhost": write HOST:PORT, for example 127.0.0.1:8321'),
    ("moderation over plain http", "[moderation]\nbase_url = 'http://m.example'\n", '[moderation] base_url = "http://m.example": must start with https://, since the key would travel in the open'),
    ("alert without a scheme", "[alerts]\nurls = ['hunter2']\n", "[alerts] urls: every entry is an address of Apprise, such as mailto://... or slack://..."),
    ("heartbeat no address", "[alerts]\nheartbeat_url = 'hunter2'\n", "[alerts] heartbeat_url: must be an address such as https://api.openai.com/v1"),
    ("alert address in place of a list", "[alerts]\nurls = 'slack://hunter2'\n", "[alerts] urls: must be a list in square brackets"),
    ("alert route without a scheme", "[alerts]\nroutes = { vip = ['hunter2'] }\n", "[alerts] routes: every entry is an address of Apprise, such as mailto://... or slack://..."),
    ("alert route turned round", "[alerts]\nroutes = { 'slack://hunter2' = 'vip' }\n", "[alerts] routes: must be a list in square brackets"),
    ("alert route of no path", "[alerts]\nroutes = { vpi = ['slack://hunter2'] }\n", "[alerts] routes.vpi: matches no path; write a channel or channel/tier, * stands for anything"),
    ("maintenance of no path", "[alerts]\nmaintenance = { 'vip/8k-*' = '02:00-03:00' }\n", "[alerts] maintenance.vip/8k-*: matches no path; write a channel or channel/tier, * stands for anything"),
    ("quiet hours in words", "[alerts]\nquiet_hours = 'at night'\n", '[alerts] quiet_hours = "at night": write hours as "22:00-07:00", with days in front where they matter: "Mon-Fri 22:00-07:00" or "Sat,Sun 02:00-04:30"'),
    ("zone nobody knows", "[alerts]\ntimezone = 'Mars/Olympus'\n", '[alerts] timezone = "Mars/Olympus": is no time zone known on this machine; for example "UTC" or "Asia/Shanghai"'),
    ("job at an unknown tier", "[[job]]\nname = 'a'\ntiers = ['8k']\n", f'[[job]] a tiers = "8k": unknown tier; there are {TIERS}'),
    ("job nobody serves", "[[job]]\nname = 'a'\ntiers = ['4k-low']\n", '[[job]] a tiers = "4k-low": no channel serves this tier; add it to one'),
    ("job without tiers", "[[job]]\nname = 'a'\n", '[[job]] a tiers: is missing; for example tiers = ["1k-low", "4k-high"]'),
    ("two jobs of one name", "[[job]]\nname = 'a'\ntiers = ['4k-high']\n[[job]]\nname = 'A'\ntiers = ['4k-high']\n", '[[job]] A name = "A": there is another job "a"; names differ by more than case'),
    ("rule pattern broken", "[[rule]]\nname = 'r'\nkind = 'timeout'\npattern = '(a'\n", '[[rule]] r pattern = "(a": is no regular expression: missing ), unterminated subpattern at position 0'),
    ("rule without a condition", "[[rule]]\nname = 'r'\nkind = 'timeout'\n", "[[rule]] r: matches everything; give at least one of status, codes, literals, pattern"),
    ("rule with an empty literal", "[[rule]]\nname = 'r'\nkind = 'timeout'\nliterals = ['']\n", '[[rule]] r literals = [""]: an empty text matches everything; leave it out'),
    ("rule for no status", "[[rule]]\nname = 'r'\nkind = 'timeout'\nstatus = [99]\n", "[[rule]] r status = 99: is no HTTP status; 100 to 599"),
    ("tier of a bad name", "[tiers.'a/b']\nsize = '1024x1024'\n", f"[tiers.a/b]: {NAME_RULE}"),
    ("key in another table", "[monitor]\nvantage = 'sk-hunter2hunter2hunter2'\n", "[monitor] vantage: holds what looks like a key; keys do not belong in this file"),
    ("singular for plural", "[alerts]\nurl = 'x'\n", '[alerts] url: unknown key; did you mean "urls"?'),
    ("file without a name", "[monitor]\ndatabase = ''\n", '[monitor] database = "": must be the name of a file'),
    ("file name with a NUL", '[monitor]\npictures_dir = "a\\u0000"\n', '[monitor] pictures_dir = "a\\u0000": must be the name of a file'),
    ("control characters in a key", '"\\u001b]0;x" = 1\n', "top of the file \\u001b]0;x: unknown key"),
]  # fmt: skip

SIZES = [
    ("1000x1000", "both edges must be multiples of 16, such as 992x992"),
    ("4096x2160", "no edge may be longer than 3840 px"),
    ("3840x1264", "the long edge may be at most 3 times the short one"),
    ("1024x576", "must have 655,360 to 8,294,400 pixels; this has 589,824"),
    ("3840x2176", "must have 655,360 to 8,294,400 pixels; this has 8,355,840"),
    ("0x0", "both edges must be multiples of 16, such as 16x16"),
    ("4k", "write WIDTHxHEIGHT, for example 3840x2160"),
    ("auto", "write WIDTHxHEIGHT, for example 3840x2160"),
]


@pytest.mark.parametrize(("changes", "fault"), [row[1:] for row in CHANNEL_ROWS], ids=[row[0] for row in CHANNEL_ROWS])
def test_a_mistake_in_a_channel_is_told(tmp_path, changes, fault):
    assert faults_of(tmp_path, table(changes)) == (fault,)


@pytest.mark.parametrize(("text", "fault"), [row[1:] for row in FILE_ROWS], ids=[row[0] for row in FILE_ROWS])
def test_a_mistake_outside_channels_is_told(tmp_path, text, fault):
    assert faults_of(tmp_path, text + table({})) == (fault,)


@pytest.mark.parametrize(("size", "why"), SIZES)
def test_a_size_the_model_refuses_is_told_with_the_tier(tmp_path, size, why):
    text = f"[tiers.mine]\nsize = '{size}'\nquality = 'high'\n" + table({**OFFICIAL, "tiers": '["mine"]'})
    assert faults_of(tmp_path, text) == (f'[tiers.mine] size = "{size}": {why}',)


@pytest.mark.parametrize(
    "size", ["816x816", "1024x640", "2880x2880", "3840x2160", "2160x3840", "1280x720", "3840x1280"]
)
def test_sizes_the_model_takes_are_accepted(tmp_path, size):
    path = tmp_path / "config.toml"
    path.write_text(f"[tiers.mine]\nsize = '{size}'\nquality = 'high'\n" + table({**OFFICIAL, "tiers": '["mine"]'}))
    assert config.load(path).tier("mine").size == size


def test_a_model_with_other_sizes_says_so_by_size_rule(tmp_path):
    path = tmp_path / "config.toml"
    path.write_text("[tiers.mine]\nsize = '1000x1000'\n" + table({"tiers": '["mine"]', "size_rule": '"any"'}))
    assert config.load(path).tier("mine").size == "1000x1000"


def test_a_quality_the_model_does_not_know_is_told(tmp_path):
    text = "[tiers.mine]\nsize = '1024x1024'\nquality = 'max'\n" + table({**OFFICIAL, "tiers": '["mine"]'})
    expected = '[tiers.mine] quality = "max": unknown quality; gpt-image-2 takes "low", "medium" or "high"'
    assert faults_of(tmp_path, text) == (expected,)


@pytest.mark.parametrize(
    ("words", "fault"),
    [
        ("image_size = '4k'", '[tiers.mine] image_size = "4k": must be "512", "1K", "2K" or "4K"'),
        ("size = '1024x1024'", '[tiers.mine] image_size: vip needs one; "512", "1K", "2K" or "4K"'),
        (
            "image_size = '1K'\naspect_ratio = '16:10'",
            '[tiers.mine] aspect_ratio = "16:10": gemini-3.1-flash-image takes only 1:1, 2:3, 3:2, 3:4, 4:3, 4:5, 5:4, 9:16, 16:9, 21:9, 1:4, 4:1, 1:8, 8:1',
        ),
    ],
)
def test_gemini_words_are_checked(tmp_path, words, fault):
    text = f"[tiers.mine]\n{words}\n" + table({**GEMINI, "tiers": '["mine"]'})
    assert faults_of(tmp_path, text) == (fault,)


def test_two_channels_of_one_name_are_told(tmp_path):
    expected = '[[channel]] VIP name = "VIP": there is another channel "vip"; names differ by more than case'
    assert faults_of(tmp_path, table({}) + table({"name": '"VIP"'})) == (expected,)


def test_a_file_without_a_channel_names_the_remedy(tmp_path):
    expected = "[[channel]]: there is none; `tierwatch init` writes a file with three"
    assert faults_of(tmp_path, "[budget]\nusd_per_day = 1\n") == (expected,)


def test_fixed_intervals_beyond_the_budget_are_told_with_their_cost(tmp_path):
    # 3 tiers x 86400/600 canaries x 0.03 USD = 12.96 USD.
    expected = (
        "[budget] usd_per_day = 5: the intervals in this file cost 12.96 USD a day; "
        "lengthen them, leave them out (then the budget decides), or raise this"
    )
    assert faults_of(tmp_path, table({"interval": '"10m"'})) == (expected,)


def test_all_faults_are_told_at_once_in_one_channel_too(tmp_path):
    text = "[budget]\nusd_per_day = nan\n" + table(
        {
            "price_usd": "-1",
            "deadline": "3",
            "tiers": '["8k-high"]',
            "base_url": '"http://a.example"',
            "billed_on": '["never"]',
        }
    )
    text += "[[job]]\nname = 'night'\ntiers = ['9k']\n"
    assert [fault.partition(": ")[0] for fault in faults_of(tmp_path, text)] == [
        "[budget] usd_per_day = nan",
        "[[channel]] vip price_usd = -1",
        "[[channel]] vip deadline",
        '[[channel]] vip base_url = "http://a.example"',
        '[[channel]] vip tiers = "8k-high"',
        '[[channel]] vip billed_on = "never"',
        '[[job]] night tiers = "9k"',
    ]


def test_a_channel_without_a_name_is_counted(tmp_path):
    expected = '[[channel]] number 1 name: is missing; for example name = "vip"'
    assert faults_of(tmp_path, table({"name": None})) == (expected,)


def test_many_faults_are_cut_in_the_message_and_kept_in_the_error(tmp_path):
    path = tmp_path / "config.toml"
    path.write_text("".join(f"zz{n} = 1\n" for n in range(80)) + table({}))
    with pytest.raises(config.ConfigError, match="and 30 more") as caught:
        config.load(path)
    assert len(caught.value.faults) == 80


@pytest.mark.parametrize(
    ("data", "says"),
    [
        (b"a = \n", "config.toml:1: column 5: not valid TOML: invalid value"),
        (b"[budget]\nusd_per_day = 5\nusd_per_day = 6\n", "config.toml:3: column 16: not valid TOML: cannot overwrite a value"),
        (b"a = [1,\n2\n", "config.toml:3: not valid TOML: unclosed array"),
        (b"ok = 1\nbad = '\xff'\n", "config.toml:2: not UTF-8 text; save the file as UTF-8"),
        (b"x = " + b"[" * 5000, "config.toml: tables or brackets are nested too deeply"),
        (b".".join([b"a"] * 5000) + b" = 1", "config.toml: tables or brackets are nested too deeply"),
        (b"x = " + b"9" * 5000, "config.toml: a number has thousands of digits"),
        (b"#" * (2**20 + 1), "config.toml: is larger than 1 MiB: this is no config.toml"),
    ],
    ids=["value", "twice", "unclosed", "encoding", "brackets", "dots", "digits", "size"],
)  # fmt: skip
def test_what_is_no_toml_is_told_with_file_and_line(tmp_path, data, says):
    path = tmp_path / "config.toml"
    path.write_bytes(data)
    with pytest.raises(config.ConfigError) as caught:
        config.load(path)
    assert str(caught.value).startswith(f"{tmp_path}/{says}")


def test_a_byte_order_mark_is_dropped(tmp_path):
    path = tmp_path / "config.toml"
    path.write_bytes(b"\xef\xbb\xbf" + table({}).encode())
    assert config.load(path).channel[0].name == "vip"


def test_a_huge_number_is_no_crash(tmp_path):
    assert faults_of(tmp_path, "[budget]\nusd_per_day = 0x" + "F" * 5000 + "\n" + table({})) == (
        "[budget] usd_per_day = a huge number: must be a number",
    )


ODD = [None, 0, -1, 1.5, math.nan, math.inf, True, "", "x", "4k-high", "\0", "a" * 300, (), ("4k-high",), (1, {}), {}]
ODD += [
    {"4k-high": 1},
    {"x": {"y": 1}},
    10**400,
    "https://[",
    "http://a:b",
    "(a",
    1e308,
    5e-324,
    "9999999d",
    dt.date(2026, 1, 1),
]


def mutated(value, rng):
    """The same tables with some keys gone, odd or added."""
    if isinstance(value, tuple):
        return tuple(mutated(item, rng) for item in value)
    if not isinstance(value, dict):
        return value
    kept = {key: mutated(item, rng) for key, item in value.items() if rng.random() > 0.04}
    odd = {key: rng.choice(ODD) for key in [*value, "zz", "size", "tiers", "4k-high", "\x1b"] if rng.random() < 0.03}
    return {**kept, **odd}


def test_no_mutation_of_a_file_crashes_what_reads_it(monkeypatch):
    path = pathlib.Path("config.toml")
    whole = document.parse(re.sub(r'(?m)^#(?=\[|[\w."-]+ = )', "", template.text()).encode(), path)
    refused, rng = 0, random.Random(20261124)
    for _ in range(600):
        table = rng.choice(list(whole))
        tables = {**whole, table: mutated(whole[table], rng)} if rng.random() < 0.7 else mutated(whole, rng)
        with monkeypatch.context() as patch:
            patch.setattr(document, "parse", lambda *_, tables=tables: tables)
            try:
                read = reading.parse(b"", path)
            except config.ConfigError:
                refused += 1
                continue
        config.read_warnings(read)
        plan.due(plan.plan(read).lines, dt.datetime(2026, 11, 24, tzinfo=dt.UTC), {})
    assert 200 < refused < 550


def test_no_fault_shows_a_secret(tmp_path):
    secret = "sk-hunter2hunter2hunter2"
    text = f"[alerts]\nurls = ['{secret}']\n" + table(
        {
            "key_env": f'"{secret}"',
            "model": f'"{secret}"',
            "proxy": f'"x://me:{secret}@p"',
            "api_key": f'"{secret}"',
            "upstream": "3",
        }
    )
    text += table(
        {"name": '"b"', "base_url": f'"https://{secret}@a.example/v1?key={secret}"', "tiers": f'["{secret}"]'}
    )
    faults = faults_of(tmp_path, text)
    assert len(faults) >= 8
    assert "hunter2" not in "\n".join(faults)


FILE = """# comment
colour = 1
[budget]
usd_per_day = -1  # too little

[[channel]]
name = "first"
[[channel]]
deadline_s = -5
name = 'second'
[channel.log]
kind = "apiyi"
[[ channel ]]
model = 7
[tiers]
"4k-mine" = { size = "0x0" }
[tiers."2k-mine"]
size = "1x"
"""


@pytest.mark.parametrize(
    ("table", "key", "line"),
    [
        ("top of the file", "colour", 2),
        ("[budget]", "usd_per_day", 4),
        ("[budget]", "missing", 3),
        ("[budget]", "", 3),
        ("[[channel]] first", "base_url", 6),
        ("[[channel]] second", "deadline_s", 9),
        ("[[channel]] second", "name", 10),
        ("[[channel]] number 3", "model", 14),
        ("[tiers.4k-mine]", "size", 16),
        ("[tiers.2k-mine]", "size", 18),
        ("[nowhere]", "", None),
        ("top of the file", "nothing", None),
    ],
)
def test_a_fault_is_told_with_its_line(table, key, line):
    assert lines.line_of(FILE, table, key) == line


def test_the_line_stands_behind_the_fault(tmp_path):
    path = tmp_path / "config.toml"
    path.write_text("\ufeff[budget]\nusd_per_day = -1\n" + table({}), "utf-8")
    with pytest.raises(config.ConfigError) as caught:
        config.load(path)
    assert caught.value.faults[0].endswith(" (line 2)")
