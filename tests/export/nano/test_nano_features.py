"""What the stages learn from."""

from pathlib import Path

import numpy as np
import pytest

from edge_audio.audio.frame import INPUT_RATE_HZ
from export.nano.corpus import Corpus, Example, Saying
from export.nano.features import ARRAYS, PHONES, FeatureStore, features_of, frame_labels
from export.nano.style import Style
from export.nano.synthesizer import Phone, Speech
from export.progress import silent
from runtime.errors import UserError

_PHONES = (("pau", 0.5), ("hh", 0.6), ("ax", 0.75), ("l", 0.85), ("ow", 1.1), ("pau", 1.6))


def _example() -> Example:
    """Return 'Hello', as a buzz of 150 Hz where it is spoken."""
    time_s = np.arange(int(1.6 * INPUT_RATE_HZ)) / INPUT_RATE_HZ
    buzz = sum(np.sin(2 * np.pi * 150 * k * time_s) / k for k in range(1, 20))
    pcm = (0.1 * np.asarray(buzz) * ((time_s > 0.5) & (time_s < 1.1))).astype(np.float32)
    return Example(Saying("Hello.", "slt", "", 0, len(pcm), _PHONES, False), pcm)


def test_silence_around_speech_is_cut_and_the_phones_move_with_it() -> None:
    sentence = features_of(_example())

    assert sentence is not None
    assert len(sentence["pcm"]) == pytest.approx(0.82 * INPUT_RATE_HZ, abs=2)
    assert sentence.phones[0] == ("pau", pytest.approx(0.06))
    assert sentence.phones[-2] == ("ow", pytest.approx(0.66))


def test_all_arrays_tell_of_the_same_time() -> None:
    sentence = features_of(_example())

    assert sentence is not None
    seconds = len(sentence["pcm"]) / INPUT_RATE_HZ
    assert len(sentence["log_mel"]) == int(100 * seconds)
    assert len(sentence["labels"]) == int(100 * seconds)
    assert len(sentence["fbank"]) == len(sentence["log_mel"]) - 2  # only whole windows
    assert len(sentence["f0"]) == len(sentence["mel"]) == int(22050 * seconds) // 256
    voiced = sentence["f0"] > 0
    np.testing.assert_allclose(sentence["f0"][voiced][1:], 150, rtol=0.02)
    assert voiced.mean() == pytest.approx(0.6 / 0.82, abs=0.1)
    assert PHONES[sentence["labels"][40]] == "l" or PHONES[sentence["labels"][40]] == "ow"


def test_labels_tell_the_phone_in_the_middle_of_each_hop() -> None:
    labels = frame_labels((("pau", 0.03), ("s", 0.044), ("t", 0.06)), 6)

    assert [PHONES[label] for label in labels] == ["pau", "pau", "pau", "s", "t", "t"]


def test_what_is_only_silence_is_of_no_use() -> None:
    example = _example()
    silence = Example(Saying("...", "slt", "", 0, len(example.pcm), (("pau", 1.6),), False), example.pcm)

    assert features_of(silence) is None


class _Speaker:
    """Says every sentence as the same 'Hello'."""

    def say(self, sentence: str, style: Style) -> Speech:
        return Speech(_example().pcm, tuple(Phone(*phone) for phone in _PHONES))


@pytest.fixture
def corpus(tmp_path: Path) -> Corpus:
    found = Corpus(tmp_path / "corpus")
    found.folder.mkdir()
    for number in range(2):
        found.make_part(number, ["Hello there."], 0, _Speaker())
    return found


@pytest.mark.slow
def test_features_are_kept_part_by_part_and_only_missing_ones_computed(
    corpus: Corpus, tmp_path: Path
) -> None:
    store = FeatureStore(tmp_path / "features")
    store.compute(corpus, 1, silent, most_parts=1)
    first = {path.name: path.stat().st_mtime_ns for path in (tmp_path / "features").iterdir()}
    assert store.parts() == [0]

    store.compute(corpus, 2, silent)

    assert store.parts() == [0, 1]
    assert all((tmp_path / "features" / name).stat().st_mtime_ns == then for name, then in first.items())
    sentences = list(store.read(ARRAYS))
    assert len(sentences) == 200
    again = features_of(next(iter(corpus.examples(1))))
    assert again is not None
    for name, array in again.arrays.items():
        np.testing.assert_array_equal(sentences[150][name], array)


@pytest.mark.slow
def test_a_damaged_part_is_named(corpus: Corpus, tmp_path: Path) -> None:
    store = FeatureStore(tmp_path / "features")
    store.compute(corpus, 1, silent, most_parts=1)
    (tmp_path / "features" / "00000.mel.npy").write_bytes(b"no array")

    with pytest.raises(UserError, match=r"Part 0 of .* is damaged"):
        list(store.read(("mel",)))
