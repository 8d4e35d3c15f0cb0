"""The answer in two lines, and the text, ticket and document around it."""

import dataclasses
import datetime as dt
import json
import re

import pytest
import triage_samples as samples

from probe import model, taxonomy
from probe.inference import causes
from probe.inference.causes import Check, Finding, Result
from probe.triage import advice, answer, document, evidence, ladder, options, stored, text, ticket
from probe.triage.diagnosis import Piece, diagnose

NOW = samples.AT


@pytest.fixture
def config(tmp_path):
    return samples.config(tmp_path)


def found(about=None, *outcomes, config=None, pieces=()):
    """A diagnosis from neighbours and further pieces."""
    about = about or samples.about()
    near = None
    if config is not None:
        near = evidence.around.look(about.path, samples.AT, samples.neighbourhood(*outcomes), config)
    told = [*evidence.of_reply(about), *(evidence.of_neighbours(near) if near else ()), *pieces]
    return diagnose(about, told, near=near)


def said(diagnosis, config=None):
    two = answer.answer(diagnosis, config)
    return two.cause, two.action


LOST = Piece(
    "vip's log", "finished after 212 s, billed $0.03: the picture was made and lost", causes.Clue.LOST, live=True
)


def test_upstream_trouble_says_switch_and_names_the_cheapest_channel_that_is_well(config):
    failing, well = samples.series(samples.VIP, "x.xx.xx.x"), samples.series(samples.OFFICIAL, "." * 9)
    nano = samples.series(samples.NANO, "xx.xxx.xx")
    lines = said(found(samples.own(), failing, well, nano, config=config), config)
    assert re.fullmatch(
        r"PROBABLY UPSTREAM, not your input \(0\.8\d\): vip/4k-high failed 4 of 6\.", lines[0].partition(";")[0]
    )
    assert lines[1] == "SWITCH: do not resend on vip. Use official, $0.40."


def test_the_first_reason_is_what_the_path_itself_did_however_much_others_add(config):
    failing, theirs = samples.series(samples.VIP, ".x.x.."), samples.series(samples.OFFICIAL, "xxxxxxxxx")
    first, _ = said(found(samples.own(), failing, theirs, config=config))
    assert first.partition(": ")[2].startswith("vip/4k-high failed 1 of 3")


def test_a_path_that_is_well_is_no_reason_why_the_upstream_is_to_blame(config):
    lighter, theirs = samples.series(samples.LIGHT, "." * 9), samples.series(samples.OFFICIAL, "." * 9)
    for lead, elsewhere in ((causes.Cause.UPSTREAM, True), (causes.Cause.CHANNEL, False)):
        pieces = evidence.of_neighbours(found(samples.own(), lighter, theirs, config=config).near)
        assert [answer.odd(piece, lead) for piece in pieces] == [True, elsewhere]
        assert not any(answer.odd(piece, causes.Cause.CONTENT) for piece in pieces)


def test_the_first_line_takes_the_second_reason_only_where_it_fits_80_columns(config):
    failing, theirs = samples.series(samples.VIP, "xxxxxx"), samples.series(samples.OFFICIAL, "xxxxxx")
    diagnosis = found(samples.own(), failing, theirs, config=config)
    first, _ = said(diagnosis)
    assert len(answer.reasons(diagnosis)) > 1
    assert len(first) <= 80


def test_what_is_surer_than_the_leading_cause_has_a_probability_of_its_own(config):
    failing, well = samples.series(samples.VIP, "xxxxxx"), samples.series(samples.OFFICIAL, "." * 9)
    first, _ = said(found(samples.own(), failing, well, config=config), config)
    assert first.startswith("PROBABLY UPSTREAM (0.8")
    assert "), not your input (0.9" in first


def test_a_channel_that_fails_too_is_not_offered(config):
    failing, theirs = samples.series(samples.VIP, "xxxxxx"), samples.series(samples.OFFICIAL, "xxxx..")
    nano = samples.series(samples.NANO, "xx.xxx")
    diagnosis = found(samples.own(), failing, theirs, nano, config=config)
    assert said(diagnosis, config)[1] == advice.NOWHERE


def test_where_no_channel_is_well_a_lighter_tier_that_is_well_is_named(config):
    failing, medium = samples.series(samples.VIP, "xxxxxx"), model.Path("vip", "4k-medium")
    smaller = samples.series(medium, "......", first=-40)
    names = config.model_copy(update={"channel": (config.channel[0].model_copy(update={"tiers": TIERS}),)})
    two = said(found(samples.own(), failing, smaller, config=names), names)
    assert two[1] == f"{advice.NOWHERE} vip/4k-medium is well, $0.03."


