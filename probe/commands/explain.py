"""`tierwatch explain`: the taxonomy as the program has it: every kind, and the rules that give it."""

import textwrap
from typing import TYPE_CHECKING, Any

import click

from probe import model
from probe.commands import options

if TYPE_CHECKING:
    from probe.taxonomy import Rule

WIDTH = 79
EXAMPLES = 6
"""Phrases, codes and statuses shown of one rule."""


@click.command(short_help="The taxonomy: every kind and rule.")
@click.argument("what", required=False, metavar="[KIND|RULE]")
@click.option("--markdown", is_flag=True, help="A Markdown table.")
@options.JSON
def command(what: str | None, markdown: bool, as_json: bool) -> None:
    """The kinds a reply can be of: what they mean, who must act, what to do.

    With a KIND: its details and the rules that give it, in the order they are tried.
    With a RULE, as a verdict names it: what it looks for.

    \b
    Examples:
      tierwatch explain
      tierwatch explain overloaded
      tierwatch explain google.shared-capacity
    """
    from probe import taxonomy

    if what is None:
        if as_json:
            kinds = [kind_document(kind) for kind in model.Kind]
            options.echo_json({"rules_version": taxonomy.RULES_VERSION, "kinds": kinds})
        else:
            click.echo(table(markdown=markdown))
        return
    if rule := taxonomy.rule_named(what):
        options.echo_json(rule_document(rule)) if as_json else click.echo(rule_text(rule))
        return
    kind = named(what)
    if as_json:
        options.echo_json({"rules_version": taxonomy.RULES_VERSION, **kind_document(kind)})
    else:
        click.echo(kind_markdown(kind) if markdown else kind_text(kind))


def named(what: str) -> model.Kind:
    """A kind by its name; a usage error names the nearest kind or rule."""
    import difflib

    from probe import taxonomy

    try:
        return model.Kind(what.lower())
    except ValueError:
        known = [*model.Kind, *(rule.name for rule in taxonomy.RULES)]
        near = difflib.get_close_matches(what, known, n=1)
        hint = f"did you mean {near[0]}?" if near else "`tierwatch explain` lists the kinds."
        raise click.UsageError(f"There is no kind or rule {what!r}: {hint}") from None


HEAD = ("kind", "what happened", "who must act", "same again?", "first", "billed")


def table(*, markdown: bool) -> str:
    """All kinds; the defaults, which single rules refine."""
    from probe import taxonomy

    rows = []
    for kind in model.Kind:
        default = taxonomy.KINDS[kind]
        again = "yes" if default.retryable else "no"
        party = "-" if default.action is model.Action.NONE else default.party
        rows.append((kind, default.meaning, party, again, model.VERBS[default.action], default.billed))
    if markdown:
        lines = [HEAD, ("---",) * len(HEAD), *((f"`{row[0]}`", *row[1:]) for row in rows)]
        return "\n".join(f"| {' | '.join(line)} |" for line in lines)
    told = [f"{'kind':<20}{'who must act':<15}{'again?':<9}{'first':<13}billed", ""]
    for kind, meaning, party, again, verb, billed in rows:
        told += [f"{kind:<20}{party:<15}{again:<9}{verb:<13}{billed}", *wrapped(meaning, "    ")]
    return "\n".join([*told, "", "`tierwatch explain KIND` shows the rules of a kind."])


def kind_text(kind: model.Kind) -> str:
    """One kind with its details and rules."""
    default, rules = kind_parts(kind)
    told = [f"{kind}: {default.meaning}", "", *wrapped(default_words(kind), "  ")]
    details = sorted({rule.detail for rule in rules if rule.detail})
    if details:
        told += ["", *wrapped("Details: " + ", ".join(details) + ".", "  ")]
    told += ["", f"{len(rules)} rules, each tried after the ones above it:"]
    for rule in rules:
        told += ["", *rule_lines(rule)]
    return "\n".join(told)


def kind_markdown(kind: model.Kind) -> str:
    """The rules of a kind as a table."""
    from probe import escape

    _, rules = kind_parts(kind)
    lines = [("rule", "detail", "looks for"), ("---", "---", "---")]
    lines += [
        (
            f"`{rule.name}`",
            rule.detail or "-",
            escape.markdown("; ".join([*looks_for(rule), *filter(None, [rule.note])])),
        )
        for rule in rules
    ]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def kind_parts(kind: model.Kind) -> tuple[Any, "list[Rule]"]:
    from probe import taxonomy

    rules = [rule for rule in taxonomy.RULES if rule.kind is kind]
    return taxonomy.KINDS[kind], sorted(rules, key=lambda rule: rule.by)


