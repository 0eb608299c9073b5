"""Where a data set's files lie on this machine, and how they get there."""

import os
from pathlib import Path

from labkit.data.arrays import root
from labkit.data.cards import cards
from labkit.errors import UserError, nearest

# The folders of LABKIT_TEST_DATA that hold a small part of a data set; the others have its own name.
_PACKS = {
    "celebamask-hq": ("celebamask_hq",),
    "mt": ("makeup",),
    "cmp-facades": ("facades_predlabels",),
    "cufs": ("cufs_sketch",),
    "apdrawing": ("apdrawing_single",),
    "webcaricature": ("webcaricature_lists", "caricature"),
}


def place(name: str) -> Path:
    """The folder that a data set's files are downloaded to, or put into by hand; it need not exist."""
    return root() / name


def candidates(name: str) -> list[Path]:
    """The folders in which a data set's files are looked for, best first; none of them need exist.

    The first is :func:`place`; after it come the packs for tests, where the variable LABKIT_TEST_DATA names them.
    """
    given = os.environ.get("LABKIT_TEST_DATA")
    packs = [Path(given) / folder for folder in _PACKS.get(name, (name,))] if given else []
    return [place(name), *packs]


def fetch_dataset(name: str) -> Path:
    """Download and unpack a data set into :func:`place`, as its card says.

    Returns:
        The folder with the files.

    Raises:
        UserError: for an unknown name, or when no source gave the files; it says how to put them there by hand.
    """
    if name not in cards():
        raise UserError(nearest(name, cards(), "data set"))
    raise UserError(f"{name} can't be downloaded: put its files by hand into {place(name)}")
