"""The door to the built-in faces: rendered once into the array cache, a field at a time, by all cores.

``python -m labkit.data.faces`` is the process that renders every so-manieth block for :func:`open_faces`: a plain child
process, as workers that fork or import the caller's script again don't work from a notebook or an unguarded script.
"""

import json
import os
import subprocess
import sys
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
import torch
from tqdm.auto import tqdm

from labkit import faces
from labkit.data.arrays import Writer, cached_each
from labkit.data.dataset import Dataset
from labkit.errors import UserError, nearest
from labkit.faces import splits
from labkit.threads import cores

COUNTS = {"train": 20_000, "test": 2_000, "seen": 20_000, "unseen": 2_000, "people": 2_000}
EACH = 20
"""How many faces a person has in the split ``people``."""
DEFAULT_FIELDS = ("image", "attributes")
FIELDS = (*faces.CHANNELS, *faces.VARIANTS)

_BLOCK = 256
_WORKERS_PAY_FROM = 1_500  # faces; below, starting another interpreter takes longer than it saves


def open_faces(
    *,
    size: int | None = None,
    channels: int | None = None,
    split: str = "train",
    fields: Sequence[str] | None = None,
    count: int | None = None,
    kind: str = "independent",
) -> Dataset:
    """The built-in faces; see :func:`labkit.data.open`.

    Args:
        size: height and width in pixels; 64 where not given.
        channels: 3 (RGB); the faces have no grey version.
        split: ``train`` or ``test``; or ``seen`` and ``unseen``, which have no combination in common (see
            :data:`labkit.faces.splits.UNSEEN`); or ``people``, :data:`EACH` faces a person, one person after the other
            (:func:`labkit.faces.people`).
        fields: any of :data:`labkit.faces.CHANNELS`, and the same people otherwise, any of
            :data:`labkit.faces.VARIANTS`; ``image`` comes always, and ``attributes`` where nothing is named,
            with ``identity``, the person's number, for ``people``.
        count: how many; 20,000 to train on and 2,000 to test or of people where not given. Of people it is a multiple
            of :data:`EACH`.
        kind: the sampler, ``independent`` or ``natural``; ``people`` are drawn by the first alone.

    Raises:
        UserError: for an unknown field, split or sampler, people cut in two or drawn by ``natural``, or a cache folder
            that can't be written.
    """
    if channels not in (None, 3):
        raise UserError("the built-in faces are in colour: channels must be 3")
    if split not in COUNTS:
        raise UserError(nearest(split, COUNTS, "split of the built-in faces"))
    default = (*DEFAULT_FIELDS, "identity") if split == "people" else DEFAULT_FIELDS
    wanted = tuple(dict.fromkeys(("image", *(default if fields is None else fields))))
    for field in wanted:
        if field not in FIELDS:
            raise UserError(nearest(field, FIELDS, "field of the built-in faces"))
    side, total = size or 64, count or COUNTS[split]
    if split == "people":
        _whole_people(total, kind)
    content: dict[str, Any] = {
        "reader": "faces",
        "version": faces.VERSION,
        "split": split,
        "kind": kind,
        "count": total,
        "size": side,
        **({"each": EACH} if split == "people" else {}),
    }
    entries = {
        field: (f"faces-{split}-{side}x{side}-{field.replace('_', '-')}", {**content, "field": field})
        for field in wanted
    }

    def build(writers: dict[str, Writer]) -> dict[str, Any]:
        job = {"split": split, "count": total, "kind": kind, "size": side, "fields": list(writers)}
        bar = tqdm(total=total, desc=f"drawing faces ({split}, {side} px)", unit=" faces", leave=False)
        with bar:
            for block in _rendered(job):
                for field, rows in block.items():
                    writers[field].append(**{field: rows})
                bar.update(len(next(iter(block.values()))))
        return {}

    whole = cached_each(entries, build)
    arrays = {field: whole[field][0][field] for field in wanted}
    return Dataset(
        "faces" if kind == "independent" else f"faces-{kind}",
        arrays,
        split=split,
        names={"attributes": faces.ATTRIBUTES},
        drawn=json.dumps(content, sort_keys=True),
    )


