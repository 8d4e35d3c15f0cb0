"""Where in the file a faulty key or table stands: found by reading its lines, since a TOML parser forgets them."""

import re
from collections.abc import Sequence

HEADING = re.compile(r"\s*(\[{1,2})\s*([^\[\]]+?)\s*\]{1,2}\s*(?:#.*)?$")
NAME = re.compile(r"""\s*name\s*=\s*["'](.*?)["']""")
TOP = "top of the file"


def line_of(text: str, table: str, key: str) -> int | None:
    """Line, from 1, of a fault's key, else of its table's heading; None where the file shows neither.

    `table` as `faults.Fault` names it: `[budget]`, `[[channel]] vip`, `[[channel]] number 2`, `[tiers.4k-high]`.
    """
    lines = text.split("\n")
    inside = within(lines, table)
    if not inside and table.startswith("[tiers."):
        inside = within(lines, "[tiers]")
        key = table.removeprefix("[tiers.").removesuffix("]")
    wanted = re.compile(rf"""\s*["']?{re.escape(key.partition(".")[0])}["']?\s*[.=]""") if key else None
    found = next((number for number in inside if wanted and wanted.match(lines[number - 1])), None)
    return found or (inside[0] if inside and table != TOP else None)


def within(lines: Sequence[str], table: str) -> list[int]:
    """Numbers of the heading of a table and of the lines below it; [] where the file has no such table."""
    kind, _, which = table.partition(" ") if table.startswith("[[") else (table, "", "")
    seen, inside, block = 0, table == TOP, list[int]()
    for number, line in enumerate([*lines, "[end]"], start=1):
        heading = HEADING.match(line)
        if heading is None:
            block += [number] if inside else []
            continue
        names = [name[1] for name in (NAME.match(lines[each - 1]) for each in block) if name]
        if inside and (not which or which in {*names, f"number {seen}"}):
            return block
        label = "".join((heading[1], re.sub("[\"' ]", "", heading[2]), "]" * len(heading[1])))
        inside = label == kind
        seen += inside
        block = [number] if inside else []
    return []
