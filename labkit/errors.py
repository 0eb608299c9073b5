"""Mistakes that a person can mend: one sentence, no traceback."""

import difflib
from collections.abc import Iterable, Sequence


class UserError(Exception):
    """A mistake of the person at the keyboard, told in one sentence that says what to do.

    The command line prints it without a traceback and ends with exit code 2; elsewhere it is an exception like others.
    """


def nearest(name: str, known: Iterable[str], kind: str = "name") -> str:
    """Say that a name is unknown, and which one was probably meant.

    Args:
        name: what was asked for.
        known: the names that exist.
        kind: what is named, in words ("lab", "data set").

    Returns:
        For example ``unknown lab 'dcgna'; did you mean 'dcgan'? known: cgan, dcgan, gan``.
    """
    names = sorted(known)
    folded = {other.casefold(): other for other in names}
    close = [folded[match] for match in difflib.get_close_matches(name.casefold(), folded, n=3, cutoff=0.6)]
    guess = f"; did you mean {' or '.join(repr(match) for match in close)}?" if close else ";"
    return f"unknown {kind} {name!r}{guess} known: {', '.join(names) or 'none'}"


def position(name: str, known: Sequence[str], kind: str = "name") -> int:
    """Where a name stands among the known ones.

    Raises:
        UserError: it is none of them, with the nearest; see :func:`nearest`.
    """
    if name not in known:
        raise UserError(nearest(name, known, kind))
    return known.index(name)
