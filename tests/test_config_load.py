"""Where config.toml is found, what a Config says of it, and what the shipped file documents."""

import pathlib
import re
import subprocess
import sys

import pytest

from probe import config, model
from probe.config import document, schema, template

MINIMAL = """\
[[channel]]
name = "vip"
protocol = "openai-images"
base_url = "https://api.apiyi.com/v1/"
model = "gpt-image-2-vip"
key_env = "APIYI_KEY"
price_usd = { "1k-low" = 0.01, "4k-high" = 0.4 }
tiers = ["1k-low", "4k-high"]
deadline_s = { "4k-high" = 600 }
usable_within_s = { "4k-high" = 300 }
"""

VIP_4K = model.Path("vip", "4k-high")


def load(folder, text=MINIMAL):
    path = folder / "config.toml"
    path.write_text(text, "utf-8")
    return config.load(path)


def test_a_named_file_is_used_and_its_absence_told_with_the_remedy(tmp_path):
    (tmp_path / "mine.toml").touch()
    assert config.find(str(tmp_path / "mine.toml")) == tmp_path / "mine.toml"
    with pytest.raises(config.ConfigError, match=r"`tierwatch init .*other\.toml` writes one"):
        config.find(str(tmp_path / "other.toml"))


def test_the_file_here_goes_before_the_users_own(tmp_path, monkeypatch):
    home, here = tmp_path / "xdg", tmp_path / "here"
    (home / "tierwatch").mkdir(parents=True)
    here.mkdir()
    monkeypatch.chdir(here)
    monkeypatch.setenv("XDG_CONFIG_HOME", str(home))
    with pytest.raises(config.ConfigError, match="`tierwatch init` writes one"):
        config.find(None)
    (home / "tierwatch" / "config.toml").touch()
    assert config.find(None) == home / "tierwatch" / "config.toml"
    (here / "config.toml").touch()
    assert config.find(None) == here / "config.toml"


def test_source_and_digest_say_which_file_was_read(tmp_path):
    loaded = load(tmp_path)
    assert loaded.source == str(tmp_path / "config.toml")
    assert loaded.digest != load(tmp_path, MINIMAL + "\n").digest


def test_files_are_named_relative_to_the_config(tmp_path, monkeypatch):
    monkeypatch.setenv("HOME", "/home/someone")
    text = MINIMAL.replace('key_env = "APIYI_KEY"', 'key_file = "keys/vip"')
    text += 'log = { kind = "apiyi", url = "https://api.apiyi.com", key_file = "~/log.key" }\n'
    text += "[moderation]\nkey_file = '$CREDENTIALS_DIRECTORY/openai'\n"
    loaded = load(tmp_path, text)
    assert loaded.monitor.database == str(tmp_path / "tierwatch.db")
    assert loaded.channel[0].key_file == str(tmp_path / "keys/vip")
    assert loaded.channel[0].log.key_file == "/home/someone/log.key"
    assert loaded.moderation.key_file == "$CREDENTIALS_DIRECTORY/openai"
    assert loaded.moderation.key_env is None


def test_the_database_is_found_without_loading_pydantic(tmp_path):
    (tmp_path / "config.toml").write_text("[monitor]\ndatabase = 'data/x.db'\n")
    code = (
        "import pathlib, sys; from probe import config;"
        "print(config.database(pathlib.Path(sys.argv[1]))); print('pydantic' in sys.modules)"
    )
    command = [sys.executable, "-c", code, str(tmp_path / "config.toml")]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert done.stdout.splitlines() == [str(tmp_path / "data/x.db"), "False"]


def test_the_database_is_the_same_read_alone_and_loaded(tmp_path):
    loaded = load(tmp_path)
    assert str(config.database(tmp_path / "config.toml")) == loaded.monitor.database


@pytest.mark.parametrize("text", ["monitor = 3", "[monitor]\ndatabase = 3", "[monitor]\ndatabase = ''"])
def test_a_database_that_is_no_name_is_refused(tmp_path, text):
    (tmp_path / "config.toml").write_text(text)
    with pytest.raises(config.ConfigError, match="database must be the name of a file"):
        config.database(tmp_path / "config.toml")


def test_a_file_that_cannot_be_read_is_told(tmp_path):
    with pytest.raises(config.ConfigError, match=r"config\.toml: cannot be read: No such file or directory"):
        config.load(tmp_path / "config.toml")


def test_values_by_tier_fall_back_to_the_default(tmp_path):
    loaded = load(tmp_path)
    assert loaded.price_usd(VIP_4K) == 0.4
    assert loaded.deadline_s(VIP_4K) == 600
    assert loaded.deadline_s(model.Path("vip", "1k-low")) == 360


