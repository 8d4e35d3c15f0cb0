"""What was paid for and what came: size, quality and native detail of the pictures, and when that changed for good."""

from collections.abc import Iterator

from reports import blocks, delivered, figures, window, words


def read(seen: window.Window) -> tuple[blocks.Block, ...]:
    told = tuple(blocks.Note(f"{sentence}.") for sentence in sentences(seen))
    if not seen.pictures:
        return (*told, blocks.Note("No picture came in this period."))
    return (*told, table(seen), *picture(seen))


def sentences(seen: window.Window) -> Iterator[str]:
    """What is charged but not listed, what changed for good, and counts that nothing follows from."""
    for price in seen.prices:
        since = "at least " if price.always else ""
        yield (
            f"{price.path}: charged {words.usd(price.charged_usd)} where {words.usd(price.listed_usd)} is listed, "
            f"since {since}{price.since:%Y-%m-%d} ({words.count(price.charges, 'charge')})"
        )
    for row in seen.pictures:
        yield from (change.sentence(row.path) for change in row.changes)
        if row.untrusted:
            yield (
                f"{row.path}: the token counts of {row.untrusted} of {words.count(row.pictures, 'picture')} fit no quality "
                "(usage_untrusted), so that nothing is said of their quality by them"
            )


def table(seen: window.Window) -> blocks.Table:
    """One row a path; what else came stands there where anything else came."""
    has_faults = any(row.faults for row in seen.pictures)
    rows: list[blocks.Row] = []
    for row in seen.pictures:
        told = (str(row.path), row.ordered, row.pictures, row.as_ordered, row.commonest, detail(row))
        faults = ", ".join(f"{word} {count}" for word, count in row.faults) or "-"
        rows.append((*told, faults) if has_faults else told)
    columns = ("path", "ordered", "pictures", "as ordered", "mostly", "native detail")
    return blocks.Table(
        (*columns, "otherwise") if has_faults else columns,
        tuple(rows),
        note="native detail: share of the long edge up to which pictures carry detail (median, pictures that tell); "
        "well below 100 % they were drawn smaller and enlarged. Enlargement by a generative model cannot be excluded. "
        f"Of each path the latest {delivered.LATEST} pictures at most.",
    )


def detail(row: delivered.Delivered) -> blocks.Cell:
    if row.effective is None:
        return blocks.Missing("cannot tell")
    return f"{words.percent(row.effective)} (n {row.effective_n:,})"


def picture(seen: window.Window) -> tuple[blocks.Plot, ...]:
    """Native detail over time, a panel a path; none where no picture tells."""
    panels = tuple(figures.DetailPanel(str(row.path), row.ordered, row.detail) for row in seen.pictures)
    if not any(panel.points for panel in panels):
        return ()
    told = (f"{row.path} {words.percent(row.effective)}" for row in seen.pictures if row.effective is not None)
    return (
        blocks.Plot(
            "detail",
            "Are the pictures as large as they claim?",
            figures.Detail(panels, seen.since, seen.until),
            f"Median native detail: {', '.join(told)}.",
        ),
    )
