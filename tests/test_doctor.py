import json

import pytest
import torch

from labkit import cli, doctor, recipes
from labkit.doctor import Finding
from tests.checkout import PROJECT


def examined():
    return {finding.about: finding for finding in doctor.examine()}


def test_a_whole_installation_misses_nothing_needed(capsys):
    assert doctor.main() == 0
    told = capsys.readouterr().out
    for about in (
        "Python",
        "torch",
        "device",
        "processor",
        "precision",
        "scale",
        "data folder",
        "data sets",
        "Chromium",
    ):
        assert about in told


def test_json_says_the_same(capsys):
    assert cli.main(["doctor", "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert {"about", "found", "state", "mend"} == set(found[0])
    assert {finding["about"] for finding in found} == set(examined())


def test_what_is_missing_comes_with_its_cure_and_ends_with_1(monkeypatch, capsys):
    real = doctor.version
    monkeypatch.setattr(doctor, "version", lambda name: None if name in ("jupyterlab", "nbgrader") else real(name))
    assert doctor.main() == 1
    lines = capsys.readouterr().out.splitlines()
    at = next(i for i, line in enumerate(lines) if line.startswith("✗"))
    assert "JupyterLab" in lines[at]
    assert 'pip install "labkit[lab]"' in lines[at + 1]
    assert any(line.startswith("○ nbgrader") for line in lines)


def test_only_what_the_notebooks_need_counts(monkeypatch, capsys):
    monkeypatch.setattr(doctor, "examine", lambda: iter([Finding("nbgrader", "not installed", "optional", "pip …")]))
    assert doctor.main() == 0


@pytest.mark.parametrize("device, chosen", [("cpu", "cpu"), ("cuda", "gpu"), ("mps", "gpu")])
def test_the_scale_follows_the_machine(monkeypatch, device, chosen):
    monkeypatch.delenv("LABKIT_SCALE", raising=False)
    monkeypatch.setattr(recipes, "choose_device", lambda: torch.device(device))
    assert doctor.scale().found.startswith(f"{chosen} ")


def test_a_scale_that_is_set_rules_and_a_wrong_one_is_told(monkeypatch):
    monkeypatch.setenv("LABKIT_SCALE", "paper")
    assert "paper" in doctor.scale().found
    monkeypatch.setenv("LABKIT_SCALE", "papper")
    assert doctor.scale().state == "missing"


def test_a_full_disk_and_a_folder_of_someone_else_are_seen(monkeypatch, tmp_path):
    monkeypatch.setenv("LABKIT_DATA", str(tmp_path / "not yet there"))
    usage = doctor.shutil.disk_usage(tmp_path)
    monkeypatch.setattr(doctor.shutil, "disk_usage", lambda path: usage._replace(free=2**30))
    assert examined()["data folder"].state == "optional"
    monkeypatch.setattr(doctor.os, "access", lambda path, mode: False)
    assert examined()["data folder"].state == "missing"


def test_a_missing_file_of_ours_is_brought_back_by_a_command(monkeypatch):
    assert doctor._again().startswith("git checkout")
    monkeypatch.setattr(doctor, "checkout", lambda: None)
    assert f"labkit @ git+{PROJECT['urls']['Repository']}" in doctor._again()