def test_a_trailing_slash_of_an_address_is_dropped(tmp_path):
    assert load(tmp_path).channel[0].base_url == "https://api.apiyi.com/v1"


@pytest.mark.parametrize(
    ("text", "seconds"), [('"90s"', 90), ('"5m"', 300), ('"1.5h"', 5400), ('"2d"', 172800), ("450", 450)]
)
def test_durations_have_units(tmp_path, text, seconds):
    loaded = load(tmp_path, f"[detection]\nconfirm_every = {text}\n" + MINIMAL)
    assert loaded.detection.confirm_every == seconds


def test_an_own_tier_is_laid_over_the_built_in_one(tmp_path):
    loaded = load(tmp_path, '[tiers.4k-high]\nsize = "2880x2880"\n' + MINIMAL)
    spec = loaded.tier("4k-high")
    assert (spec.size, spec.quality, spec.image_size) == ("2880x2880", "high", "4K")


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("gpt-image-2-vip", "gpt-image-2"),
        ("api.apiyi.com", "vip.apiyi.com"),
        ('"4k-high" = 0.4', '"4k-high" = 0.3'),
        ("[[channel]]", '[tiers.4k-high]\nquality = "low"\n[[channel]]'),
    ],
    ids=["model", "endpoint", "price", "tier"],
)
def test_a_changed_order_changes_the_fingerprint(tmp_path, old, new):
    before = config.fingerprint(load(tmp_path), VIP_4K)
    assert re.fullmatch("[0-9a-f]{12}", before)
    assert config.fingerprint(load(tmp_path, MINIMAL.replace(old, new)), VIP_4K) != before


def test_what_orders_nothing_else_keeps_the_fingerprint(tmp_path):
    before = config.fingerprint(load(tmp_path), VIP_4K)
    other = MINIMAL.replace("600", "900").replace('"1k-low" = 0.01', '"1k-low" = 0.02')
    assert config.fingerprint(load(tmp_path, other), VIP_4K) == before


def test_a_config_prints_no_address_that_may_hold_a_password(tmp_path):
    text = "[alerts]\nurls = ['slack://hunter2']\nheartbeat_url = 'https://hc.example/hunter2'\n" + MINIMAL
    loaded = load(tmp_path, text + "proxy = 'http://me:hunter2@127.0.0.1:3128'\n")
    assert "hunter2" not in repr(loaded)


def test_every_table_of_a_config_is_read():
    assert set(schema.TABLES) == set(schema.Config.model_fields) - {"source", "digest"}


# The shipped file.

SHIPPED = template.text()
UNCOMMENTED = re.sub(r'(?m)^#(?=\[|[\w."-]+ = )', "", SHIPPED)


def test_the_shipped_file_loads_and_needs_no_warning(tmp_path):
    loaded = load(tmp_path, SHIPPED)
    assert [channel.name for channel in loaded.channel] == ["vip", "official", "nano"]
    assert config.read_warnings(loaded) == ()


def test_the_shipped_file_loads_with_every_line_uncommented(tmp_path):
    loaded = load(tmp_path, UNCOMMENTED)
    assert loaded.channel[-1].name == "backup"
    assert (len(loaded.job), len(loaded.rule), len(loaded.tiers)) == (1, 1, 1)


def documented(name):
    """(section of the shipped file, its uncommented values) of a table, the last entry where it is repeated."""
    header = {"tiers": r"\[tiers\.square\]", "channel": r'\[\[channel\]\]\n\n# How[^\n]*\nname = "backup"'}
    start = list(re.finditer(header.get(name, rf"\[+{name}\]+"), UNCOMMENTED))[-1].start()
    end = re.compile(r"^(?:\[|# ----)", re.MULTILINE).search(UNCOMMENTED, start + 2)
    entry = document.parse(UNCOMMENTED.encode(), pathlib.Path("config.toml"))[name]
    entry = entry[-1] if isinstance(entry, tuple) else entry
    return UNCOMMENTED[start : end.start() if end else None], entry["square"] if name == "tiers" else entry


@pytest.mark.parametrize("name", schema.TABLES)
def test_the_shipped_file_documents_every_key(name):
    section, _ = documented(name)
    keys = set(schema.TABLES[name].model_fields) | (set(schema.GatewayLog.model_fields) if name == "channel" else set())
    assert {key for key in keys if not re.search(rf"\b{key}\b", section)} == set()


@pytest.mark.parametrize("name", schema.TABLES)
def test_commented_values_are_the_defaults(name):
    kind, (_, values) = schema.TABLES[name], documented(name)
    read = kind.model_validate(values)
    differing = {
        key
        for key, field in kind.model_fields.items()
        if key in values
        and not field.is_required()
        and field.default not in (None, (), "")
        and key != "images_per_month"
        if getattr(read, key) != field.default
    }
    assert differing == set()
