"""The judges that ship: whole, frozen, as good on fresh faces as their cards say, and fed as their page says."""

import hashlib

import numpy as np
import pytest
import torch

from labkit import faces, weights
from labkit.errors import UserError
from labkit.metrics.judges import JUDGES, attributes, identity, judge, landmarks, parsing
from labkit.metrics.judges.pool import FRESH, people

# Beyond all seeds that the cards' figures come from.
FIRST = FRESH + 100_000_000


@pytest.fixture(scope="module")
def fresh():
    return faces.render(
        faces.sample(range(FIRST, FIRST + 600)), 64, ("image", "labels", "landmarks", "visible", "attributes")
    )


@pytest.mark.parametrize("name", JUDGES)
def test_the_shipped_file_is_its_cards_and_small(name):
    raw = (weights.FOLDER / f"faces-{name}.safetensors").read_bytes()
    card = judge(name).card
    assert hashlib.sha256(raw).hexdigest() == card["sha256"] == judge(name).sha256
    assert len(raw) == card["bytes"] <= 2_000_000
    assert {"seed", "minutes", "steps", "measured", "made_by", "answer"} <= set(card)
    assert card["faces"]["version"] == faces.VERSION, "the faces were redrawn since: train and measure the judges again"
    assert "never part of a loss" in card["use"]


def test_attributes_are_told_on_fresh_faces(fresh):
    look = judge("attributes")
    found = look(fresh["image"])
    assert found.shape == (600, len(faces.ATTRIBUTES)) and look.names == faces.ATTRIBUTES
    assert found.min() >= 0 and found.max() <= 1
    measured = look.card["measured"]
    again = attributes.means(attributes.rates(found.numpy(), fresh["attributes"]))
    assert again["accuracy"] > 0.9 > again["base"] + 0.1
    for key in ("accuracy", "balanced"):
        assert again[key] == pytest.approx(measured["independent"][key], abs=0.02)
    # Each is told better than by naming the commoner answer, and the card holds that answer's accuracy too.
    assert set(measured["each"]) == set(faces.ATTRIBUTES)
    for name, row in measured["each"].items():
        assert row["accuracy"] > row["base"] or row["balanced"] > 0.6, name
        assert row["base"] == pytest.approx(max(row["share"], 1 - row["share"]), abs=1e-3)
    # Probabilities, not only answers: of the faces told with p, about p are so.
    unsure = (found > 0.2) & (found < 0.8)
    assert found[unsure].mean() == pytest.approx(float(fresh["attributes"][unsure.numpy()].mean()), abs=0.08)


def test_pixels_are_parsed_on_fresh_faces(fresh):
    found = judge("parsing")(fresh["image"]).numpy()
    assert found.dtype == np.uint8 and found.shape == fresh["labels"].shape
    each = parsing.overlaps(found, fresh["labels"])
    measured = judge("parsing").card["measured"]
    assert np.mean(list(each.values())) == pytest.approx(measured["mean_iou"], abs=0.03)
    assert measured["mean_iou"] > 0.7 > 0.3 > measured["guess"]["mean_iou"]
    assert min(each[name] for name in ("background", "skin", "hair", "hat")) > 0.85
    # The person's left is the image's right.
    for left, right in (("l_eye", "r_eye"), ("l_brow", "r_brow"), ("l_ear", "r_ear")):
        across = [np.nonzero(found == faces.CLASSES.index(name))[2].mean() for name in (left, right)]
        assert across[0] > 32 > across[1]


def test_landmarks_are_found_on_fresh_faces(fresh):
    found = judge("landmarks")(fresh["image"]).numpy()
    again = landmarks.errors(found, fresh["landmarks"], fresh["visible"])
    measured = judge("landmarks").card["measured"]
    assert again["pixels"] == pytest.approx(measured["pixels"], abs=0.1)
    assert again["pixels"] < 1 < measured["guess"]["pixels"] / 2
    assert again["interocular"] < 0.05


def test_persons_never_seen_are_recognised():
    persons, photos = 150, 4
    batch = people(FIRST, persons * photos, photos, "independent")
    found = judge("identity")(faces.render(batch, 64)["image"]).numpy()
    assert np.linalg.norm(found, axis=1) == pytest.approx(np.ones(len(found)), abs=1e-5)
    again = identity.compare(found, photos, batch["skin_tone"][::photos])
    measured = judge("identity").card["measured"]
    assert again["auc"] == pytest.approx(measured["auc"], abs=0.03)
    best = max(measured["guess"].values(), key=lambda guess: guess["auc"])
    assert measured["auc"] > best["auc"] + 0.05 and measured["auc_same_tone"] > best["auc_same_tone"] + 0.1
    assert measured["rank_1"] > 3 * best["rank_1"]
    assert again["rank_1"] > measured["rank_1"]  # fewer persons to confuse


