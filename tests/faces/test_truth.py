"""Is the truth true? Every channel against the picture and against the others."""

import numpy as np
import pytest
import torch
import torch.nn.functional as F

from labkit import faces
from labkit.faces import MAKEUP

COUNT, SIZE = 160, 128
NUMBER = {name: i for i, name in enumerate(faces.CLASSES)}

# Which classes may lie at a landmark. An eye that is shut shows its lid, which is skin; any eye may lie behind glasses.
EYES = {"right": ("r_eye", "eye_g"), "left": ("l_eye", "eye_g")}
REGIONS = {
    **dict.fromkeys(range(17), ("skin",)),
    **dict.fromkeys(range(17, 22), ("r_brow", "eye_g")),
    **dict.fromkeys(range(22, 27), ("l_brow", "eye_g")),
    **dict.fromkeys(range(27, 36), ("nose", "eye_g")),
    **dict.fromkeys(range(36, 42), EYES["right"]),
    **dict.fromkeys(range(42, 48), EYES["left"]),
    **dict.fromkeys(range(48, 60), ("u_lip", "l_lip")),
    **dict.fromkeys(range(60, 68), ("u_lip", "l_lip", "mouth")),
}


def near(mask, reach=1):
    """Pixels within ``reach`` of the mask (N, S, S)."""
    grown = F.max_pool2d(torch.from_numpy(mask)[:, None].float(), 2 * reach + 1, 1, reach)
    return grown[:, 0].numpy() > 0


@pytest.fixture(scope="module")
def batch():
    return faces.sample(range(1000, 1000 + COUNT))


@pytest.fixture(scope="module")
def truth(batch):
    return faces.render(batch, SIZE, ("image", "labels", "landmarks", "visible", "bare", "attributes"))


def test_visible_landmarks_lie_in_their_regions(batch, truth):
    """Within a pixel: landmarks lie on the very edges. Prints the count; the bar is 99 %."""
    shut = {"right": batch["right_eye_open"] < 0.3, "left": batch["left_eye_open"] < 0.3}
    inside, total = 0, 0
    worst = {}
    for point, names in REGIONS.items():
        region = near(np.isin(truth["labels"], [NUMBER[name] for name in names]))
        hits = []
        for i in range(COUNT):
            x, y = np.rint(truth["landmarks"][i, point]).astype(int)
            side = "right" if 36 <= point < 42 else "left" if 42 <= point < 48 else None
            if not truth["visible"][i, point] or not (0 <= x < SIZE and 0 <= y < SIZE) or (side and shut[side][i]):
                continue
            hits.append(region[i, y, x])
        inside, total = inside + sum(hits), total + len(hits)
        worst[point] = np.mean(hits)
    print(f"{inside:,} of {total:,} visible landmarks in their regions: {inside / total:.2%}")
    print({k: round(v, 3) for k, v in worst.items() if v < 0.99})
    assert total > 6_000 and inside / total >= 0.99
    assert min(worst.values()) > 0.85, worst


