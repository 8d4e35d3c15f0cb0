"""A bounded folder of pictures that were not what was ordered, kept only where the config asks for it."""

import pathlib
import re

from probe import model

ENDINGS = {"png": ".png", "jpeg": ".jpg", "webp": ".webp"}
"""Endings by our own reading of the bytes; anything else is kept as `.bin`, so that nothing opens it by its name."""

OURS = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}\.(?:png|jpg|webp|bin)")
"""Names of pictures kept here; the folder may hold files of others, which are theirs."""


def keep(folder: pathlib.Path, picture: bytes, judged: model.Judged, most: int) -> pathlib.Path:
    """Write the picture as `<our id>.<ending>` and remove the oldest beyond `most`; raises OSError.

    The name is made of our own id alone: nothing from outside reaches a file name.
    """
    seen = judged.outcome.evidence.picture
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    path = folder / (judged.outcome.id + ENDINGS.get(seen.format if seen else "", ".bin"))
    path.touch(mode=0o600)
    try:
        path.write_bytes(picture)
    except OSError:
        path.unlink()  # half of it would look like a picture that came cut
        raise
    # Ids sort by time, so names do too.
    for old in sorted(entry for entry in folder.iterdir() if OURS.fullmatch(entry.name))[:-most]:
        old.unlink()
    return path
