import numpy as np
import pytest

from edge_audio.audio.frame import INPUT_RATE_HZ, Samples
from edge_audio.bench.nano.duration import Fault, Pace, speech_s, spoken_letters
from edge_audio.tts.clause_sound import longest_speech_s
from tests.edge_audio.bench.nano.humming import hum

PACE = Pace(base_s=0.2, letter_s=0.05)
TEXT = "Thirty six letters are all that this has."
"""33 letters: 1.85 s are expected."""


def silence(seconds: float) -> Samples:
    return np.zeros(round(seconds * INPUT_RATE_HZ), np.float32)


@pytest.mark.parametrize("gain", [1.0, 0.01])
def test_speech_lasts_from_its_first_to_its_last_loud_frame(gain: float) -> None:
    noise = 0.0003 * np.random.default_rng(0).standard_normal(INPUT_RATE_HZ * 3)
    pcm = np.concatenate([silence(0.4), hum(0.5), silence(0.3), hum(0.2), silence(0.6)])
    pcm += noise[: len(pcm)].astype(np.float32)
    assert speech_s(gain * pcm) == pytest.approx(1.0, abs=0.011)


def test_silence_lasts_no_time() -> None:
    assert speech_s(silence(1.0)) == 0.0
    assert speech_s(silence(0.0)) == 0.0


def test_digits_count_as_their_names_do() -> None:
    assert spoken_letters("Room 12, or so!") == 8 + 8
    assert spoken_letters("...") == 0


def test_the_pace_is_that_of_what_was_said() -> None:
    texts = ["a" * count for count in (3, 10, 30, 31)]
    fitted = Pace.of((text, 0.2 + 0.05 * len(text)) for text in texts)
    assert (fitted.base_s, fitted.letter_s) == pytest.approx((0.2, 0.05))
    assert fitted.expected_s("b" * 20) == pytest.approx(1.2)


def test_no_word_is_expected_in_no_time() -> None:
    assert Pace(-0.3, 0.05).expected_s("I") == pytest.approx(0.2)


@pytest.mark.parametrize(
    ("lasted_s", "faults"),
    [
        (0.0, [Fault.CUT_OFF]),
        (0.82, [Fault.CUT_OFF]),
        (0.83, []),
        (1.85, []),
        (3.99, []),
        (4.01, [Fault.RUNAWAY]),
    ],
)
def test_speech_may_last_half_to_twice_as_long_as_expected(lasted_s: float, faults: list[Fault]) -> None:
    assert PACE.expected_s(TEXT) == pytest.approx(1.85)
    assert PACE.faults(TEXT, lasted_s, [(TEXT, lasted_s)]) == faults


def test_a_short_word_may_be_shorter_than_its_letters_tell_but_not_silent() -> None:
    pace = Pace(0.25, 0.05)
    assert pace.faults("The.", 0.12, [("The.", 0.3)]) == []
    assert pace.faults("The.", 0.05, [("The.", 0.3)]) == [Fault.CUT_OFF]
    assert pace.faults("I", 0.0, [("I", 0.3)]) == [Fault.CUT_OFF]


def test_a_clause_that_had_to_be_stopped_is_told_even_where_it_is_silent() -> None:
    clauses = [("This.", 0.4), ("That.", longest_speech_s("That.") - 0.2)]
    assert PACE.faults("This. That.", 0.8, clauses) == [Fault.LIMIT]