def default_words(kind: model.Kind) -> str:
    """What a kind means for people, unless a rule says otherwise."""
    from probe import taxonomy

    default = taxonomy.KINDS[kind]
    again = "the same request may succeed within minutes" if default.retryable else "the same request fails again"
    if default.action is model.Action.NONE:
        return f"Stage {default.stage}; nothing to do; billed: {default.billed}."
    return f"Stage {default.stage}; {default.party} must act: {default.action}; {again}; billed: {default.billed}."


def rule_text(rule: "Rule") -> str:
    """One rule whole: what it gives, what it looks for, and why."""
    detail = f" ({rule.detail})" if rule.detail else ""
    return "\n".join([f"{rule.kind}{detail}", *rule_lines(rule, every=True)])


def rule_lines(rule: "Rule", *, every: bool = False) -> list[str]:
    """A rule's name, what it looks for, what it changes of its kind's defaults, and its note."""
    detail = f" [{rule.detail}]" if rule.detail else ""
    told = [f"  {rule.name}{detail}"]
    for looked in looks_for(rule, every=every):
        told += wrapped(looked, "    ")
    changes = overrides(rule)
    if changes:
        told += wrapped("gives: " + ", ".join(f"{name} {value}" for name, value in changes.items()), "    ")
    return told + (wrapped(rule.note, "    ") if rule.note else [])


def looks_for(rule: "Rule", *, every: bool = False) -> list[str]:
    """The conditions of a rule in words, with examples of its phrases and codes."""
    from probe.taxonomy import conditions

    limit = None if every else EXAMPLES

    def some(values: Any) -> str:
        listed = [str(value) for value in values]
        more = f" and {len(listed) - limit} more" if limit is not None and len(listed) > limit else ""
        return ", ".join(listed[:limit]) + more

    told = []
    if rule.any:
        told.append("words: " + some(f'"{phrase}"' for phrase in rule.any))
    if rule.every:
        told.append("and: " + some(f'"{phrase}"' for phrase in rule.every))
    if rule.without:
        told.append("without: " + some(f'"{phrase}"' for phrase in rule.without))
    if rule.pattern and every:
        told.append(f"pattern: {rule.pattern}")
    if rule.codes:
        told.append("codes: " + some(sorted(rule.codes)))
    if rule.statuses:
        told.append("status: " + statuses(rule.statuses))
    if rule.when:
        told.append("only if: " + "; ".join(conditions.CONDITIONS[name].meaning for name in rule.when))
    return told


def statuses(values: frozenset[int]) -> str:
    """`2xx`, or the numbers."""
    listed = sorted(values)
    return f"{listed[0] // 100}xx" if len(listed) == 100 else ", ".join(map(str, listed))


def overrides(rule: "Rule") -> dict[str, str]:
    """What a rule says otherwise than its kind."""
    fields = ("stage", "party", "retryable", "action", "billed", "confidence")
    return {name: str(getattr(rule, name)).lower() for name in fields if getattr(rule, name) is not None}


def kind_document(kind: model.Kind) -> dict[str, Any]:
    default, rules = kind_parts(kind)
    return {
        "kind": kind,
        "meaning": default.meaning,
        "stage": default.stage,
        "party": default.party,
        "retryable": default.retryable,
        "action": default.action,
        "verb": model.VERBS[default.action],
        "billed": default.billed,
        "rules": [rule_document(rule) for rule in rules],
    }


def rule_document(rule: "Rule") -> dict[str, Any]:
    return {
        "rule": rule.name,
        "kind": rule.kind,
        "detail": rule.detail,
        "by": rule.by.name.lower(),
        "words": list(rule.any),
        "and": list(rule.every),
        "without": list(rule.without),
        "pattern": rule.pattern,
        "codes": sorted(rule.codes),
        "statuses": sorted(rule.statuses),
        "when": list(rule.when),
        "gives": overrides(rule),
        "note": rule.note,
    }


def wrapped(text: str, indent: str) -> list[str]:
    return textwrap.wrap(text, WIDTH, initial_indent=indent, subsequent_indent=indent + "  ", break_on_hyphens=False)
