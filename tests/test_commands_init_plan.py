"""`tierwatch init` and `tierwatch plan`, as a person and as a program meet them."""

import json
import os
import pathlib
import pty
import subprocess
import sys

import click.testing
import pytest

from probe import commands, config, model
from probe.config import template

KEY = "sk-hunter2hunter2hunter2"


@pytest.fixture(autouse=True)
def empty_folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "xdg"))
    for name in ("APIYI_KEY", "OPENAI_API_KEY"):
        monkeypatch.delenv(name, raising=False)


def run(*args):
    """Output of a command; a UserError is raised as it is."""
    result = click.testing.CliRunner().invoke(commands.program, args, prog_name="tierwatch")
    if result.exception and not isinstance(result.exception, SystemExit):
        raise result.exception
    assert result.exit_code == 0, result.output
    return result.output


def test_init_writes_the_shipped_file_and_says_what_it_costs():
    output = run("init")
    assert pathlib.Path("config.toml").read_text("utf-8") == template.text()
    assert output.startswith("Wrote config.toml.\n")
    assert (
        "key for vip, official, nano: environment variable APIYI_KEY is not set; `export\n  APIYI_KEY=...`, or"
        in output
    )
    assert "of 5.00 USD" in output
    assert output.endswith("Nothing was sent. Next: edit config.toml, then `tierwatch daemon`.\n")


def test_init_shows_a_key_only_as_a_mask(monkeypatch):
    monkeypatch.setenv("APIYI_KEY", KEY)
    output = run("init")
    assert "key for vip, official, nano: APIYI_KEY is there ([key], 24 characters)" in output
    assert "hunter2" not in output + pathlib.Path("config.toml").read_text("utf-8")


def test_init_never_overwrites():
    pathlib.Path("config.toml").write_text("mine")
    with pytest.raises(model.UserError) as caught:
        run("init")
    assert caught.value.exit_code == 1
    assert str(caught.value) == (
        "config.toml exists and stays as it is: edit it, or write another with `tierwatch init OTHER.toml`"
    )
    assert pathlib.Path("config.toml").read_text() == "mine"


def test_init_into_a_home_that_nobody_has_is_refused():
    with pytest.raises(model.UserError, match="cannot be written: nobody of that name"):
        run("init", "~nobody-of-that-name/config.toml")


def test_init_never_follows_a_link_that_leads_nowhere():
    pathlib.Path("config.toml").symlink_to("elsewhere.toml")
    with pytest.raises(model.UserError, match="exists"):
        run("init")
    assert not pathlib.Path("elsewhere.toml").exists()


def test_init_takes_channels_their_settings_and_a_budget():
    official = "official,base_url=https://api.openai.com/v1,key_env=OPENAI_API_KEY"
    mine = "mine,protocol=openai-images,base_url=https://a.example/v1,model=flux,key_file=mine.key,price_usd=0.1"
    output = run("init", "new/watch.toml", "--channel", official, "--channel", mine, "--budget", "2")
    written = config.load(pathlib.Path("new/watch.toml"))
    assert [channel.name for channel in written.channel] == ["official", "mine"]
    assert written.channel[0].base_url == "https://api.openai.com/v1"
    assert written.channel[0].key_env == "OPENAI_API_KEY"
    assert written.channel[0].model == "gpt-image-2"
    assert written.channel[1].key_file == str(pathlib.Path("new/mine.key").absolute())
    assert written.channel[1].price_usd == 0.1
    assert written.budget.usd_per_day == 2
    assert "#target_success = 0.95" in pathlib.Path("new/watch.toml").read_text("utf-8")
    assert output.endswith("`tierwatch daemon --config new/watch.toml`.\n")


