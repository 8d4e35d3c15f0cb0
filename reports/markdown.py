"""The report as GitHub-flavoured Markdown; every text from outside is escaped."""

from collections.abc import Iterator

from probe import escape
from reports import blocks, words


def render(report: blocks.Report) -> str:
    """Headings, lists and tables; plots are files of their own (`--plots`)."""
    lines = [f"# {escape.markdown(report.title)}", "", words.period(report.since, report.until), ""]
    for section in report.sections:
        if section.question:
            lines += [f"## {escape.markdown(section.question)}", ""]
        for block in section.blocks:
            lines += [*block_lines(block, report), ""]
    return "\n".join(lines).rstrip("\n") + "\n"


def block_lines(block: blocks.Block, report: blocks.Report) -> Iterator[str]:
    match block:
        case blocks.Headline(lines):
            yield from (sentence(line, nested=not lines[0].label) for line in lines)
        case blocks.Table():
            yield from table(block, report)
        case blocks.Note(text):
            yield escape.markdown(text)
        case blocks.Plot():
            yield f"*{escape.markdown(block.title)}* {escape.markdown(block.alt)}"


def sentence(line: blocks.Line, *, nested: bool) -> str:
    """A list item; what belongs to the item above stands under it, where there is one."""
    text = escape.markdown(line.text)
    if line.label:
        return f"{'  ' if nested else ''}- {escape.markdown(line.label)}: {text}"
    return f"- **{text}**" if line.tone == "bad" else f"- {text}"


def table(block: blocks.Table, report: blocks.Report) -> Iterator[str]:
    if block.caption:
        yield from (escape.markdown(block.caption), "")
    yield row(block.columns)
    yield row(["---:" if block.is_number(index) else "---" for index in range(len(block.columns))], escaped=True)
    for cells in block.rows:
        yield row([blocks.plain(cell, report.until) for cell in cells])
    if block.note:
        yield from ("", escape.markdown(block.note))


def row(cells: "list[str] | tuple[str, ...]", *, escaped: bool = False) -> str:
    return f"| {' | '.join(cell if escaped else escape.markdown(cell) for cell in cells)} |"
