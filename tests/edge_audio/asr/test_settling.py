import numpy as np
import pytest

from edge_audio.asr.recognizer import Word
from edge_audio.asr.settling import Progress, agreed_words, quiet_place, shifted, stable_words
from edge_audio.audio.frame import INPUT_RATE_HZ


def words(text: str, start_s: float = 0.0) -> tuple[Word, ...]:
    """Half a second for each word."""
    return tuple(
        Word(f" {word}", start_s + index / 2, start_s + index / 2 + 0.5)
        for index, word in enumerate(text.split())
    )


def test_words_agree_up_to_the_first_difference_whatever_their_case_and_punctuation() -> None:
    assert agreed_words(words("So, what is the whether?"), words("so what is the weather like")) == 4


def test_words_that_end_in_the_last_second_are_not_stable() -> None:
    assert stable_words(words("one two three four"), end_s=2.1) == 2


def test_sound_is_cut_where_it_is_quietest_near_a_words_end() -> None:
    pcm = np.ones(INPUT_RATE_HZ, np.float32)
    pcm[8800:9300] = 0.01  # 50 ms after the given place
    assert 8800 <= quiet_place(pcm, at_s=0.5) <= 9300


@pytest.mark.parametrize("at_s", [0.0, 0.005, 0.995, 1.0, 1.5])
def test_a_quiet_place_lies_within_the_sound(at_s: float) -> None:
    assert 0 <= quiet_place(np.ones(INPUT_RATE_HZ, np.float32), at_s) <= INPUT_RATE_HZ


def test_settled_words_leave_the_sound_of_the_last_three_behind() -> None:
    said = words("a b c d e f g h")
    pcm = np.ones(4 * INPUT_RATE_HZ, np.float32)
    progress = Progress(open=said, open_text=" a b c d e f g h").settle(5, pcm)
    assert (progress.settled, progress.open) == (said[:5], said[5:])
    assert progress.text == " a b c d e f g h"
    assert progress.prefix == " c d e"
    assert progress.start == pytest.approx(1.0 * INPUT_RATE_HZ, abs=0.12 * INPUT_RATE_HZ)


def test_settling_again_counts_words_from_the_utterances_begin() -> None:
    pcm = np.ones(4 * INPUT_RATE_HZ, np.float32)
    first = Progress(open=words("a b c d e f"), open_text="").settle(2, pcm)
    assert (first.prefix, first.start) == (" a b", 0)  # nothing lies before the carried words
    second = first.settle(2, pcm)
    assert second.prefix == " b c d"
    assert second.start == pytest.approx(0.5 * INPUT_RATE_HZ, abs=0.12 * INPUT_RATE_HZ)


def test_text_without_word_times_settles_as_a_whole() -> None:
    progress = Progress(start=16_000, open_text=" la la").settle_all(np.ones(32_000, np.float32))
    assert progress.settled == (Word(" la la", 1.0, 3.0),)
    assert (progress.start, progress.prefix, progress.open_text) == (48_000, "", "")


def test_sound_without_words_is_dropped_but_for_its_last_second() -> None:
    progress = Progress(start=16_000).settle_all(np.ones(32_000, np.float32))
    assert (progress.settled, progress.start) == ((), 32_000)


def test_words_are_moved_in_time() -> None:
    assert shifted((Word("a", 0.5, 1.0),), 2.0) == (Word("a", 2.5, 3.0),)
