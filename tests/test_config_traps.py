"""What a config may say and a person should hear about."""

import pytest

from probe import config

VIP = {
    "name": '"vip"',
    "protocol": '"openai-images"',
    "base_url": '"https://api.apiyi.com/v1"',
    "model": '"gpt-image-2-vip"',
    "key_env": '"APIYI_KEY"',
    "price_usd": "0.03",
}
NANO = {"protocol": '"gemini"', "base_url": '"https://api.apiyi.com"', "model": '"gemini-3.1-flash-image"'}

ROWS = [
    ("retired", {"model": '"dall-e-3"', "size_rule": '"any"'}, '[[channel]] vip model = "dall-e-3": its maker retires it on 12 May 2026; expect model_not_found from then on'),
    ("retired soon", {"model": '"gpt-image-1-mini"', "size_rule": '"any"'}, '[[channel]] vip model = "gpt-image-1-mini": its maker retires it on 1 Dec 2026; expect model_not_found from then on'),
    ("gemini spoken to as OpenAI", {"model": '"gemini-3.1-flash-image"'}, '[[channel]] vip protocol = "openai-images": most gateways do not serve Gemini at /images/generations; use protocol = "gemini"'),
    ("OpenAI spoken to as gemini", {**NANO, "model": '"gpt-image-2"'}, '[[channel]] vip protocol = "gemini": GPT image models are spoken to with protocol = "openai-images"'),
    ("address without a version", {"base_url": '"https://api.apiyi.com"'}, '[[channel]] vip base_url = "https://api.apiyi.com": has no path; most gateways want /v1 at the end'),
    ("deadline shorter than good pictures take", {"deadline_s": '{ "4k-high" = 120 }'}, "[[channel]] vip deadline_s = 120: good 4k-high pictures of gpt-image-2-vip may take 200 s, and are paid for even when we hang up"),
    ("deadline of the official model", {"model": '"gpt-image-2"', "tiers": '["4k-low", "4k-high"]', "deadline_s": "240"}, "[[channel]] vip deadline_s = 240: good 4k-high pictures of gpt-image-2 may take 280 s, and are paid for even when we hang up"),
    ("deadline of several tiers", {"deadline_s": "20"}, "[[channel]] vip deadline_s = 20: good 1k-low, 2k-high and 4k-high pictures of gpt-image-2-vip may take 200 s, and are paid for even when we hang up"),
    ("deadline of gemini", {**NANO, "deadline_s": "100"}, "[[channel]] vip deadline_s = 100: good 4k-high pictures of gemini-3.1-flash-image may take 150 s, and are paid for even when we hang up"),
    ("two tiers, one gemini request", {**NANO, "tiers": '["4k-low", "4k-high"]'}, "[[channel]] vip tiers: 4k-low and 4k-high are the same request, since quality means nothing to gemini, and each is paid for; keep one"),
    ("route that takes no size", {"model": '"gpt-image-2-all"'}, '[[channel]] vip model = "gpt-image-2-all": this route takes neither size nor quality and delivers about 1254x1254: every canary will be degraded_image'),
    ("password in the proxy", {"proxy": '"http://me:hunter2@127.0.0.1:3128"'}, "[[channel]] vip proxy: holds a user or password; keep this file at mode 0600"),
]  # fmt: skip


def warnings_of(folder, changes, more=""):
    path = folder / "config.toml"
    keys = {**VIP, **changes}
    path.write_text(more + "[[channel]]\n" + "".join(f"{key} = {value}\n" for key, value in keys.items()), "utf-8")
    return config.read_warnings(config.load(path))


@pytest.mark.parametrize(("changes", "warning"), [row[1:] for row in ROWS], ids=[row[0] for row in ROWS])
def test_a_trap_is_told_and_not_refused(tmp_path, changes, warning):
    assert warnings_of(tmp_path, changes) == (warning,)


def test_a_sound_channel_has_no_trap(tmp_path):
    assert warnings_of(tmp_path, {}) == ()


def test_a_size_the_vip_route_adjusts_is_told(tmp_path):
    expected = '[[channel]] vip model = "gpt-image-2-vip": 1024x1024 (mine) is none of the 30 sizes of this route, which adjusts others without a word'
    more = '[tiers.mine]\nsize = "1024x1024"\nquality = "high"\n'
    assert warnings_of(tmp_path, {"tiers": '["mine"]'}, more) == (expected,)


def test_a_grace_time_shorter_than_a_paid_request_is_told(tmp_path):
    expected = '[monitor] shutdown_grace = "60s": a stop would give up paid requests that may take 360 s; make it at least that long'
    assert warnings_of(tmp_path, {}, '[monitor]\nshutdown_grace = "1m"\n') == (expected,)