TIERS = ("4k-high", "4k-medium")


def test_a_wrong_picture_that_was_billed_is_claimed_and_not_ordered_there_again(config):
    picture = dataclasses.replace(samples.PICTURE.picture, width_px=1254, height_px=1254)
    about = samples.about(dataclasses.replace(samples.PICTURE, picture=picture))
    well = samples.series(samples.OFFICIAL, "." * 9)
    two = said(found(about, well, config=config), config)
    assert two[1] == "DO NOT resend on vip: the wrong picture was billed, --ticket claims it. Use official, $0.40."


def test_what_the_log_says_was_billed_is_never_resent(config):
    diagnosis = found(
        samples.about(samples.TIMEOUT), samples.series(samples.OFFICIAL, "...."), config=config, pieces=[LOST]
    )
    assert (
        said(diagnosis, config)[1] == "DO NOT resend on vip: finished after 212 s, billed $0.03. Use official, $0.40."
    )


@pytest.mark.parametrize("evidence_of", [samples.TIMEOUT, model.Evidence(fault=model.Fault.RESET, sent=True)])
def test_what_may_be_billed_is_not_resent_before_the_log_was_asked(config, evidence_of):
    diagnosis = found(samples.about(evidence_of), samples.series(samples.VIP, "xxxx"), config=config)
    assert "DO NOT resend" in said(diagnosis, config)[1] or "FIX the network" in said(diagnosis, config)[1]


def test_a_log_that_denies_it_frees_the_resend(config):
    denied = Piece("vip's log", "failed there too", causes.Clue.LOG_FAILED, live=True)
    well = samples.series(samples.OFFICIAL, "....")
    diagnosis = found(
        samples.about(samples.TIMEOUT), samples.series(samples.VIP, "xxxx"), well, config=config, pieces=[denied]
    )
    assert said(diagnosis, config)[1].startswith("SWITCH")


@pytest.mark.parametrize(
    ("evidence_of", "head", "verb"),
    [
        (samples.MODERATED, "YOUR INPUT, not the channel", "rewrite"),
        (samples.BARRED, "YOUR ACCOUNT", "fix account"),
        (model.Evidence(status=400, text='{"error": {"message": "Invalid size", "param": "size", "code": "invalid_value"}}'), "A PARAMETER", "rewrite"),
    ],
)  # fmt: skip
def test_explicit_words_name_cause_and_verb(evidence_of, head, verb):
    two = answer.answer(found(samples.about(evidence_of)), None)
    assert two.cause.removeprefix("PROBABLY ").startswith(head)
    assert two.verb == verb


def test_channel_or_upstream_is_an_answer_because_the_advice_is_the_same(config):
    failing = samples.series(samples.VIP, "xxgxx")
    elsewhere = samples.series(samples.OFFICIAL, "." * 9) + samples.series(samples.LIGHT, "xgx.gxx")
    diagnosis = found(samples.own(), failing, elsewhere, config=config)
    assert diagnosis.cause is None
    two = answer.answer(diagnosis, config)
    assert two.cause.startswith("CHANNEL OR UPSTREAM, not your input (0.9")
    assert (two.verb, two.resend_on) == ("switch", samples.OFFICIAL)


def test_a_single_failure_among_good_canaries_is_resent_once_where_it_was(config):
    calm = [samples.series(path, "." * 12, first=-60) for path in (samples.VIP, samples.LIGHT, samples.OFFICIAL)]
    two = answer.answer(found(canary(), *calm, config=config), config)
    assert two.cause.startswith("PROBABLY A ONE-OFF (0.8")
    assert (two.verb, two.resend_on, two.price_usd) == ("resend", samples.VIP, 0.03)


def canary():
    from probe.triage import subject

    return subject.stored(samples.judged("c", prompt_id="harbour-1"), "c", subject.Hints())


def test_undecided_names_the_two_leading_causes():
    assert said(found())[0] == "NOT DECIDED: upstream 0.43 or content 0.29."


def test_a_success_needs_nothing():
    assert said(found(samples.about(samples.PICTURE))) == (
        "IT SUCCEEDED: a picture of what was ordered came back.",
        "Nothing to do.",
    )


def test_an_unknown_id_says_so():
    unknown = dataclasses.replace(samples.about(), verdict=None, evidence=None)
    assert said(found(unknown))[0] == "NOT KNOWN: no reply and no record of req_1 is here."


