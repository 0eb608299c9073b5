"""From a card to files in their place, and back: fetch, verify and path."""

import hashlib
import io
import json
import tarfile
import zipfile

import pytest

from labkit import cli
from labkit.data import commands, sources
from labkit.data.cards import cards
from labkit.errors import UserError
from tests.data.made import plain
from tests.data.web import PAGE, Web, error, whole

LIST = b"1.jpg 1\n2.jpg -1\n"


def zipped(files):
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as packed:
        for name, data in files.items():
            packed.writestr(name, data)
    return buffer.getvalue()


PICTURES = zipped({"pictures/1.jpg": b"one", "pictures/2.jpg": b"two"})


@pytest.fixture
def web():
    web = Web()
    web.pages.update({"/a/list.txt": LIST, "/a/pictures.zip": PICTURES, "/b/pictures.zip": PICTURES})
    yield web
    web.server.shutdown()


@pytest.fixture
def card(web, monkeypatch):
    """A data set ``set`` with a list whose checksum is known, and a zip of which nothing is; and one for hands."""
    card = {
        **cards()["celeba"],
        "title": "A set",
        "by_hand": "get pictures.zip from its page",
        "folder": "inner",
        "sources": [web.address + "a/", web.address + "b/"],
        "files": [
            {"name": "list.txt", "bytes": len(LIST), "sha256": hashlib.sha256(LIST).hexdigest()},
            {"name": "pictures.zip", "unpack": "pictures"},
        ],
    }
    known = {"set": card, "hands": cards()["mt"], "digits": cards()["digits"]}
    for module in (sources, commands):
        monkeypatch.setattr(module, "cards", lambda: known)
    return card


def names(folder):
    return sorted(path.name for path in folder.iterdir() if path.name != ".lock")


def test_fetch_puts_everything_in_its_place_once(card, web, cache_root):
    inner = cache_root / "set" / "inner"
    assert not sources.here("set")
    assert sources.fetch_dataset("set") == inner and inner in sources.candidates("set")
    assert (inner / "list.txt").read_bytes() == LIST and (inner / "pictures" / "2.jpg").read_bytes() == b"two"
    assert names(inner) == [
        *("list.txt", "list.txt.json", "pictures", "pictures.sha256", "pictures.zip", "pictures.zip.json"),
    ]
    asked = len(web.asked)
    sources.fetch_dataset("set")
    assert len(web.asked) == asked and sources.here("set")
    (inner / "pictures.zip").unlink()  # the archive is not needed any more
    sources.fetch_dataset("set")
    assert len(web.asked) == asked


def test_the_first_download_records_what_came(card, web, cache_root):
    folder = sources.fetch_dataset("set")
    record = json.loads((folder / "pictures.zip.json").read_text())
    assert record["sha256"] == hashlib.sha256(PICTURES).hexdigest() and record["size"] == len(PICTURES)
    assert record["source"] == web.address + "a/pictures.zip" and len(record["date"]) == 10


def test_the_next_source_is_tried_and_told(card, web):
    web.pages["/a/pictures.zip"] = whole(PAGE, kind="application/zip")
    told = []
    sources.fetch_dataset("set", tell=told.append)
    assert len(told) == 1 and told[0].startswith("pictures.zip: 127.0.0.1: sent a web page")


def test_when_all_sources_fail_a_sentence_says_how_to_do_it_by_hand(card, web, cache_root):
    web.pages["/a/pictures.zip"], web.pages["/b/pictures.zip"] = error(403), error(429)
    with pytest.raises(UserError) as caught:
        sources.fetch_dataset("set", tell=lambda _: None)
    text = str(caught.value)
    assert "403 Forbidden" in text and "429 Too Many Requests" in text and "\n" not in text
    assert "get pictures.zip from its page" in text and str(cache_root / "set" / "inner") in text
    assert names(cache_root / "set" / "inner") == ["list.txt", "list.txt.json"] and not sources.here("set")


def test_an_optional_file_may_be_missing(card, web):
    card["files"][0]["optional"] = True
    del web.pages["/a/list.txt"]
    told = []
    folder = sources.fetch_dataset("set", tell=told.append)
    assert "list.txt" not in names(folder) and "set goes without list.txt" in told[-1] and sources.here("set")


def test_files_put_there_by_hand_are_used_and_judged(card, web, cache_root):
    inner = cache_root / "set" / "inner"
    inner.mkdir(parents=True)
    (inner / "list.txt").write_bytes(LIST)
    (inner / "pictures.zip").write_bytes(PICTURES)
    sources.fetch_dataset("set")
    assert web.asked == [] and (inner / "pictures" / "1.jpg").exists()


