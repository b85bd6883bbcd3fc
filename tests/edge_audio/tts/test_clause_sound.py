import itertools

import numpy as np
import pytest

from edge_audio.audio.frame import Samples
from edge_audio.text.clauses import Clause
from edge_audio.tts.clause_sound import ClauseSound, longest_speech_s, slow_speech_s
from edge_audio.tts.voice import SpokenChunk

RATE_HZ = 22_050


def noise(seconds: float) -> Samples:
    return np.random.default_rng(0).uniform(0.1, 0.5, round(seconds * RATE_HZ)).astype(np.float32)


def silence(seconds: float) -> Samples:
    return np.zeros(round(seconds * RATE_HZ), np.float32)


def chunks(sound: ClauseSound, *pieces: Samples) -> list[SpokenChunk]:
    """Push pieces as they are written, and finish."""
    found = []
    for piece in pieces:
        sound.written_s += len(piece) / RATE_HZ
        found.append(sound.push(piece))
    sound.complete = True
    return [chunk for chunk in (*found, sound.finish()) if chunk]


def test_silence_at_the_beginning_is_cut_but_for_a_lead() -> None:
    found = chunks(ClauseSound(Clause("Hello.", 0), RATE_HZ), silence(0.5), silence(0.5), noise(0.5))
    pcm = np.concatenate([chunk.pcm for chunk in found])
    assert len(pcm) == round(0.008 * RATE_HZ) + len(noise(0.5))
    assert np.array_equal(pcm[-len(noise(0.5)) :], noise(0.5))


def test_silence_within_is_kept() -> None:
    pieces = noise(0.1), silence(0.3), noise(0.1)
    found = chunks(ClauseSound(Clause("Hello.", 0), RATE_HZ), *pieces)
    assert np.array_equal(np.concatenate([chunk.pcm for chunk in found]), np.concatenate(pieces))


def test_nothing_audible_makes_no_chunk() -> None:
    assert chunks(ClauseSound(Clause("Hello.", 0), RATE_HZ), silence(1.0)) == []


@pytest.mark.parametrize("text", ["No.", "I am here.", "A much longer clause than there is sound for."])
def test_chunks_cover_the_clause_in_order_and_the_last_ends_with_it(text: str) -> None:
    found = chunks(ClauseSound(Clause(text, 40), RATE_HZ), *(noise(0.3) for _ in range(8)))
    assert len(found) == 9
    assert found[0].text_start == 40
    assert found[-1].text_end == 40 + len(text)
    for before, after in itertools.pairwise(found):
        assert before.text_start <= before.text_end == after.text_start


def test_words_are_told_evenly_and_rounded_down_once_the_length_is_known() -> None:
    sound = ClauseSound(Clause("0123456789", 0), RATE_HZ)
    sound.written_s, sound.complete = 2.0, True
    ends = [chunk.text_end for _ in range(4) if (chunk := sound.push(noise(0.5)))]
    assert ends == [2, 4, 7, 9]


def test_while_more_is_written_the_speaker_is_taken_to_be_slow() -> None:
    text = "A clause that is still being written."
    sound = ClauseSound(Clause(text, 0), RATE_HZ)
    sound.written_s = 1.0
    chunk = sound.push(noise(1.0))
    assert chunk is not None
    assert chunk.text_end == int(len(text) * 0.99 / slow_speech_s(text))


def test_a_syllable_sign_takes_longer_than_a_letter() -> None:
    assert slow_speech_s("你好") > 2 * slow_speech_s("hi")
    assert slow_speech_s("1999") > 2 * slow_speech_s("year")
    assert longest_speech_s("你好") > 2 * slow_speech_s("你好")