def test_the_strongest_evidence_stands_in_the_first_line():
    flagged = Piece("pre-screen", "flagged sexual", findings=(Finding(Check.PRE_SCREEN, Result.FAILED),))
    assert (
        said(found(pieces=[flagged]))[0] == "PROBABLY YOUR INPUT, not the channel (0.91): pre-screen: flagged sexual."
    )


def test_the_text_fits_80_columns_and_answers_in_its_first_two_lines(config):
    diagnosis = found(
        samples.own(), samples.series(samples.VIP, "x.xxmx"), samples.series(samples.OFFICIAL, "..x"), config=config
    )
    rendered = text.render(diagnosis, config, NOW, "own-1")
    lines = rendered.splitlines()
    assert tuple(lines[:2]) == said(diagnosis, config)
    assert max(map(len, lines[2:])) <= 80
    assert "who must act: upstream" in rendered


def test_every_rung_of_the_checklist_is_shown_with_its_finding_or_its_price(config):
    diagnosis = found(samples.own(), samples.series(samples.VIP, "xx."), config=config)
    rungs = ladder.rungs(diagnosis, config)
    assert [ladder.title(rung) for rung in rungs] == [
        "message",
        "pre-screen",
        "back-off retry on vip/4k-high",
        "downscale on vip/4k-medium",
        "downscale on vip/2k-high",
        "switch channel on nano/4k-high",
        "switch channel on official/4k-high",
        "known-good canary on vip/4k-high",
        "canary on nano/4k-high",
        "canary on official/4k-high",
    ]
    assert rungs[0].finding == "processing_error; action: retry_then_check_input"
    assert rungs[2].price_usd == pytest.approx(0.09)
    assert rungs[7].finding == "seen for free: 2 of 3 failed within 2 h (processing_error 2)"


def test_the_lightest_tier_has_nothing_below_it(config):
    assert ladder.lighter(config, samples.LIGHT) == ()


@pytest.mark.parametrize("hostile", ["\x1b[2J\x07", "\u202ebill", "a\r\nb", "\x00"])
def test_nothing_pasted_moves_a_cursor_or_breaks_a_line(hostile):
    about = dataclasses.replace(
        samples.about(model.Evidence(status=500, text=f"x {hostile} (request id: {hostile}abcdefgh)")),
        name=f"id{hostile}",
    )
    diagnosis = found(about)
    for rendered in (text.render(diagnosis, None, NOW, "x"), ticket.render(diagnosis, None)):
        assert all(char == "\n" or char.isprintable() for char in rendered)


def test_a_ticket_holds_ids_and_times_and_neither_key_nor_prompt(config):
    words = (
        f"No. Prompt: {samples.PROMPT}. Key sk-abcdefghijklmnopqrstuvwx (request id: 20260813024100123456789AbCdEfGh)"
    )
    about = samples.about(model.Evidence(status=500, text=words, elapsed_s=41.5), prompt=samples.PROMPT)
    made = ticket.render(found(about, samples.series(samples.VIP, "xx."), config=config), config)
    assert "2026-08-13 02:41:00" in made
    assert "20260813024100123456789AbCdEfGh" in made
    assert "[prompt]" in made
    assert "[key]" in made
    assert samples.PROMPT not in made
    assert "sk-abcdef" not in made


def test_a_ticket_quotes_the_gateways_own_log_and_the_id_we_sent(config):
    made = ticket.render(found(canary(), config=config, pieces=[LOST]), config)
    assert "id (client)   c\n" in made
    assert "your log      finished after 212 s, billed $0.03" in made


def test_a_ticket_tells_our_traffic_from_test_requests(config):
    own = samples.judged("mine", samples.PICTURE, minutes=-9, trigger=model.Trigger.OWN_TRAFFIC)
    made = ticket.render(found(canary(), samples.series(samples.VIP, "xx."), [own], config=config), config)
    lines = [line.split(None, 1)[1] for line in made.splitlines() if line.startswith("4k-high ")]
    assert [line[:13].strip() for line in lines] == ["test requests", "our traffic"]


def test_a_state_that_began_after_the_request_says_so(config):
    later = model.PathState(samples.VIP, model.State.HEALTHY, samples.AT + dt.timedelta(minutes=2))
    about = dataclasses.replace(found(canary(), config=config), state=later)
    told = " ".join(text.render(about, config, samples.AT, "c").split())
    assert "vip/4k-high healthy since 13 Aug 02:43, after this request" in told


def test_a_ticket_about_a_wrong_picture_says_what_was_ordered_and_what_came(config):
    picture = dataclasses.replace(samples.PICTURE.picture, width_px=1254, height_px=1254)
    about = samples.about(dataclasses.replace(samples.PICTURE, picture=picture))
    made = ticket.render(found(about, config=config), config)
    assert "size          3840x2160 high" in made
    assert "delivered     1254x1254 png" in made
    assert made.endswith("This is not the picture that was ordered. If it was billed, please refund it.\n")