@pytest.mark.parametrize(
    ("file", "data"), [("pictures.zip", PAGE), ("pictures.zip", b"no zip"), ("list.txt", b"other")]
)
def test_a_wrong_file_put_there_by_hand_is_named_and_left_alone(card, web, cache_root, file, data):
    inner = cache_root / "set" / "inner"
    inner.mkdir(parents=True)
    (inner / file).write_bytes(data)
    with pytest.raises(UserError, match=rf"{file} (is|has) .*delete it"):
        sources.fetch_dataset("set")
    assert (inner / file).read_bytes() == data


def test_a_download_that_cannot_be_unpacked_is_not_taken_for_good_the_next_time(card, web, cache_root):
    web.pages["/a/pictures.zip"] = PICTURES[:-30]
    with pytest.raises(UserError, match="it was removed: fetch set again"):
        sources.fetch_dataset("set")
    assert names(cache_root / "set" / "inner") == ["list.txt", "list.txt.json"]
    web.pages["/a/pictures.zip"] = PICTURES
    sources.fetch_dataset("set")


def test_an_archive_that_reaches_outside_is_refused(card, web, cache_root, tmp_path):
    web.pages["/a/pictures.zip"] = zipped({"../../../evil.txt": b"evil"})
    with pytest.raises(UserError, match="outside of the folder"):
        sources.fetch_dataset("set")
    assert not list(tmp_path.rglob("evil.txt"))


def test_a_card_can_allow_more_to_come_out(card, web, monkeypatch):
    monkeypatch.setattr("labkit.data.unpack.ROOM", 0)
    monkeypatch.setattr("labkit.data.unpack.RATIO", 0)
    with pytest.raises(UserError, match="would come out"):
        sources.fetch_dataset("set")
    card["files"][1]["most_bytes"] = 100
    sources.fetch_dataset("set")


def test_tars_are_unpacked_too(card, web, cache_root):
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:gz") as packed:
        info = tarfile.TarInfo("facades/train/1.jpg")
        info.size = 3
        packed.addfile(info, io.BytesIO(b"one"))
    web.pages["/a/facades.tar.gz"] = buffer.getvalue()
    card["files"] = [{"name": "facades.tar.gz", "unpack": "facades"}]
    assert (sources.fetch_dataset("set") / "facades" / "train" / "1.jpg").read_bytes() == b"one"


def test_what_a_program_cannot_fetch_is_said(card, cache_root):
    with pytest.raises(UserError, match=r"hands can't be downloaded by a program: get it from.*hands"):
        sources.fetch_dataset("hands")
    with pytest.raises(UserError, match="built in"):
        sources.fetch_dataset("digits")
    with pytest.raises(UserError, match="did you mean 'set'"):
        sources.fetch_dataset("sett")


def test_packs_come_after_the_folder_of_downloads(monkeypatch, cache_root, tmp_path):
    monkeypatch.setenv("LABKIT_TEST_DATA", str(tmp_path))
    assert sources.candidates("mt") == [cache_root / "mt", tmp_path / "makeup"]
    assert sources.candidates("celeba") == [
        cache_root / "celeba",
        cache_root / "celeba" / "celeba",
        tmp_path / "celeba",
    ]
    assert sources.candidates("webcaricature")[-2:] == [tmp_path / "webcaricature_lists", tmp_path / "caricature"]
    assert sources.place("mt") == cache_root / "mt"


def test_verify_finds_what_changed(card, cache_root, capsys):
    assert cli.main(["data", "fetch", "set"]) == 0
    folder = cache_root / "set" / "inner"
    out, told = capsys.readouterr()
    assert out.strip() == str(folder) and "A set. Terms: Non-commercial research only." in told
    assert cli.main(["data", "verify", "set"]) == 0
    assert "4 files are as they should be" in capsys.readouterr().out

    (folder / "pictures" / "1.jpg").write_bytes(b"ONE")
    assert cli.main(["data", "verify", "set"]) == 1
    assert "1.jpg has changed" in capsys.readouterr().err
    (folder / "pictures" / "1.jpg").unlink()
    assert cli.main(["data", "verify", "set"]) == 1
    assert "1.jpg is missing" in capsys.readouterr().err
    (folder / "pictures" / "1.jpg").write_bytes(b"one")

    (folder / "pictures.zip").write_bytes(PICTURES[:-1] + b"x")  # known from the record alone
    assert cli.main(["data", "verify", "set"]) == 1
    assert "pictures.zip is another file than the known one" in capsys.readouterr().err
    (folder / "pictures.zip").unlink()
    (folder / "list.txt").write_bytes(LIST[::-1])
    assert cli.main(["data", "verify", "set"]) == 1
    err = capsys.readouterr().err
    assert "list.txt is another file" in err and "fetch it again" in err