def _whole_people(count: int, kind: str) -> None:
    if kind != "independent":
        raise UserError(f"the {kind} faces have no split 'people': open that of 'faces'")
    if count % EACH:
        raise UserError(f"the split 'people' has {EACH} faces a person: count must be a multiple of it, not {count}")


Job = dict[str, Any]


def _drawn(job: Job) -> faces.Faces:
    """The faces of a job, before they are rendered."""
    if job["split"] == "people":
        return faces.people(job["count"] // EACH, EACH)
    return splits.split(job["split"], job["count"], sampler=job["kind"])


def _blocks(job: Job) -> list[tuple[int, int]]:
    return [(start, min(start + _BLOCK, job["count"])) for start in range(0, job["count"], _BLOCK)]


def _rendered(job: Job) -> Iterator[dict[str, np.ndarray]]:
    """All blocks of a job in order."""
    workers = min(cores(), 16)
    if torch.cuda.is_available() or workers == 1 or job["count"] < _WORKERS_PAY_FROM:
        yield from _own_share(job, 0, 1, "cuda" if torch.cuda.is_available() else "cpu")
    else:
        yield from _shared(job, workers)


def _own_share(job: Job, rank: int, world: int, device: str = "cpu") -> Iterator[dict[str, np.ndarray]]:
    drawn = _drawn(job)
    for start, stop in _blocks(job)[rank::world]:
        yield _pictures(drawn[start:stop], job, device)


def _pictures(drawn: faces.Faces, job: Job, device: str = "cpu") -> dict[str, np.ndarray]:
    """The fields of some faces; a variant is another picture of the same people."""
    size, channels = job["size"], [field for field in job["fields"] if field in faces.CHANNELS]
    found = faces.render(drawn, size, channels, device=device) if channels else {}
    for field in job["fields"]:
        if field in faces.VARIANTS:
            people = faces.VARIANTS[field].change(drawn)
            found[field] = faces.render(people, size, ["image"], device=device)["image"]
    return found


def _shared(job: Job, world: int) -> Iterator[dict[str, np.ndarray]]:
    """Every so-manieth block from each of several child processes, put in order."""
    environment = {**os.environ, "OMP_NUM_THREADS": "1", "MKL_NUM_THREADS": "1"}
    environment["PYTHONPATH"] = os.pathsep.join(path for path in sys.path if path)
    example = _pictures(faces.sample(range(1)), job)
    shapes = {field: (rows.dtype, rows.shape[1:]) for field, rows in example.items()}
    commands = [
        [sys.executable, "-m", "labkit.data.faces", json.dumps({**job, "rank": r, "world": world})]
        for r in range(world)
    ]
    children = [
        subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=environment)
        for command in commands
    ]
    try:
        for number, (start, stop) in enumerate(_blocks(job)):
            child = children[number % world]
            yield {field: _read(child, stop - start, *shapes[field]) for field in job["fields"]}
    finally:
        for child in children:
            child.kill()
            child.communicate()


def _read(child: "subprocess.Popen[bytes]", rows: int, dtype: np.dtype, shape: tuple[int, ...]) -> np.ndarray:
    wanted = rows * int(np.prod(shape, dtype=np.int64)) * dtype.itemsize
    data = child.stdout.read(wanted) if child.stdout else b""
    if len(data) < wanted:
        child.kill()
        why = (child.stderr.read() if child.stderr else b"").decode(errors="replace").strip().splitlines()
        raise UserError(f"a process that drew faces stopped ({why[-1] if why else 'it was killed'}): try again")
    return np.frombuffer(data, dtype).reshape(rows, *shape)


def _work(job: Job) -> None:
    torch.set_num_threads(1)
    out = sys.stdout.buffer
    for block in _own_share(job, job["rank"], job["world"]):
        for field in job["fields"]:
            out.write(np.ascontiguousarray(block[field]).data)
        out.flush()


if __name__ == "__main__":
    _work(json.loads(sys.argv[1]))