HOSTILE = "\x1b[2J\u202e]0;x\x07 [link](http://evil.example) <script>alert(1)</script> Bearer sk-abcdefghijklmnopqrstuvwx\r\n# H"


def test_a_ticket_from_hostile_words_holds_no_control_character_no_secret_and_no_markup_outside_its_block(config):
    evidence_ = model.Evidence(
        status=500,
        text=json.dumps({"error": {"message": f"{HOSTILE} ``` {samples.PROMPT}"}}),
        headers={"x-oneapi-request-id": "20260813024100123456789AbCdEfGh"},
    )
    made = ticket.render(found(samples.about(evidence_, prompt=samples.PROMPT), config=config), config)
    outside = "".join(made.split("```")[::2])
    assert made.isascii() or all(character.isprintable() or character == "\n" for character in made)
    assert not any(control in made for control in "\x1b\u202e\x07\r")
    assert "sk-abcdef" not in made
    assert samples.PROMPT not in made
    assert "evil" not in outside
    assert "<script>" not in outside
    assert made.count("```") == 4


def test_a_ticket_cannot_be_closed_from_inside():
    about = samples.about(model.Evidence(status=500, text="```\n# Pay here\n```"))
    body = ticket.render(found(about), None)
    assert body.count("```") == 4


def test_the_document_is_json_and_holds_no_prompt(config):
    about = samples.about(prompt=samples.PROMPT)
    made = document.document(found(about, samples.series(samples.VIP, "xx."), config=config), config, "t-1", NOW)
    written = json.dumps(made)
    assert samples.PROMPT not in written
    assert made["answer"]["lines"] == list(
        said(found(about, samples.series(samples.VIP, "xx."), config=config), config)
    )
    assert [each["name"] for each in made["ladder"]][:3] == ["message", "pre-screen", "back-off retry"]


def test_live_pieces_survive_being_kept(config):
    piece = Piece(
        "back-off retry on vip/4k-high",
        "ok after 80 s",
        None,
        (Finding(Check.RETRY, Result.PASSED, 0.5),),
        "id-1",
        Check.RETRY,
        live=True,
    )
    made = document.document(found(pieces=[piece]), config, "t-1", NOW)
    (facts,) = [each for each in json.loads(json.dumps(made))["evidence"] if each["live"]]
    assert stored.piece_of(facts) == piece


def test_a_rung_that_is_used_up_is_not_offered_again(config):
    retry = [
        Piece("back-off retry on vip/4k-high", "x", None, (Finding(Check.RETRY, Result.FAILED),), check=Check.RETRY)
    ] * 3
    about = samples.about(prompt=samples.PROMPT)
    left = options.left(found(about, pieces=retry), config)
    assert Check.RETRY not in {rung.check for rung in left}
    assert Check.DOWNSCALE in {rung.check for rung in left}


def test_rungs_that_repeat_the_request_need_the_prompt(config):
    assert {rung.check for rung in options.left(found(), config)} == {Check.CANARY, Check.OTHER_CANARY}


def test_the_checklist_says_why_a_repeat_is_held_back(config):
    told = text.render(found(samples.about(samples.TIMEOUT), config=config), config, NOW, "x")
    assert "back-off retry on vip/4k-high: held back: the first one may be" in told


def test_a_timeout_is_not_repeated_before_the_log_was_asked(config):
    about = samples.about(samples.TIMEOUT, prompt=samples.PROMPT)
    denied = Piece("vip's log", "x", causes.Clue.LOG_FAILED, live=True)
    assert Check.RETRY not in {rung.check for rung in options.left(found(about), config)}
    assert Check.RETRY in {rung.check for rung in options.left(found(about, pieces=[denied]), config)}


def test_an_hour_of_retry_after_is_not_waited_for(config):
    busy = model.Evidence(status=429, headers={"retry-after": "3600"}, text="rate limit exceeded")
    about = samples.about(busy, prompt=samples.PROMPT)
    assert taxonomy.judge(busy).retry_after_s == 3600
    assert Check.RETRY not in {rung.check for rung in options.left(found(about), config)}


def test_a_long_command_is_broken_before_an_option(config):
    rendered = text.render(
        found(config=config), config, NOW, "--reply reply.txt --channel vip --tier 4k-high --sent-at 2026-08-13"
    )
    assert "--tier 4k-high \\\n        --sent-at 2026-08-13" in rendered
