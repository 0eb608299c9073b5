import json
import subprocess
import sys

import numpy as np
import pytest
from PIL import Image

import labkit.data
from labkit.data import available, open_first
from labkit.data import open as open_data
from labkit.data.cards import cards, cards_folder
from labkit.data.catalogue import READERS
from labkit.data.commands import main
from labkit.errors import UserError
from tests.data.made import face_map, plain, save


def test_an_unknown_name_gives_the_nearest():
    with pytest.raises(UserError, match="'mnits'; did you mean 'mnist'"):
        open_data("mnits")
    with pytest.raises(UserError, match="no folder"):
        open_data("photos/of/nobody")


@pytest.mark.parametrize("options", [{"channels": 4}, {"size": 0}, {"split": "trian"}])
def test_wrong_options_are_sentences(options):
    with pytest.raises(UserError, match=next(iter(options))):
        open_data("digits", **options)


def test_available_asks_no_network():
    assert available("digits") and not available("mnist") and not available("nothing")


def test_open_first_says_why_none_can_be_had():
    with pytest.raises(UserError, match="unknown data set 'b'"):
        open_first("a", "b")
    with pytest.raises(UserError, match="at least one"):
        open_first()


def test_every_name_that_opens_has_a_card():
    assert set(READERS) <= set(cards())
    assert (cards_folder() / "mnist.toml").is_file()


def test_cards_agree_with_what_opens(few_digits):
    data = open_data("digits")
    image = cards()["digits"]["image"]
    assert data.image_shape == (image["channels"], image["height"], image["width"])
    assert list(data.classes) == cards()["digits"]["classes"]


def test_importing_data_does_not_import_torchvision():
    code = """import sys, labkit
assert "torch" not in sys.modules
import labkit.data
assert "torchvision" not in sys.modules"""
    subprocess.run([sys.executable, "-c", code], check=True)
    assert labkit.data.open is open_data