def test_identity_is_deaf_to_all_but_shape_and_skin():
    one = faces.sample(range(FIRST, FIRST + 60))
    other = faces.sample(range(FIRST + 60, FIRST + 120))
    look, render = judge("identity"), lambda batch: faces.render(batch, 64)["image"]
    start = look(render(one))

    def alike(batch):
        return (start * look(render(batch))).sum(1).mean().item()

    changed = {group: alike(one.adopt(other, group)) for group in faces.GROUPS}
    strangers = alike(other)
    assert changed["artist"] > 0.999
    for group in ("hair", "makeup", "light", "scene", "expression", "wear", "age", "pose"):
        assert changed[group] > 0.5 * (1 + strangers), group
    assert min(changed["shape"], changed["skin"]) < min(
        changed[group] for group in ("hair", "makeup", "light", "scene", "wear", "age")
    )


def test_features_are_standardised(fresh):
    found = judge("features")(fresh["image"])
    assert found.shape == (600, 64)
    assert found.mean(0).abs().max() < 0.4 and 0.6 < found.std(0).min() < found.std(0).max() < 1.5


@pytest.mark.parametrize("name", JUDGES)
def test_a_judge_is_frozen_and_refuses_a_gradient(name):
    look = judge(name)
    assert not look.network.training and not any(weight.requires_grad for weight in look.network.parameters())
    image = torch.zeros(2, 3, 64, 64, requires_grad=True)
    for wrong in (image, image * 1):
        for use in (look, look.network):
            with pytest.raises(UserError, match="never used in a loss"):
                use(wrong)


@pytest.mark.parametrize("name", JUDGES)
def test_bytes_and_floats_and_layouts_give_the_same(name, fresh):
    stored = fresh["image"][:70]  # more than one chunk
    look = judge(name)
    expected = look(stored)
    floats = torch.from_numpy(stored).permute(0, 3, 1, 2).float() / 127.5 - 1
    for form in (torch.from_numpy(stored), floats, floats.contiguous()):
        assert torch.equal(look(form), expected)
    alone = look(stored[:1])
    assert torch.allclose(alone.float(), expected[:1].float(), atol=1e-4), "an answer depends on its neighbours"


def test_other_sizes_are_judged_in_their_own_pixels():
    batch = faces.sample(range(FIRST, FIRST + 40))
    large = faces.render(batch, 128, ("image", "labels", "landmarks", "visible", "attributes"))
    found = judge("landmarks")(large["image"]).numpy()
    assert landmarks.errors(found, large["landmarks"], large["visible"])["pixels"] < 2.5
    labels = judge("parsing")(large["image"]).numpy()
    assert labels.shape == (40, 128, 128) and (labels == large["labels"]).mean() > 0.9
    told = judge("attributes")(large["image"]).numpy() > 0.5
    assert (told == large["attributes"]).mean() > 0.88


@pytest.mark.parametrize(
    ("images", "message"),
    [
        (torch.zeros(4, 1, 64, 64), "look at colour.*channels=3"),
        (np.zeros((4, 64, 64), np.uint8), "look at colour"),
        (torch.full((4, 3, 64, 64), 200.0), r"in \[-1, 1\]"),
        (torch.full((4, 3, 64, 64), float("nan")), "not finite"),
        (torch.zeros(0, 3, 64, 64), "shape"),
    ],
)
def test_wrong_images_are_a_sentence(images, message):
    with pytest.raises(UserError, match=message):
        judge("attributes")(images)


def test_an_unknown_judge_names_the_nearest():
    with pytest.raises(UserError, match="unknown judge 'atributes'; did you mean 'attributes'"):
        judge("atributes")


def test_a_judge_forgives_what_is_not_about_the_face(fresh):
    # Samples of a generator are a little noisy or soft; the verdict on the face should stay.
    image = torch.from_numpy(fresh["image"][:200]).permute(0, 3, 1, 2).float() / 127.5 - 1
    noisy = (image + 0.06 * torch.randn(image.shape, generator=torch.Generator().manual_seed(0))).clamp(-1, 1)
    soft = torch.nn.functional.avg_pool2d(torch.nn.functional.pad(image, (1, 1, 1, 1), mode="replicate"), 3, 1)
    truth = fresh["attributes"][:200]
    clean = ((judge("attributes")(image).numpy() > 0.5) == truth).mean()
    for spoiled in (noisy, 0.5 * image + 0.5 * soft, (image * 0.9 + 0.05)):
        assert ((judge("attributes")(spoiled).numpy() > 0.5) == truth).mean() > clean - 0.03