def test_left_and_right_are_the_persons(batch, truth):
    across = np.arange(SIZE)
    for part in ("eye", "brow", "ear"):
        left, right = (truth["labels"] == NUMBER[f"{side}_{part}"] for side in "lr")
        both = left.any((1, 2)) & right.any((1, 2))
        x = [(m[both] * across).sum((1, 2)) / m[both].sum((1, 2)) for m in (left, right)]
        assert both.sum() > 30 and (x[0] > x[1]).all(), part
    points = truth["landmarks"]
    assert (points[:, 42:48, 0].mean(1) > points[:, 36:42, 0].mean(1)).all()
    winking = faces.sample(range(40)).replace(glasses=0, hat=0, bald=1, left_eye_open=0.0, right_eye_open=1.0, yaw=0.0)
    labels = faces.render(winking, SIZE, ["labels"])["labels"]
    count = [(labels == NUMBER[name]).sum((1, 2)) for name in ("l_eye", "r_eye")]
    assert (count[0] < 0.35 * count[1]).all()
    turned = faces.render(faces.sample(range(20)).replace(yaw=0.5), SIZE, ["landmarks"])["landmarks"]
    eyes = turned[:, 36:48, 0].mean(1)
    assert (turned[:, 30, 0] > eyes).all(), "yaw > 0 turns the nose to the image's right"
    lit = faces.sample(range(20)).replace(light_x=0.8, yaw=0.0, backdrop=0)
    both = faces.render(faces.Faces.join([lit, lit.replace(light_x=-0.8)]), SIZE, ("image", "labels"))
    skin = both["labels"] == NUMBER["skin"]
    half = np.where(across > SIZE // 2, 1.0, -1.0)
    brightness = [(both["image"][i].mean(-1) * half)[skin[i]].mean() for i in range(40)]
    assert np.mean(brightness[:20]) > np.mean(brightness[20:]) + 8


def test_bare_is_the_face_that_was_never_made_up(batch, truth):
    unpainted = faces.render(
        batch.replace(**dict.fromkeys(("lipstick", "eyeshadow", "blush", "eyeliner", "foundation"), 0.0)), SIZE
    )
    np.testing.assert_array_equal(truth["bare"], unpainted["image"])
    made_up = batch.values[:, [faces.NAMES.index(n) for n in MAKEUP]][:, [0, 3, 7, 10, 11]].any(axis=1)
    changed = (truth["bare"] != truth["image"]).any((1, 2, 3))
    assert changed[made_up].all() and not changed[~made_up].any()


# What a change of one parameter may touch, in the labels and in the picture (before or after the change). Beards, whose
# class is skin, and brows are hair: what is under them shines through.
FACE = ("skin", "nose", "l_eye", "r_eye", "l_brow", "r_brow", "u_lip", "l_lip", "mouth", "eye_g")
FLIPS = {
    "lipstick": (0.0, 1.0, (), ("u_lip", "l_lip")),
    "lipstick_colour": (0, 4, (), ("u_lip", "l_lip")),
    "eyeshadow": (0.0, 1.0, (), ("skin", "nose", "l_eye", "r_eye", "l_brow", "r_brow", "eye_g")),
    "blush": (0.0, 1.0, (), FACE),
    "eyeliner": (0.0, 1.0, (), ("skin", "nose", "l_eye", "r_eye", "l_brow", "r_brow", "eye_g")),
    "foundation": (0.0, 1.0, (), FACE),
    "freckles": (0.0, 1.0, (), FACE),
    "age": (0.1, 0.9, ("u_lip", "l_lip", "skin", "mouth"), FACE),
    "iris_colour": (0, 4, (), ("l_eye", "r_eye", "eye_g")),
    "smile": (-0.8, 0.9, FACE, FACE),
    "mouth_open": (0.0, 1.0, ("mouth", "u_lip", "l_lip", "skin", "nose"), FACE),
    "left_eye_open": (0.0, 1.0, ("l_eye", "skin", "nose"), ("l_eye", "skin", "eye_g", "nose")),
    "brow_raise": (-0.8, 0.8, ("l_brow", "r_brow", "l_eye", "r_eye", "skin", "nose"), FACE),
    "gaze_x": (-0.9, 0.9, (), ("l_eye", "r_eye", "eye_g")),
    "glasses": (0, 1, ("eye_g",), ("eye_g",)),
    "earrings": (0, 2, ("ear_r",), ("ear_r",)),
    "necklace": (0, 1, ("neck_l",), ("neck_l", "skin")),
    "hat": (0, 3, ("hat", "hair"), ("hat", "hair", *FACE)),
    "beard": (0, 3, ("skin",), ("skin", "nose")),
    "moustache": (0.0, 1.0, (), ("skin", "nose", "u_lip")),
    "hair_colour": (0, 5, (), ("hair", "l_brow", "r_brow", "skin", "eye_g", "u_lip", "nose")),
    "cloth_colour": (0, 3, (), ("cloth", "skin")),
    "cloth_pattern": (0, 1, (), ("cloth", "skin")),
    "neckline": (0, 1, ("cloth", "neck"), ("cloth", "neck", "skin")),
    "backdrop": (0, 2, (), ("background",)),
    "backdrop_hue": (0.1, 0.6, (), ("background",)),
    "artist": (0, 1, (), ()),
    "hand_seed": (0.1, 0.9, (), ()),
}


@pytest.mark.parametrize("name", FLIPS)
def test_one_parameter_changes_only_what_it_may(name):
    low, high, may_relabel, may_repaint = FLIPS[name]
    base = faces.sample(range(2000, 2032)).replace(
        grain=0.0, **({"lipstick": 0.9} if name == "lipstick_colour" else {})
    )
    before, after = (faces.render(base.replace(**{name: value}), SIZE, ("image", "labels")) for value in (low, high))

    def allowed(classes):
        numbers = [NUMBER[c] for c in classes]
        return near(np.isin(before["labels"], numbers) | np.isin(after["labels"], numbers), reach=2)

    relabelled = before["labels"] != after["labels"]
    assert (relabelled & ~allowed(may_relabel)).sum() == 0
    repainted = np.abs(before["image"].astype(int) - after["image"]).max(-1) > 2
    stray = (repainted & ~allowed(may_repaint)).sum() / max(repainted.sum(), 1)
    assert stray < 0.003, f"{stray:.2%} of what changed lies elsewhere"
    if may_repaint:
        assert repainted.any((1, 2)).mean() > 0.5, "the change can't be seen"
    else:
        assert not repainted.any()


# The other parameters, by what they belong to: shape, pose and expression may change everything.
HEAD = (*FACE, "neck", "l_ear", "r_ear")
GROUP_FLIPS = {
    "skin": ((), HEAD),
    "hair": (("hair", "skin", "nose", "l_ear", "r_ear", "neck", "cloth", "background", *FACE), ("hair", *HEAD)),
    "wear": (
        ("eye_g", "hat", "ear_r", "neck_l", "cloth", "neck", "hair"),
        ("eye_g", "hat", "ear_r", "neck_l", "cloth"),
    ),
    "makeup": ((), FACE),
    "light": ((), faces.CLASSES),
    "scene": ((), ("background",)),
    "artist": ((), ()),
}
OTHERS = [p for p in faces.PARAMETERS if p.group in GROUP_FLIPS and p.name not in FLIPS and p.name != "grain"]
ALL_WORN = {"lipstick": 0.9, "eyeshadow": 0.9, "blush": 0.9, "mole": 1.0, "freckles": 1.0, "glasses": 1, "earrings": 2}


@pytest.mark.parametrize("parameter", OTHERS, ids=lambda p: p.name)
def test_any_parameter_changes_only_what_it_belongs_to(parameter):
    may_relabel, may_repaint = GROUP_FLIPS[parameter.group]
    base = faces.sample(range(2100, 2124)).replace(grain=0.0, **ALL_WORN)
    if parameter.group == "hair":
        base = base.replace(hat=0, bald=0.0, glasses=0)
    low, high = (
        faces.render(base.replace(**{parameter.name: value}), 64, ("image", "labels"))
        for value in (parameter.low, parameter.high)
    )

    def allowed(classes):
        numbers = [NUMBER[c] for c in classes]
        return near(np.isin(low["labels"], numbers) | np.isin(high["labels"], numbers), reach=2)

    relabelled = low["labels"] != high["labels"]
    assert (relabelled & ~allowed(may_relabel)).sum() == 0
    repainted = np.abs(low["image"].astype(int) - high["image"]).max(-1) > 2
    assert (repainted & ~allowed(may_repaint)).sum() <= 0.003 * repainted.sum()


def test_every_parameter_can_be_seen():
    people = faces.sample(range(2200, 2216)).replace(**ALL_WORN)
    unseen = []
    for parameter in faces.PARAMETERS:
        some = people if parameter.group != "hair" else people.replace(bald=0.0, hat=0)
        channels = ("drawing", "caricature") if parameter.group == "artist" else ("image",)
        # Also the middle: a hue ends where it began.
        values = (parameter.low, parameter.high, *([] if parameter.choices else [(parameter.low + parameter.high) / 2]))
        low, *others = (faces.render(some.replace(**{parameter.name: value}), 32, channels) for value in values)
        if all(np.array_equal(low[channel], one[channel]) for one in others for channel in channels):
            unseen.append(parameter.name)
    assert not unseen


def test_attributes_are_what_the_labels_show(truth):
    has = dict(zip(faces.ATTRIBUTES, truth["attributes"].T.astype(bool)))
    shown = {name: (truth["labels"] == i).any((1, 2)) for name, i in NUMBER.items()}
    assert (shown["eye_g"] == has["Eyeglasses"]).all()
    assert (shown["hat"] == has["Wearing_Hat"]).all()
    assert (shown["neck_l"] <= has["Wearing_Necklace"]).all()
    assert (shown["mouth"] <= has["Mouth_Slightly_Open"]).all()
    assert not (shown["hair"] & has["Bald"]).any()
    assert (shown["hair"] | has["Bald"] | has["Wearing_Hat"]).all()


def test_a_swap_keeps_the_identity_and_takes_the_state():
    a, b = faces.sample(range(8)), faces.sample(range(50, 58))
    swap = b.adopt(a, "pose", "expression", "light")
    points = {k: faces.render(v, SIZE, ["landmarks"])["landmarks"] for k, v in {"a": a, "b": b, "swap": swap}.items()}
    assert (swap.person == b.person).all()
    # The head stands where a's does: the middle of the eyes moves with the pose.
    middle = {k: p[:, 36:48].mean(1) for k, p in points.items()}
    assert (
        np.linalg.norm(middle["swap"] - middle["a"], axis=1).mean()
        < 0.5 * np.linalg.norm(middle["b"] - middle["a"], axis=1).mean()
    )
