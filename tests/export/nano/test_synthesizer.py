"""flite, where it is installed: pace, pitch and loudness follow the style."""

import shutil
from pathlib import Path

import numpy as np
import pytest

from edge_audio.audio.frame import INPUT_RATE_HZ, Samples
from edge_audio.tts.tags import PITCHES
from export.nano.style import GAINS_DB, SPEAKERS, Speaker, Style
from export.nano.synthesizer import LEVEL_DBFS, Flite, Speech
from runtime.errors import UserError

SENTENCE = "I am going home now, and you?"
SLT = SPEAKERS[0]

needs_flite = pytest.mark.skipif(shutil.which("flite") is None, reason="needs: sudo apt-get install flite")


def say(folder: Path, speaker: Speaker, tag: str = "") -> Speech:
    return Flite(folder / "speech.wav").say(SENTENCE, Style(speaker, tag))


def f0_hz(pcm: Samples) -> float:
    """The median over voiced windows, by autocorrelation."""
    found = []
    for start in range(0, len(pcm) - 1024, 320):
        window = pcm[start : start + 1024] - np.mean(pcm[start : start + 1024])
        power = np.abs(np.fft.rfft(window, 4096)) ** 2
        alike = np.fft.irfft(power)[:400]
        lag = 50 + int(np.argmax(alike[50:270]))
        if np.std(window) > 0.02 and alike[lag] > 0.5 * alike[0]:
            found.append(INPUT_RATE_HZ / lag)
    return float(np.median(found))


def rms_db(pcm: Samples) -> float:
    return float(10 * np.log10(np.mean(np.square(pcm[np.abs(pcm) > 0.003]))))


@needs_flite
@pytest.mark.parametrize("speaker", SPEAKERS, ids=lambda speaker: speaker.name)
def test_its_phones_end_with_the_sound_and_it_says_the_same_twice(tmp_path: Path, speaker: Speaker) -> None:
    speech, again = say(tmp_path, speaker), say(tmp_path, speaker)
    ends_s = [phone.end_s for phone in speech.phones]
    assert ends_s == sorted(ends_s)
    assert ends_s[-1] == pytest.approx(len(speech.pcm) / INPUT_RATE_HZ, abs=0.05)
    assert {"g", "ow", "hh", "m"} <= {phone.name for phone in speech.phones}
    assert np.array_equal(speech.pcm, again.pcm)


@needs_flite
def test_its_pace_follows_the_tag(tmp_path: Path) -> None:
    usual, slow, fast = (len(say(tmp_path, SLT, tag).pcm) for tag in ("", "slow", "very fast"))
    assert slow / usual == pytest.approx(1 / 0.8, rel=0.05)
    assert fast / usual == pytest.approx(1 / 1.6, rel=0.05)


@needs_flite
@pytest.mark.parametrize("speaker", [n for n in SPEAKERS if n.f0_hz], ids=lambda speaker: speaker.name)
def test_its_pitch_follows_the_tag(tmp_path: Path, speaker: Speaker) -> None:
    usual_hz = f0_hz(say(tmp_path, speaker).pcm)
    assert usual_hz == pytest.approx(speaker.f0_hz, rel=0.1)
    for tag, factor in PITCHES.items():
        assert f0_hz(say(tmp_path, speaker, tag).pcm) / usual_hz == pytest.approx(factor, rel=0.07)


@needs_flite
def test_its_loudness_follows_the_tag(tmp_path: Path) -> None:
    assert rms_db(say(tmp_path, SLT).pcm) == pytest.approx(LEVEL_DBFS, abs=1.5)
    for tag, gain_db in GAINS_DB.items():
        louder_db = rms_db(say(tmp_path, SLT, tag).pcm) - rms_db(say(tmp_path, SLT).pcm)
        assert louder_db == pytest.approx(gain_db, abs=1.5)


def test_without_flite_one_is_told_how_to_get_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(UserError, match="flite is missing"):
        Flite(tmp_path / "speech.wav")
