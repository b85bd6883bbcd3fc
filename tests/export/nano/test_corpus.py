"""The corpus: repeatable, taken up where it stopped, whole or not there."""

import json
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from edge_audio.audio.frame import INPUT_RATE_HZ
from export.nano.corpus import PART_SENTENCES, Corpus, Example, Recipe
from export.nano.data_engine import make_corpus
from export.nano.style import Style
from export.nano.synthesizer import Phone, Speech, SynthesisError
from export.progress import silent
from runtime.errors import UserError
from tests.support.limits import disk_of

SENTENCES = [f"This is sentence {number}." for number in range(40)]
PART_HOURS = PART_SENTENCES * 0.01 / 3600


class Beeper:
    """Says each sentence as 10 ms of one level, which sentence and style decide."""

    def __init__(self, can_t_say: str = "") -> None:
        self.said = 0
        self._can_t_say = can_t_say

    def say(self, sentence: str, style: Style) -> Speech:
        self.said += 1
        if sentence == self._can_t_say:
            raise SynthesisError(sentence)
        level = (len(style.speaker.name + style.tag) + int(sentence[17:-1])) / 100
        return Speech(
            np.full(INPUT_RATE_HZ // 100, level, np.float32), (Phone("ih", 0.004), Phone("s", 0.01))
        )


def made(folder: Path, parts: int, *, seed: int = 0, beepers: int = 1) -> list[Beeper]:
    synthesizers = [Beeper() for _ in range(beepers)]
    hours = PART_HOURS * (parts - 0.5)
    make_corpus(Corpus(folder), SENTENCES, synthesizers, seed=seed, hours=hours, progress=silent)
    return synthesizers


def files(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def examples(folder: Path) -> Iterator[Example]:
    corpus = Corpus(folder)
    for number in corpus.parts():
        yield from corpus.examples(number)


def test_what_was_said_is_read_with_its_sound_and_times(tmp_path: Path) -> None:
    made(tmp_path, 1)
    read = list(examples(tmp_path))
    assert len(read) == PART_SENTENCES
    for example in read:
        saying = example.saying
        assert saying.text in SENTENCES
        level = (len(saying.speaker + saying.tag) + int(saying.text[17:-1])) / 100
        assert example.pcm == pytest.approx(np.full(INPUT_RATE_HZ // 100, level), abs=1e-4)
        assert example.phones == (Phone("ih", 0.004), Phone("s", 0.01))
    assert {example.saying.speaker for example in read} == {"slt", "awb", "rms"}
    assert not {"low", "high"} & {e.saying.tag for e in read if e.saying.speaker == "rms"}
    assert 0.3 < np.mean([e.saying.tag == "" for e in read]) < 0.7


def test_a_corpus_names_its_speakers_as_all_earlier_ones_do(tmp_path: Path) -> None:
    made(tmp_path, 1)
    recipe, transcript = tmp_path / "recipe.json", tmp_path / "00000.jsonl"
    assert json.loads(recipe.read_text())["narrators"] == ["slt", "awb", "rms"]
    assert {json.loads(line)["narrator"] for line in transcript.read_text().splitlines()} == {
        "slt",
        "awb",
        "rms",
    }


def test_the_same_recipe_gives_the_same_bytes_however_many_synthesizers_make_them(tmp_path: Path) -> None:
    made(tmp_path / "one", 5)
    made(tmp_path / "three", 5, beepers=3)
    one, three = files(tmp_path / "one"), files(tmp_path / "three")
    assert len(one) == 11
    assert one.items() <= three.items(), "those that were under way at the end are kept"
    made(tmp_path / "other", 1, seed=1)
    assert files(tmp_path / "other")["00000.flac"] != one["00000.flac"]


def test_a_corpus_that_was_broken_off_is_taken_up_where_it_stopped(tmp_path: Path) -> None:
    made(tmp_path / "whole", 4)
    made(tmp_path / "broken", 4)
    for name in ("00001.jsonl", "00003.jsonl", "00003.flac"):
        (tmp_path / "broken" / name).unlink()
    (beeper,) = made(tmp_path / "broken", 4)
    assert beeper.said == 2 * PART_SENTENCES
    assert files(tmp_path / "broken") == files(tmp_path / "whole")
    (beeper,) = made(tmp_path / "broken", 4)
    assert beeper.said == 0


def test_a_sentence_that_can_t_be_said_is_left_out(tmp_path: Path) -> None:
    corpus = Corpus(tmp_path)
    corpus.begin(Recipe(seed=0, sentences=len(SENTENCES), digest=""))
    corpus.make_part(0, SENTENCES, 0, Beeper(can_t_say=SENTENCES[7]))
    read = list(corpus.examples(0))
    assert 80 < len(read) < PART_SENTENCES
    assert all(example.saying.text != SENTENCES[7] for example in read)


def test_speech_of_another_recipe_is_not_mixed_in(tmp_path: Path) -> None:
    made(tmp_path, 1)
    with pytest.raises(UserError, match="another recipe"):
        made(tmp_path, 2, seed=1)
    (tmp_path / "recipe.json").write_text("[]")
    with pytest.raises(UserError, match="no recipe"):
        made(tmp_path, 2)


@pytest.mark.parametrize("name", ["00000.flac", "00000.jsonl"])
def test_a_damaged_part_is_told_with_what_to_do(tmp_path: Path, name: str) -> None:
    made(tmp_path, 1)
    data = (tmp_path / name).read_bytes()
    (tmp_path / name).write_bytes(data[: len(data) // 2])
    with pytest.raises(UserError, match=r"Part 0 of .* is damaged"):
        list(examples(tmp_path))


def test_a_full_disk_is_a_clear_error_and_leaves_no_half_part(tmp_path: Path) -> None:
    corpus = Corpus(tmp_path)
    corpus.begin(Recipe(seed=0, sentences=len(SENTENCES), digest=""))
    with disk_of(100), pytest.raises(UserError, match="could not be written"):
        corpus.make_part(0, SENTENCES, 0, Beeper())
    assert [path.name for path in tmp_path.iterdir()] == ["recipe.json"]
