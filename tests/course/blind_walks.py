"""Blind answers to `slerp`. See `blind_answers`."""

import torch
import torch.nn.functional as F
from torch.func import vmap


def unit(x):
    return x / x.norm(dim=-1, keepdim=True)


def column(t):
    return torch.as_tensor(t, dtype=torch.float32).reshape(-1, 1)


def arc(a, b, t, omega):
    return (torch.sin((1 - t) * omega) * a + torch.sin(t * omega) * b) / torch.sin(omega)


def s_where(a, b, t):
    t = column(t)
    omega = torch.acos((unit(a) * unit(b)).sum(1, keepdim=True).clamp(-1, 1))
    return torch.where(omega < 1e-3, (1 - t) * a + t * b, arc(a, b, t, omega))


def s_clamped(a, b, t):
    t = torch.as_tensor(t)
    t = t[:, None] if t.ndim == 1 else t
    cosine = torch.cosine_similarity(a, b, dim=-1).clamp(-1 + 1e-6, 1 - 1e-6)[:, None]
    return arc(a, b, t, cosine.acos())


def s_two_lengths(a, b, t):
    t, u, v = column(t), unit(a), unit(b)
    omega = 2 * torch.atan2((u - v).norm(dim=1, keepdim=True), (u + v).norm(dim=1, keepdim=True))
    omega = omega.clamp(min=1e-6)
    return arc(a, b, t, omega)


def s_sinc(a, b, t):
    t = column(t)
    cosine = torch.einsum("bd,bd->b", F.normalize(a), F.normalize(b)).clamp(-1, 1)
    turns = cosine.acos()[:, None] / torch.pi
    return ((1 - t) * torch.sinc((1 - t) * turns) * a + t * torch.sinc(t * turns) * b) / torch.sinc(turns)


def s_loop(a, b, t):
    t = torch.as_tensor(t).flatten().expand(len(a)) if torch.is_tensor(t) and t.numel() > 1 else [float(t)] * len(a)
    rows = []
    for x, y, step in zip(a, b, t):
        cosine = torch.dot(x, y) / (x.norm() * y.norm())
        if cosine > 0.9995:
            rows.append(x + step * (y - x))
            continue
        omega = torch.arccos(cosine.clamp(-1.0, 1.0))
        rows.append(torch.sin((1 - step) * omega) / omega.sin() * x + torch.sin(step * omega) / omega.sin() * y)
    return torch.stack(rows)


def s_double(a, b, t):
    x, y, t = a.double(), b.double(), torch.as_tensor(t, dtype=torch.float64)
    t = t.unsqueeze(-1) if t.ndim == 1 else t
    cosine = F.cosine_similarity(x, y)[:, None].clamp(-1 + 1e-12, 1 - 1e-12)
    return arc(x, y, t, cosine.acos()).to(a)


def s_vmap(a, b, t):
    def row(x, y, step):
        omega = torch.acos((x @ y / x.norm() / y.norm()).clamp(-0.999999, 0.999999))
        return arc(x, y, step, omega)

    return vmap(row)(a, b, torch.as_tensor(t, dtype=a.dtype).reshape(-1).expand(len(a)))


def angle(a, b):
    return torch.acos((unit(a) * unit(b)).sum(-1, keepdim=True).clamp(-0.999999, 0.999999))


def s_normalises_in_place(a, b, t):
    lengths = a.norm(dim=1, keepdim=True), b.norm(dim=1, keepdim=True)
    a /= lengths[0]
    b /= lengths[1]
    omega = torch.acos((a * b).sum(1, keepdim=True).clamp(-0.999999, 0.999999))
    return arc(lengths[0] * a, lengths[1] * b, column(t), omega)


def s_any_parallel(a, b, t):
    t, omega = column(t), angle(a, b)
    return (1 - t) * a + t * b if (omega < 0.01).any() else arc(a, b, t, omega)


def s_lengths_apart(a, b, t):
    t = column(t)
    length = (1 - t) * a.norm(dim=1, keepdim=True) + t * b.norm(dim=1, keepdim=True)
    return length * unit(arc(unit(a), unit(b), t, angle(a, b)))


def s_no_keepdim(a, b, t):
    omega = torch.acos((unit(a) * unit(b)).sum(1).clamp(-0.999999, 0.999999))
    return arc(a, b, t, omega)


def s_no_guard(a, b, t):
    return arc(a, b, column(t), torch.acos((unit(a) * unit(b)).sum(1, keepdim=True)))


def s_clamp_only(a, b, t):
    return arc(a, b, column(t), torch.acos((unit(a) * unit(b)).sum(1, keepdim=True).clamp(-1, 1)))


def s_eps_below(a, b, t):
    t, omega = column(t), torch.acos((unit(a) * unit(b)).sum(1, keepdim=True).clamp(-1, 1))
    return (torch.sin((1 - t) * omega) * a + torch.sin(t * omega) * b) / (torch.sin(omega) + 1e-8)


def s_early_line(a, b, t):
    t, omega = column(t), angle(a, b)
    return torch.where(omega.cos() > 0.9, (1 - t) * a + t * b, arc(a, b, t, omega))


def s_column_only(a, b, t):
    return arc(a, b, t, angle(a, b))


def s_scalar_only(a, b, t):
    return arc(a, b, float(t), angle(a, b))


def s_first_t(a, b, t):
    t = t.flatten()[0] if torch.is_tensor(t) else t
    return arc(a, b, t, angle(a, b))


def s_with_angle(find):
    """An answer whose ω is find(a, b)."""
    return lambda a, b, t: arc(a, b, column(t), find(a, b))