@pytest.mark.parametrize(
    ("args", "says"),
    [
        (("--channel", "vip,color=red"), "write NAME,KEY=VALUE"),
        (("--channel", "vip,key_env"), "write NAME,KEY=VALUE"),
        (("--channel", f"vip,{KEY}"), "--channel vip: write NAME,KEY=VALUE"),
        (("--channel", "mine"), "mine protocol: is missing"),
        (("--channel", "vip", "--channel", "vip"), 'there is another channel "vip"'),
        (("--channel", f"vip,key_env={KEY}"), "key_env: holds what looks like a key"),
        (("--budget", "nan"), "usd_per_day = nan: must be a finite number"),
        (("--budget", "-1"), "usd_per_day = -1: must be 0 or more"),
    ],
)
def test_init_refuses_what_would_be_refused_later_and_writes_nothing(args, says):
    with pytest.raises(config.ConfigError) as caught:
        run("init", *args)
    assert says in str(caught.value)
    assert "hunter2" not in str(caught.value)
    assert not pathlib.Path("config.toml").exists()


def test_init_asks_in_a_terminal(tmp_path):
    ours, theirs = pty.openpty()
    os.write(ours, b"vip,nano\nMY_KEY\n\n3.5\n")
    done = subprocess.run(
        [sys.executable, "-m", "probe", "init"],
        stdin=theirs,
        capture_output=True,
        text=True,
        cwd=tmp_path,
        check=True,
        timeout=60,
    )
    os.close(ours)
    os.close(theirs)
    written = config.load(tmp_path / "config.toml")
    assert [(channel.name, channel.key_env) for channel in written.channel] == [
        ("vip", "MY_KEY"),
        ("nano", "APIYI_KEY"),
    ]
    assert written.budget.usd_per_day == 3.5
    assert "Channels to watch [vip,official,nano]" in done.stderr
    assert done.stdout.startswith("Wrote config.toml.")


def test_every_channel_of_the_template_is_found_with_its_settings():
    known = template.channels()
    assert list(known) == ["vip", "official", "nano"]
    assert known["vip"]["price_usd"] == "0.03"
    assert {settings["key_env"] for settings in known.values()} == {"APIYI_KEY"}


def test_plan_shows_each_path_and_the_total_within_80_columns():
    run("init")
    lines = run("plan").splitlines()
    assert lines[0].split() == ["path", "one", "every", "a", "day", "USD", "each", "USD", "a", "day"]
    assert lines[1].split() == ["vip/1k-low", "11", "h", "47", "min", "2.0", "0.0300", "0.06"]
    assert lines[10].split() == ["total", "154.0", "3.71", "of", "5.00", "USD"]
    assert max(map(len, lines)) <= 80


def test_plan_says_how_soon_trouble_is_seen_and_what_more_money_would_change():
    run("init")
    shown = run("plan")
    assert "vip/4k-high              36 min (54 min)     2.2 h (5.0 h)    6.6 h (15.6 h)" in shown
    assert "with half the budget" in shown


def test_plan_marks_fixed_intervals_and_tells_traps():
    run("init", "--channel", "vip,model=gpt-image-2.5-flare-vip")
    path = pathlib.Path("config.toml")
    path.write_text(
        path.read_text().replace(
            "price_usd = 0.03", 'price_usd = 0.03\ninterval = { "4k-high" = "1h" }\ndeadline_s = 900'
        )
    )
    output = run("plan")
    assert "1 h *    24.0    0.0300       0.72" in output
    assert "* fixed in the config; the budget decides the others" in output
    assert 'warning: [monitor] shutdown_grace = "600s": a stop would give up paid requests' in " ".join(output.split())


def test_plan_as_json_has_a_schema_version_and_adds_up():
    run("init")
    document = json.loads(run("plan", "--json"))
    assert document["schema_version"] == 1
    assert document["budget_usd_per_day"] == 5.0
    assert [path["path"] for path in document["paths"]][:2] == ["vip/1k-low", "vip/2k-high"]
    assert sum(path["usd_per_day"] for path in document["paths"]) == pytest.approx(document["usd_per_day"], abs=1e-5)
    for path in document["paths"]:
        assert path["canaries_per_day"] == pytest.approx(86400 / path["interval_s"], abs=1e-3)


def test_plan_demands_no_key():
    run("init")
    assert "official/4k-high" in run("plan")


def test_plan_tells_faults_with_exit_code_2():
    pathlib.Path("config.toml").write_text("[budget]\nusd_per_day = inf\n")
    with pytest.raises(config.ConfigError, match="2 faults") as caught:
        run("plan")
    assert caught.value.exit_code == 2
