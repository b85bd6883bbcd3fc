from pathlib import Path

import numpy as np
import pytest
import soundfile

from edge_audio.bench.nano.corpus import read_corpus, read_recordings, read_tags
from runtime.errors import UserError
from tests.edge_audio.bench.nano.humming import TEXTS, as_said, hum, write_part


def test_each_speaker_s_sentences_are_read_with_their_sound(corpus_folder: Path) -> None:
    corpus = read_corpus(corpus_folder, 10)
    assert list(corpus) == ["ann", "ben"]
    for voice, sentences in corpus.items():
        assert [sentence.text for sentence in sentences] == list(TEXTS)
        assert {sentence.voice for sentence in sentences} == {voice}
        for sentence in sentences:
            assert np.allclose(sentence.pcm, as_said(sentence.text).pcm, atol=1e-4)


def test_only_held_out_sentences_without_tag_count_and_each_once(tmp_path: Path) -> None:
    kept, other = "This is kept.", "This is another."
    sayings: list[dict[str, object]] = [
        {"text": "A tagged one.", "tag": "slow"},
        {"text": "One for training.", "held_out": False},
        {"text": kept},
        {"text": kept},
        {"text": other},
        {"text": "One too many."},
    ]
    write_part(tmp_path, 3, sayings)
    (sentences,) = read_corpus(tmp_path, 2).values()
    assert [sentence.text for sentence in sentences] == [kept, other]
    assert len(sentences[0].pcm) == len(as_said(kept).pcm)


def test_the_tags_are_all_those_that_a_speaker_has_with(tmp_path: Path) -> None:
    tags = {"ann": ("slow", "", "high"), "ben": ("",)}
    for number, (speaker, used) in enumerate(tags.items()):
        sayings = [{"text": "Any.", "narrator": speaker, "tag": tag, "held_out": False} for tag in used]
        write_part(tmp_path, number, sayings)
    assert read_tags(tmp_path) == {"ann": {"slow", "high"}, "ben": set()}


def test_a_folder_without_such_speech_is_told(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="--held-out"):
        read_corpus(tmp_path / "nothing", 10)
    write_part(tmp_path, 0, [{"text": "One for training.", "held_out": False}])
    with pytest.raises(UserError, match="kept out of training"):
        read_corpus(tmp_path, 10)


@pytest.mark.parametrize("damage", ["line", "no sound", "short sound", "rate", "no audio"])
def test_a_damaged_part_is_told(corpus_folder: Path, damage: str) -> None:
    transcript, sound = corpus_folder / "00001.jsonl", corpus_folder / "00001.flac"
    if damage == "line":
        transcript.write_text('{"text": "Half a')
    elif damage == "no sound":
        sound.unlink()
    elif damage == "short sound":
        soundfile.write(sound, hum(0.5), 16_000)
    elif damage == "rate":
        soundfile.write(sound, hum(60.0), 8_000)
    else:
        sound.write_text("This is no sound.")
    with pytest.raises(UserError, match=r"00001\.jsonl"):
        read_corpus(corpus_folder, 10)


def test_recordings_are_read_with_their_words(tmp_path: Path) -> None:
    soundfile.write(tmp_path / "mary.wav", hum(0.5, rate_hz=48_000), 48_000)
    (tmp_path / "mary.txt").write_text("Mary said\n this.\n")
    (recording,) = read_recordings(tmp_path)
    assert (recording.voice, recording.text) == ("mary", "Mary said this.")
    assert len(recording.pcm) == pytest.approx(8000, abs=2)


def test_recordings_without_words_or_no_recordings_are_told(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="no \\.wav"):
        read_recordings(tmp_path)
    soundfile.write(tmp_path / "mary.wav", hum(0.5), 16_000)
    with pytest.raises(UserError, match=r"mary\.txt"):
        read_recordings(tmp_path)
