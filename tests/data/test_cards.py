import re

import pytest

from labkit.data import sources
from labkit.data.cards import cards

NAMES = sorted(cards())
REQUIRED = {
    **dict.fromkeys(("title", "shows", "made_by", "licence", "consent", "cite"), str),
    **dict.fromkeys(("biases", "sources", "files"), list),
    **dict.fromkeys(("splits", "image"), dict),
    "year": int,
}
OPTIONAL = {"classes": list, "built_in": bool, "home": str, "by_hand": str, "folder": str}
OF_A_FILE = {
    **dict.fromkeys(("name", "md5", "sha256", "unpack"), str),
    **dict.fromkeys(("bytes", "most_bytes"), int),
    "sources": list,
    "optional": bool,
}


def test_every_data_set_of_the_course_has_a_card():
    assert set(NAMES) == {
        *(
            "mnist",
            "fashion-mnist",
            "cifar-10",
            "celeba",
            "celeba-hq",
            "celebamask-hq",
            "ffhq-thumbnails",
            "cmp-facades",
        ),
        *("edges2shoes", "maps", "horse2zebra", "mt", "apdrawing", "webcaricature", "cufs"),
        *("faces", "faces-natural", "digits"),
    }


@pytest.mark.parametrize("name", NAMES)
def test_a_card_says_what_a_person_must_know(name):
    card = cards()[name]
    assert set(REQUIRED) <= set(card) <= set(REQUIRED) | set(OPTIONAL)
    for key, kind in {**REQUIRED, **OPTIONAL}.items():
        assert key not in card or isinstance(card[key], kind), key
    for key, kind in REQUIRED.items():
        assert kind is not str or card[key].strip(), key
    assert card["biases"] and all(bias.strip() for bias in card["biases"])
    assert set(card["image"]) == {"height", "width", "channels"} and sum(card["splits"].values()) > 0
    assert card.get("built_in") or (card["by_hand"].strip() and re.fullmatch(r"https?://\S+", card["home"]))
    assert not (card.get("built_in") and card["files"])


@pytest.mark.parametrize("name", NAMES)
def test_addresses_and_checksums_are_well_formed(name):
    card = cards()[name]
    assert all(source.endswith("/") for source in card["sources"])
    for file in card["files"]:
        assert set(file) <= set(OF_A_FILE) and all(isinstance(file[key], OF_A_FILE[key]) for key in file)
        assert re.fullmatch(r"[\w.-]+", file["name"])
        for address in sources.addresses(name, file):
            assert re.fullmatch(r"https?://[\w.-]+\.[a-z]+/[\w./~=?&-]+", address), address
            drive = "drive.google.com" in address
            assert (
                re.fullmatch(r"https://drive\.google\.com/uc\?id=[\w-]{20,}", address)
                if drive
                else file["name"] in address
            )
        assert sources.addresses(name, file)
        assert re.fullmatch(r"[0-9a-f]{32}", file.get("md5", "0" * 32))
        assert re.fullmatch(r"[0-9a-f]{64}", file.get("sha256", "0" * 64))
        assert file.get("bytes", 1) > 0
        assert ".." not in file.get("unpack", "")


def test_the_cards_list_what_torchvision_lists():
    datasets = pytest.importorskip("torchvision.datasets")
    fashion, cifar, celeba = cards()["fashion-mnist"], cards()["cifar-10"], cards()["celeba"]
    assert [(file["name"], file["md5"]) for file in fashion["files"]] == list(datasets.FashionMNIST.resources)
    assert set(datasets.FashionMNIST.mirrors) <= set(fashion["sources"])
    (file,) = cifar["files"]
    assert (file["name"], file["md5"]) == (datasets.CIFAR10.filename, datasets.CIFAR10.tgz_md5)
    assert datasets.CIFAR10.url in sources.addresses("cifar-10", file)
    assert file["unpack"] == datasets.CIFAR10.base_folder
    ours = {(file["sources"][0].split("id=")[1], file["md5"], file["name"]) for file in celeba["files"]}
    assert ours == set(datasets.CelebA.file_list) and celeba["folder"] == datasets.CelebA.base_folder
    assert fashion["classes"] == datasets.FashionMNIST.classes


def test_the_checksums_of_real_files_are_those_on_the_cards(packs):
    """The packs have three of CelebA's lists, packed with gzip."""
    import gzip
    import hashlib

    found = 0
    for file in cards()["celeba"]["files"]:
        packed = packs / "celeba" / "annotations_full" / f"{file['name']}.gz"
        if packed.is_file():
            data = gzip.decompress(packed.read_bytes())
            assert hashlib.sha256(data).hexdigest() == file["sha256"] and len(data) == file["bytes"]
            assert hashlib.md5(data, usedforsecurity=False).hexdigest() == file["md5"]
            found += 1
    assert found == 3


def test_the_built_in_ones_are_free_and_show_nobody():
    for name in ("faces", "faces-natural", "digits"):
        assert cards()[name]["built_in"] and cards()[name]["licence"].startswith("MIT")
        assert cards()[name]["consent"].startswith("Nobody")
