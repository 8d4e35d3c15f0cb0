"""The rule that docs/taxonomy.md shows loads, and does what the page says."""

import pathlib
import re

from probe import config, model, taxonomy

PAGE = (pathlib.Path(__file__).parent.parent / "docs" / "taxonomy.md").read_text(encoding="utf-8")
CHANNEL = """
[[channel]]
name = "acme"
protocol = "openai-images"
base_url = "https://h.example/v1"
model = "gpt-image-2"
key_env = "K"
"""


def test_the_rule_of_the_page_is_tried_first_and_may_exclude_words(tmp_path):
    path = tmp_path / "config.toml"
    path.write_text(CHANNEL + re.search(r"```toml\n(.*?)```", PAGE, re.DOTALL)[1], encoding="utf-8")
    rules = taxonomy.compile_rules(config.load(path).rule)
    verdict = taxonomy.judge(model.Evidence(status=500, text="No free worker, internal error"), rules)
    assert (verdict.rule, verdict.kind, verdict.detail) == ("own.acme-busy", "overloaded", "acme_pool_empty")
    assert (verdict.party, verdict.action) == ("channel", "switch_channel")
    assert taxonomy.judge(model.Evidence(status=500, text="no free worker, retrying"), rules).rule != "own.acme-busy"
    assert taxonomy.judge(model.Evidence(status=400, text="no free worker"), rules).rule != "own.acme-busy"