def test_list_and_info_and_path(capsys, cache_root):
    assert main(["list"]) == 0
    assert "mnist" in (text := capsys.readouterr().out) and "digits" in text
    assert main(["list", "--json"]) == 0
    rows = {row["name"]: row for row in json.loads(capsys.readouterr().out)}
    assert rows["digits"]["here"] is True and rows["mnist"]["here"] is False
    assert main(["info", "mnist", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["files"][0]["md5"] == "f68b3c2dcbeaaa9fbdd348bbdeb94873"
    assert main(["info", "mnist"]) == 0
    assert "licence: Free to use" in capsys.readouterr().out
    assert main(["path", "mnist"]) == 0
    assert capsys.readouterr().out.strip() == str(cache_root / "mnist" / "MNIST" / "raw")


@pytest.mark.parametrize("action", ["info", "path", "preview"])
def test_unknown_names_are_sentences(action):
    with pytest.raises(UserError, match="did you mean 'digits'"):
        main([action, "digit"])


def test_preview_writes_one_class_a_row(few_digits, tmp_path, capsys):
    assert main(["preview", "digits", "--out", str(tmp_path / "new" / "sheet.png")]) == 0
    sheet = np.asarray(Image.open(tmp_path / "new" / "sheet.png"))
    assert sheet.shape == (280, 16 * 28)
    data = open_data("digits")
    ones = data.images(np.flatnonzero(data.fields["label"] == 1))
    assert np.array_equal(sheet[28:56, :28], ones[0][..., 0])
    assert "sheet.png" in capsys.readouterr().out


def test_preview_and_info_of_a_folder(tmp_path, capsys):
    (tmp_path / "p").mkdir()
    for value in range(3):
        Image.new("RGB", (9, 9), (value * 100, 0, 0)).save(tmp_path / "p" / f"{value}.png")
    (tmp_path / "p" / "bad.png").touch()
    assert main(["preview", str(tmp_path / "p"), "--size", "8", "--out", str(tmp_path / "s.png")]) == 0
    assert Image.open(tmp_path / "s.png").size == (16 * 8, 8)
    capsys.readouterr()
    assert main(["info", str(tmp_path / "p"), "--json"]) == 0
    facts = json.loads(capsys.readouterr().out)
    assert facts["images"] == 3 and len(facts["skipped"]) == 1


def test_pairs_and_class_maps_are_shown_as_asked(tmp_path, capsys):
    two = np.zeros((8, 16, 3), np.uint8)
    two[:, 8:] = 200
    save(two, tmp_path / "ab" / "1.png")
    sheet = tmp_path / "sheet.png"
    assert main(["preview", str(tmp_path / "ab"), "--size", "8", "--layout", "pairs", "--out", str(sheet)]) == 0
    shown = np.asarray(Image.open(sheet))
    assert not shown[:8, :8].any() and (shown[:8, 8:16] == 200).all()
    assert np.array_equal(np.asarray(labkit.data.preview(tmp_path / "ab", size=8, layout="pairs")), shown)

    plain(tmp_path / "faces" / "images" / "1.png")
    save(face_map(), tmp_path / "faces" / "masks" / "1.png")
    folder, order = str(tmp_path / "faces"), ["--label-order", "face-parsing"]
    for action in (["info"], ["preview", "--out", str(sheet)]):
        with pytest.raises(UserError, match="label_order="):
            main([*action, folder])
        assert main([*action, folder, *order]) == 0
    capsys.readouterr()
    assert main(["info", folder, "--json", "--layout", "folder"]) == 0
    assert json.loads(capsys.readouterr().out)["classes"] == ["images", "masks"]
    with pytest.raises(UserError, match="celeba there is a card"):
        main(["info", "celeba", "--layout", "pairs"])
    with pytest.raises(UserError, match="did you mean 'pairs'"):
        main(["preview", folder, "--layout", "pair"])


def test_a_skipped_file_of_a_folder_is_nothing_to_download(tmp_path, capsys):
    plain(tmp_path / "p" / "1.png")
    (tmp_path / "p" / "bad.png").touch()
    assert main(["info", str(tmp_path / "p")]) == 0
    (line,) = [line for line in capsys.readouterr().out.splitlines() if "bad.png" in line]
    assert line.endswith("reason an empty file")


def test_the_natural_faces_on_the_command_line(tmp_path, capsys, cache_root, monkeypatch):
    assert main(["path", "faces-natural"]) == 0
    assert capsys.readouterr().out.strip() == str(cache_root / "arrays")
    assert main(["info", "faces-natural"]) == 0
    text = capsys.readouterr().out
    assert "name: faces-natural" in text and "consent: Nobody" in text and "here: True" in text
    monkeypatch.chdir(tmp_path)
    assert main(["preview", "faces-natural", "--size", "16"]) == 0
    assert Image.open("faces-natural.png").size == (16 * 16, 8 * 16)
    assert main(["fetch", "faces-natural"]) == 0
    assert "built in" in capsys.readouterr().out


def test_people_are_previewed_as_whole_persons(tmp_path, capsys):
    assert main(["preview", "faces", "--split", "people", "--size", "16", "--out", str(tmp_path / "s.png")]) == 0
    assert "image (120, 16, 16, 3)" in capsys.readouterr().out


@pytest.mark.parametrize("out", ["sheet.nonsense", "no-suffix", "in-the-way/sheet.png"])
def test_a_preview_that_cannot_be_written_is_a_sentence(few_digits, tmp_path, out):
    (tmp_path / "in-the-way").touch()
    with pytest.raises(UserError):
        main(["preview", "digits", "--out", str(tmp_path / out)])


def test_help_and_wrong_words_leave_like_a_program(capsys):
    with pytest.raises(SystemExit) as caught:
        main(["--help"])
    assert caught.value.code == 0 and "LABKIT_DATA" in capsys.readouterr().out
    with pytest.raises(SystemExit) as caught:
        main([])
    assert caught.value.code == 2