def test_verify_lists_what_nobody_gave_a_checksum_for(card, cache_root, capsys):
    (cache_root / "hands" / "images").mkdir(parents=True)
    (cache_root / "hands" / "images" / "1.png").write_bytes(b"one")
    assert cli.main(["data", "verify", "hands"]) == 0
    assert "no checksums are known for hands" in capsys.readouterr().out
    assert cli.main(["data", "verify", "hands"]) == 0
    assert "1 files are as they should be" in capsys.readouterr().out
    (cache_root / "hands" / "images" / "1.png").write_bytes(b"two")
    assert cli.main(["data", "verify", "hands"]) == 1


def test_verify_of_what_is_not_here_is_a_sentence(card, capsys):
    assert cli.main(["data", "verify", "set"]) == 2
    assert "labkit data fetch set" in capsys.readouterr().err
    assert cli.main(["data", "verify", "digits"]) == 2
    assert cli.main(["data", "fetch", "digits"]) == 0
    assert "built in" in capsys.readouterr().out
    assert cli.main(["data", "fetch", "nonsense"]) == 2
    assert cli.main(["data", "path", "set"]) == 0


def test_a_real_pack_is_verified_by_its_list(packs, capsys):
    assert cli.main(["data", "verify", "webcaricature"]) == 0
    assert "6 files are as they should be" in capsys.readouterr().out


@pytest.mark.parametrize("name", sorted(cards()))
def test_every_card_can_be_shown(name, capsys):
    assert commands.main(["info", name]) == 0
    text = capsys.readouterr().out
    assert "licence: " in text and "consent: " in text
    unknown = [file for file in cards()[name]["files"] if not {"sha256", "md5"} & set(file)]
    assert text.count("the first download records it") >= len(unknown)
    assert commands.main(["info", name, "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["name"] == name


def test_data_in_a_pack_is_shown_where_it_is(cache_root, tmp_path, monkeypatch, capsys):
    pack = tmp_path / "packs" / "makeup"
    for domain in ("makeup", "non-makeup"):
        plain(pack / "images" / domain / "1.jpg")

    def shown():
        assert commands.main(["path", "mt"]) == 0
        path = capsys.readouterr().out.strip()
        assert commands.main(["list"]) == 0
        (line,) = [line for line in capsys.readouterr().out.splitlines() if line.startswith("mt ")]
        assert commands.main(["info", "mt", "--json"]) == 0
        facts = json.loads(capsys.readouterr().out)
        assert facts["path"] == path
        return path, line.split("  ")[-1].strip(), facts["here"], facts["test_pack"]

    assert shown() == (str(cache_root / "mt"), "by hand", False, False)
    monkeypatch.setenv("LABKIT_TEST_DATA", str(tmp_path / "packs"))
    assert shown() == (str(pack), "test pack (part)", True, True)
    for domain in ("makeup", "non-makeup"):
        plain(cache_root / "mt" / "archive" / "images" / domain / "1.jpg")
    assert shown() == (str(cache_root / "mt"), "here", True, False)  # where more of it would be put


def test_real_packs_are_shown_where_they_are(packs, capsys):
    assert commands.main(["path", "celeba"]) == 0
    assert capsys.readouterr().out.strip() == str(packs / "celeba" / "celeba")
    assert commands.main(["path", "mnist"]) == 0
    assert capsys.readouterr().out.strip() == str(packs / "mnist" / "MNIST" / "raw")
    assert commands.main(["list"]) == 0
    rows = {line.split()[0]: line for line in capsys.readouterr().out.splitlines()}
    assert rows["celeba"].endswith("test pack (part)") and rows["mnist"].endswith(" test pack")  # that one is whole
    assert rows["faces"].endswith(" here")


def test_the_list_says_what_is_to_be_had_how(capsys):
    assert commands.main(["list"]) == 0
    rows = {line.split()[0]: line for line in capsys.readouterr().out.splitlines()}
    assert rows["mt"].endswith("by hand") and rows["celeba"].endswith("to download") and rows["faces"].endswith("here")
