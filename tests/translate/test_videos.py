"""Videos: each frame once, at the same rate, with the sound, and nothing half done."""

import json
import subprocess
import sys
from fractions import Fraction

import numpy as np
import pytest

from labkit import cli
from labkit.errors import UserError
from labkit.models.cyclegan import CycleGAN
from labkit.translate import translate_files
from labkit.videos import exact_rate, open_video
from tests.translate.files import film, needs_ffmpeg, noise, save, smooth, with_sound


@needs_ffmpeg
@pytest.mark.parametrize("suffix", [".mp4", ".mov", ".avi", ".webm", ".gif"])
def test_a_video_is_translated_frame_by_frame(run, shown, tmp_path, monkeypatch, suffix):
    monkeypatch.setattr("labkit.translate.BATCH_PIXELS", 3 * 32 * 32)
    levels = [20, 60, 100, 140, 180, 220, 250]
    frames = [np.full((48, 64, 3), level, np.uint8) for level in levels]
    file = film(tmp_path / "a.mp4", frames, Fraction(10))
    if suffix != ".mp4":
        import imageio_ffmpeg

        words = [imageio_ffmpeg.get_ffmpeg_exe(), "-v", "error", "-i", str(file), str(file.with_suffix(suffix))]
        subprocess.run(words, check=True)
        file = file.with_suffix(suffix)
    done = translate_files(run("cyclegan"), [file], tmp_path / "out", back=True)
    assert [len(batch) for batch in shown] == [3, 3, 1]
    assert (done.written[0].output.name, done.written[0].frames, done.written[0].sound) == ("a.mp4", 7, False)
    video, found = open_video(tmp_path / "out" / "a.mp4")
    assert (video.width, video.height, video.rate, video.frames) == (32, 32, 10, 7)
    assert np.abs(np.array([frame.mean() for frame in found]) - (255 - np.array(levels))).max() < 5
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == ["a.mp4"]


@needs_ffmpeg
def test_sound_stays_and_one_result_may_be_named(run, shown, tmp_path, capsys):
    silent = film(tmp_path / "a.mp4", [smooth(32, 32)] * 12)
    file = with_sound(tmp_path / "b.mp4", silent)
    words = ["translate", run("cyclegan"), str(file), "--out", str(tmp_path / "c.mp4"), "--beside", "--json"]
    capsys.readouterr()
    assert cli.main(words) == 0
    told = json.loads(capsys.readouterr().out)
    wanted = {"input": str(file), "output": str(tmp_path / "c.mp4"), "frames": 12, "sound": True}
    assert told == {"model": run("cyclegan"), "written": [wanted], "skipped": []}
    assert open_video(tmp_path / "c.mp4")[0].sound and not open_video(silent)[0].sound
    assert open_video(tmp_path / "c.mp4")[0].width == 64


@needs_ffmpeg
def test_a_gif_that_stands_still_is_a_picture(run, shown, tmp_path):
    save(tmp_path / "in" / "still.gif", noise(32, 32))
    film(tmp_path / "in" / "still.mp4", [smooth(32, 32)] * 3)
    done = translate_files(run("cyclegan"), [tmp_path / "in"], tmp_path / "out")
    assert [(one.output.name, one.frames) for one in done.written] == [("still.png", None), ("still.mp4", 3)]


@needs_ffmpeg
def test_videos_that_are_none_are_skipped_and_leave_nothing(run, shown, tmp_path):
    whole = film(tmp_path / "in" / "a.mp4", [smooth(64, 64) for _ in range(30)])
    (tmp_path / "in" / "cut.mp4").write_bytes(whole.read_bytes()[:600])
    (tmp_path / "in" / "words.webm").write_text("no video")
    done = translate_files(run("cyclegan"), [tmp_path / "in"], tmp_path / "out")
    assert [path.name for path, _ in done.skipped] == ["cut.mp4", "words.webm"]
    assert all("ffmpeg can't read" in reason for _, reason in done.skipped)
    assert [path.name for path in (tmp_path / "out").iterdir()] == ["a.mp4"]


@needs_ffmpeg
def test_a_video_that_is_stopped_leaves_nothing_half_done(run, tmp_path, monkeypatch, capsys):
    calls = []

    def translate(self, source, back=False):
        calls.append(len(source))
        if len(calls) > 1:
            raise KeyboardInterrupt
        return source

    monkeypatch.setattr(CycleGAN, "translate", translate)
    monkeypatch.setattr("labkit.translate.BATCH_PIXELS", 1)
    file = film(tmp_path / "a.mp4", [smooth(32, 32)] * 5)
    assert cli.main(["translate", run("cyclegan"), str(file), "--out", str(tmp_path / "out")]) == 130
    assert calls == [1, 1] and not list((tmp_path / "out").iterdir())
    assert capsys.readouterr().err.splitlines()[-1] == "labkit: stopped"


@needs_ffmpeg
def test_frames_are_read_as_they_are_asked_for(tmp_path):
    file = film(tmp_path / "a.mp4", [np.full((32, 32, 3), 9 * k, np.uint8) for k in range(25)])
    video, frames = open_video(file)
    first = next(frames)
    assert (video.frames, video.rate, first.shape) == (25, 12, (32, 32, 3)) and first.mean() < 5
    frames.close()
    assert next(frames, None) is None


def test_without_ffmpeg_it_says_what_to_install_before_it_starts(run, shown, tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "imageio_ffmpeg", None)
    save(tmp_path / "in" / "a.png", noise(32, 32, 3))
    (tmp_path / "in" / "b.mp4").write_text("a video")
    with pytest.raises(UserError, match="pip install imageio-ffmpeg"):
        translate_files(run("cyclegan"), [tmp_path / "in"], tmp_path / "out")
    assert not shown
    translate_files(run("cyclegan"), [tmp_path / "in" / "a.png"], tmp_path / "out")
    assert len(shown) == 1


@pytest.mark.parametrize(
    "told, rate",
    [(25.0, 25), (23.98, Fraction(24000, 1001)), (29.97, Fraction(30000, 1001)), (59.94, Fraction(60000, 1001)),
     (24.0, 24), (12.5, Fraction(25, 2)), (0, 25), (30.0, 30), (1.0, 1)],
)  # fmt: skip
def test_rates_are_exact(told, rate):
    assert exact_rate(told) == rate
