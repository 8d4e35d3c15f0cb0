"""`tierwatch picture`: what a picture file really is, so that anybody can check a supplier."""

import json
import os
import pathlib
import stat
import textwrap
import warnings
from typing import Any

import click

from probe import escape, model

FILE_LIMIT = 256 * 1024 * 1024
"""Bytes; a larger file is not read."""
WIDTH = 79
UNTOLD = {
    "small": "cannot be told: the picture is too small",
    "flat": "cannot be told: the motif shows too little",
    "soft": "cannot be told: the motif is soft, in focus or by nature",
}
CAVEAT = (
    "Detail that a generator invents while it enlarges (super-resolution) leaves no such trace: it cannot be excluded."
)


class Unread(model.UserError):
    """A file that could not be read."""


@click.command(short_help="What a picture file really is: size, detail, flaws.")
@click.argument("files", metavar="FILE...", nargs=-1, required=True)
@click.option("--ordered", metavar="WIDTHxHEIGHT", help="The pixels that were ordered, for example 3840x2160.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object a line, for each file that could be read.")
@click.pass_context
def command(context: click.Context, files: tuple[str, ...], ordered: str | None, as_json: bool) -> None:
    """Look at picture files: pixels, format, damage, blankness, and native detail.

    "No detail above 50 % of the edge" means that half the edge would have held all
    there is: the picture was drawn smaller and enlarged. PNG, JPEG and WEBP are read.
    Nothing is sent. Exit code 1 where a picture has a finding or a file was not read.

    \b
    Examples:
      tierwatch picture answer.png --ordered 3840x2160
      tierwatch picture --json *.png | jq -r 'select(.details != []) | .file'
    """
    order = ordered_as(ordered) if ordered else None
    faulty = False
    native = False
    for name in files:
        try:
            picture = look(name, order)
        except Unread as error:
            click.echo(f"tierwatch: {error}", err=True)
            faulty = True
            continue
        details = findings(picture, order)
        faulty = faulty or bool(details)
        native = native or (picture.effective_resolution is not None and "enlarged" not in details)
        click.echo(json.dumps(document(name, picture, details)) if as_json else render(name, picture, details, order))
    if native and not as_json:
        click.echo(textwrap.fill(CAVEAT, WIDTH))
    context.exit(1 if faulty else 0)


def ordered_as(text: str) -> model.Order:
    """An order of so many pixels; raises UsageError."""
    width, cross, height = text.lower().partition("x")
    if not (cross and width.isdecimal() and height.isdecimal() and len(text) <= 11 and int(width) and int(height)):
        raise click.UsageError(f"--ordered {text!r} is no size: write WIDTHxHEIGHT, for example 3840x2160.")
    return model.Order("", "", int(width), int(height))


def look(name: str, order: model.Order | None) -> model.Picture:
    """Measure a file; raises Unread."""
    from probe import picture

    if "://" in name:
        raise Unread(f"{escape.visible(name)}: addresses are not fetched; download it, then name the file")
    try:
        path = pathlib.Path(name)
        # O_NONBLOCK: a pipe that nobody writes to must not hold up the other files.
        with os.fdopen(os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC), "rb") as file:
            found = os.fstat(file.fileno())
            if not stat.S_ISREG(found.st_mode):
                raise Unread(f"{escape.visible(name)}: not a file")
            if found.st_size > FILE_LIMIT:
                raise Unread(f"{escape.visible(name)}: larger than {FILE_LIMIT >> 20} MiB")
            data = file.read(FILE_LIMIT)
    except (OSError, ValueError) as error:  # ValueError: a NUL in the name
        reason = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
        raise Unread(f"{escape.visible(name)}: {reason}") from error
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)  # the decoder's own remarks on stderr
        return picture.inspect(data, order)


def findings(picture: model.Picture, order: model.Order | None) -> tuple[str, ...]:
    """What is wrong with the picture, in the words that verdicts use."""
    from probe.taxonomy import delivered

    return delivered.flaws(model.Evidence(order=order, picture=picture))


def document(name: str, picture: model.Picture, details: tuple[str, ...]) -> dict[str, Any]:
    """One line of `--json`."""
    return {
        "schema_version": 1,
        "file": name.encode("utf-8", "replace").decode(),
        "width": picture.width_px,
        "height": picture.height_px,
        "format": picture.format,
        "blank": picture.blank,
        "effective_resolution": picture.effective_resolution,
        "details": details,
        "motif": picture.motif,
        "bytes": picture.image_bytes,
        "sha256": picture.sha256,
        "fingerprint": picture.fingerprint,
        "provenance": picture.provenance,
    }


def render(name: str, picture: model.Picture, details: tuple[str, ...], order: model.Order | None) -> str:
    """A picture in plain words, within 80 columns."""
    rows = [("size", size(picture, order)), ("detail", detail(picture))]
    if picture.provenance:
        rows.append(("says it is", f"by {picture.provenance} (C2PA, signature not checked)"))
    rows.append(("findings", ", ".join(details) or "none"))
    lines = [escape.visible(name)]
    for title, words in rows:
        if words:
            lines += textwrap.wrap(words, WIDTH, initial_indent=f"  {title:<11}", subsequent_indent=" " * 13)
    return "\n".join(lines)


def size(picture: model.Picture, order: model.Order | None) -> str:
    """Pixels, beside the ordered ones, format and bytes."""
    pixels = f"{picture.width_px}x{picture.height_px}" if picture.width_px else "no picture"
    if order is not None and pixels != order.size:
        pixels += f" instead of {order.size}"
    elif order is not None:
        pixels += " as ordered"
    heavy = picture.image_bytes >= 1_000_000
    weight = f"{picture.image_bytes / 1e6:.1f} MB" if heavy else f"{picture.image_bytes / 1e3:.1f} kB"
    return f"{pixels}, {picture.format or 'no PNG, JPEG or WEBP'}, {weight}"


def detail(picture: model.Picture) -> str:
    """How far up the detail reaches, in words; "" where the picture was not decoded."""
    share = picture.effective_resolution
    if share is None:
        return UNTOLD.get(picture.motif, "")
    if share >= 0.995:
        return "up to the last pixel"
    width_px, height_px = round(picture.width_px * share), round(picture.height_px * share)
    return f"no detail above {share * 100:.0f} % of the edge: {width_px}x{height_px} would hold it all"