def s_then(change):
    """A right answer, changed at the end by change(result, a, b, t)."""
    return lambda a, b, t: change(s_clamped(a, b, t), a, b, column(t))


RIGHT = {
    "where": s_where,
    "clamped": s_clamped,
    "angle by two lengths": s_two_lengths,
    "sinc": s_sinc,
    "loop, line above 0.9995": s_loop,
    "double": s_double,
    "vmap": s_vmap,
    # Thought wrong at first. For latents of one length it is the formula, and for others the course lets it pass.
    "lengths apart from directions": s_lengths_apart,
}
WRONG = {
    "line": ("the straight line", "straight", lambda a, b, t: (1 - column(t)) * a + column(t) * b),
    "line on the sphere": (
        "a straight line, stretched to a's length: uneven steps",
        "normalised-line",
        lambda a, b, t: unit((1 - column(t)) * a + column(t) * b) * a.norm(dim=1, keepdim=True),
    ),
    "swapped": ("t = 0 gives b", "reversed", lambda a, b, t: s_clamped(b, a, t)),
    "unit": ("unit vectors come out", "unit-length", s_then(lambda z, a, b, t: unit(z))),
    "unit rows": ("unit vectors go in", "unit-length", lambda a, b, t: s_clamped(unit(a), unit(b), t)),
    "length 8": ("length 8 always", "rescaled", s_then(lambda z, a, b, t: 8 * unit(z))),
    "length of a": (
        "the length of a always",
        "other-lengths",
        s_then(lambda z, a, b, t: unit(z) * a.norm(dim=1, keepdim=True)),
    ),
    "no unit rows": (
        "acos of a · b",
        "not-normalised",
        s_with_angle(lambda a, b: torch.acos((a * b).sum(1, keepdim=True))),
    ),
    "no unit rows, clamped": (
        "acos of a · b, clamped: ω is 0 or π",
        "not-normalised",
        s_with_angle(lambda a, b: torch.acos((a * b).sum(1, keepdim=True).clamp(-0.999999, 0.999999))),
    ),
    "one angle": (
        "one ω for all rows",
        "whole-batch",
        s_with_angle(lambda a, b: angle(a.reshape(1, -1), b.reshape(1, -1))),
    ),
    "mean angle": ("the mean ω", "whole-batch", s_with_angle(lambda a, b: angle(a, b).mean())),
    "first angle": ("the first row's ω", "whole-batch", s_with_angle(lambda a, b: angle(a, b)[:1])),
    "over columns": ("sums over dim 0", "columns", s_with_angle(lambda a, b: angle(a.T, b.T).T)),
    "length over columns": (
        "normalises over dim 0",
        "columns",
        s_with_angle(lambda a, b: torch.acos((F.normalize(a, dim=0) * F.normalize(b, dim=0)).sum(1, keepdim=True))),
    ),
    "acute": (
        "ω of |cos|",
        "acute",
        s_with_angle(lambda a, b: torch.acos((unit(a) * unit(b)).sum(1, keepdim=True).abs())),
    ),
    "clamp from 0": (
        "obtuse angles are cut to 90°",
        "acute",
        s_with_angle(lambda a, b: torch.acos((unit(a) * unit(b)).sum(1, keepdim=True).clamp(0, 0.999999))),
    ),
    "cosine for angle": ("cos ω in place of ω", "no-arccos", s_with_angle(lambda a, b: torch.cos(angle(a, b)))),
    "degrees": ("degrees", "degrees", s_with_angle(lambda a, b: torch.rad2deg(angle(a, b)))),
    "no denominator": (
        "doesn't divide by sin ω",
        "no-division",
        lambda a, b, t: arc(a, b, column(t), angle(a, b)) * angle(a, b).sin(),
    ),
    "divides by ω": (
        "divides by ω",
        "divides-by-angle",
        s_then(lambda z, a, b, t: z * angle(a, b).sin() / angle(a, b)),
    ),
    "minus": (
        "a − in place of +",
        "sign",
        lambda a, b, t: arc(a, -b, column(t), angle(a, b)),
    ),
    "keeps a": (
        "the first weight is sin(ω)/sin(ω)",
        "keeps-a",
        lambda a, b, t: a + torch.sin(column(t) * angle(a, b)) / torch.sin(angle(a, b)) * b,
    ),
    "no guard": ("NaN for parallel rows", "parallel", s_no_guard),
    "clamp only": ("0/0 for parallel rows", "parallel", s_clamp_only),
    "eps below": ("finite for parallel rows, but 0", "parallel", s_eps_below),
    "nan to 0": ("finite for parallel rows, but 0", "parallel", lambda a, b, t: s_clamp_only(a, b, t).nan_to_num()),
    "nan to a": (
        "jumps back to a when rows are parallel but of other lengths",
        "parallel-lengths",
        lambda a, b, t: torch.where(s_clamp_only(a, b, t).isnan(), a, s_clamp_only(a, b, t)),
    ),
    "any parallel": ("one parallel row makes all rows straight", "row-by-row", s_any_parallel),
    "early line": ("a straight line below 26°", "early-line", s_early_line),
    "no keepdim": ("ω (B,) meets the columns", "row-shape", s_no_keepdim),
    "column only": ("t (B,) meets the columns", "t-shape", s_column_only),
    "scalar only": ("t must be a number", "t-shape", s_scalar_only),
    "first t": ("the first t for all rows", "t-shape", s_first_t),
    "in place": ("normalises its inputs in place", "changes-input", s_normalises_in_place),
    "t ignored": ("always the middle", "ignores-t", lambda a, b, t: s_clamped(a, b, 0.5)),
}
