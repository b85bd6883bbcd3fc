import asyncio
import itertools
import time
from collections.abc import Iterable, Iterator

import numpy as np
import pytest

from edge_audio.audio.echo import EchoCanceller
from edge_audio.audio.frame import FRAME_S, FRAME_SAMPLES, INPUT_RATE_HZ, Frame, Samples
from edge_audio.audio.resample import resample
from edge_audio.audio.sample_ring import SampleRing
from runtime.channel import Channel
from tests.edge_audio.audio.babble import babble

SPEAKER_RATE_HZ = 48_000


def room(delay_s: float, gain_db: float = -6.0) -> Samples:
    """The way from a speaker to a microphone: a delay, then 0.1 s of reverberation."""
    chance = np.random.default_rng(0)
    count = INPUT_RATE_HZ // 10
    tail = 0.1 * chance.standard_normal(count) * np.exp(-6.9 * np.arange(count) / count)
    tail[0] = 1.0
    tail *= 10 ** (gain_db / 20) / np.sqrt(np.sum(tail**2))
    return np.concatenate((np.zeros(round(delay_s * INPUT_RATE_HZ)), tail)).astype(np.float32)


def echo_of(far: Samples, delay_s: float = 0.06) -> Samples:
    """What of `far` (48 kHz) arrives at the microphone (16 kHz), with the noise of a quiet room."""
    heard = resample(far, SPEAKER_RATE_HZ, INPUT_RATE_HZ)
    echo = np.convolve(heard, room(delay_s))[: len(heard)]
    return (echo + 3e-4 * np.random.default_rng(1).standard_normal(len(echo))).astype(np.float32)


def in_bursts(far: Samples, rate_hz: int, late: Iterable[int] = ()) -> Iterator[Samples]:
    """What was handed out by each frame: 20 ms, but those numbered in `late` come with the next frame."""
    count, done, late = rate_hz // 50, 0, set(late)
    for number in itertools.count(1):
        due = done if number in late else number * count
        yield far[done:due]
        done = due


def cancel(canceller: EchoCanceller, heard: Samples, handed_out: Iterator[Samples]) -> Samples:
    frames = (
        canceller.process(Frame(heard[at : at + FRAME_SAMPLES], at), next(handed_out))
        for at in range(0, len(heard) - FRAME_SAMPLES + 1, FRAME_SAMPLES)
    )
    return np.concatenate([frame.pcm for frame in frames])


def level_db(pcm: Samples) -> float:
    return float(10 * np.log10(np.mean(pcm.astype(np.float64) ** 2) + 1e-12))


def attenuation_db(heard: Samples, clean: Samples, from_s: float) -> float:
    begin = round(from_s * INPUT_RATE_HZ)
    return level_db(heard[begin:]) - level_db(clean[begin:])


@pytest.fixture(scope="module")
def far() -> Samples:
    return babble(6.0, 110, seed=3, rate_hz=SPEAKER_RATE_HZ)


@pytest.mark.parametrize("delay_s", [0.03, 0.06, 0.2])
def test_an_echo_is_15_db_quieter_after_2_s_wherever_it_comes_from(far: Samples, delay_s: float) -> None:
    heard = echo_of(far, delay_s)
    canceller = EchoCanceller(SPEAKER_RATE_HZ, latency_s=0.06)
    clean = cancel(canceller, heard, in_bursts(far, SPEAKER_RATE_HZ))
    assert attenuation_db(heard, clean, from_s=2.0) > 15


@pytest.mark.parametrize("rate_hz", [16_000, 22_050, 44_100])
def test_any_rate_of_the_speaker_will_do(far: Samples, rate_hz: int) -> None:
    heard = echo_of(far)
    canceller = EchoCanceller(rate_hz, latency_s=0.06)
    clean = cancel(canceller, heard, in_bursts(resample(far, SPEAKER_RATE_HZ, rate_hz), rate_hz))
    assert attenuation_db(heard, clean, from_s=2.0) > 15


def test_the_delay_of_the_echo_is_told_once_one_was_heard(far: Samples) -> None:
    canceller = EchoCanceller(SPEAKER_RATE_HZ)
    assert canceller.delay_s is None
    cancel(canceller, echo_of(far, 0.15), in_bursts(far, SPEAKER_RATE_HZ))
    assert canceller.delay_s == pytest.approx(0.15, abs=0.002)


def test_frames_with_nothing_but_an_echo_are_marked(far: Samples) -> None:
    def marks(canceller: EchoCanceller) -> float:
        handed_out = in_bursts(far, SPEAKER_RATE_HZ)
        heard = echo_of(far)
        frames = (
            canceller.process(Frame(heard[at : at + FRAME_SAMPLES], at), next(handed_out))
            for at in range(0, 2 * INPUT_RATE_HZ, FRAME_SAMPLES)
        )
        return float(np.mean([frame.only_echo for frame in frames]))

    assert marks(EchoCanceller(SPEAKER_RATE_HZ)) > 0.9
    assert marks(EchoCanceller(SPEAKER_RATE_HZ, echo_cancellation=False, auto_gain=True)) == 0


def test_speech_survives_while_the_speaker_is_talking_too(far: Samples) -> None:
    near = babble(6.0, 200, seed=8)
    near[: 3 * INPUT_RATE_HZ] = 0.0  # first it learns the room
    clean = cancel(
        EchoCanceller(SPEAKER_RATE_HZ, latency_s=0.06),
        echo_of(far) + near,
        in_bursts(far, SPEAKER_RATE_HZ),
    )
    alone = cancel(EchoCanceller(SPEAKER_RATE_HZ), near, itertools.repeat(np.zeros(960, np.float32)))
    from_3_s = slice(3 * INPUT_RATE_HZ, None)
    assert level_db(clean[from_3_s]) > level_db(alone[from_3_s]) - 6
    assert np.corrcoef(clean[from_3_s], alone[from_3_s])[0, 1] > 0.7


def test_speech_alone_passes_as_loud_as_it_is() -> None:
    near = babble(3.0, 200, seed=8)
    clean = cancel(EchoCanceller(SPEAKER_RATE_HZ), near, itertools.repeat(np.zeros(960, np.float32)))
    assert attenuation_db(near, clean, from_s=0.5) == pytest.approx(0, abs=2)


def test_late_blocks_do_not_shift_what_belongs_together(far: Samples) -> None:
    heard = echo_of(far)
    late = [number + i for number in range(100, 280, 20) for i in (0, 1)]  # more than is kept in hand
    clean = cancel(EchoCanceller(SPEAKER_RATE_HZ), heard, in_bursts(far, SPEAKER_RATE_HZ, late))
    assert attenuation_db(heard, clean, from_s=2.0) > 15


def test_it_recovers_when_the_speaker_was_away(far: Samples) -> None:
    heard = echo_of(far)
    away = slice(2 * INPUT_RATE_HZ, 3 * INPUT_RATE_HZ)
    heard[away] = 0.0
    bursts = (
        np.zeros(0, np.float32) if 100 <= number < 150 else burst
        for number, burst in enumerate(in_bursts(far, SPEAKER_RATE_HZ))
    )
    clean = cancel(EchoCanceller(SPEAKER_RATE_HZ, latency_s=0.06), heard, bursts)
    assert attenuation_db(heard, clean, from_s=5.0) > 15


@pytest.mark.slow
@pytest.mark.parametrize("drift", [0.9997, 1.0003])
def test_the_speaker_may_have_a_clock_of_its_own(drift: float) -> None:
    far = babble(20.0, 110, seed=3, rate_hz=SPEAKER_RATE_HZ)
    heard = echo_of(far)  # by the speaker's clock; the microphone's says otherwise:
    frames = int(len(heard) / FRAME_SAMPLES / 1.001)

    def handed_out() -> Iterator[Samples]:
        done = 0
        for number in range(1, frames + 1):
            due = round(number * FRAME_S * SPEAKER_RATE_HZ * drift) // 480 * 480
            yield far[done:due]
            done = due

    by_its_clock = resample(heard, round(1_000_000 * drift), 1_000_000)[: frames * FRAME_SAMPLES]
    clean = cancel(EchoCanceller(SPEAKER_RATE_HZ, latency_s=0.06), by_its_clock, handed_out())
    assert attenuation_db(by_its_clock, clean, from_s=5.0) > 15


def test_frames_keep_their_place_and_their_input_unharmed(far: Samples) -> None:
    pcm = echo_of(far)[:FRAME_SAMPLES].copy()
    before = pcm.copy()
    clean = EchoCanceller(SPEAKER_RATE_HZ).process(Frame(pcm, 6_400), far[:960])
    assert clean.start == 6_400
    assert clean.pcm.shape == (FRAME_SAMPLES,)
    assert clean.pcm.dtype == np.float32
    np.testing.assert_array_equal(pcm, before)


def test_what_is_switched_off_changes_nothing() -> None:
    pcm = babble(1.0, 200, seed=8)
    canceller = EchoCanceller(SPEAKER_RATE_HZ, echo_cancellation=False)
    clean = cancel(canceller, pcm, itertools.repeat(np.zeros(0, np.float32)))
    np.testing.assert_allclose(clean, pcm[: len(clean)], atol=1 / 32_000)


def test_gain_control_raises_a_quiet_voice() -> None:
    quiet = 0.1 * babble(4.0, 200, seed=8)
    canceller = EchoCanceller(SPEAKER_RATE_HZ, echo_cancellation=False, auto_gain=True)
    clean = cancel(canceller, quiet, itertools.repeat(np.zeros(0, np.float32)))
    assert level_db(clean[-INPUT_RATE_HZ:]) > level_db(quiet[-INPUT_RATE_HZ:]) + 3


def test_noise_suppression_lowers_a_steady_noise() -> None:
    noise = (0.02 * np.random.default_rng(0).standard_normal(4 * INPUT_RATE_HZ)).astype(np.float32)
    canceller = EchoCanceller(SPEAKER_RATE_HZ, echo_cancellation=False, noise_suppression=True)
    clean = cancel(canceller, noise, itertools.repeat(np.zeros(0, np.float32)))
    assert attenuation_db(noise, clean, from_s=2.0) > 6


def test_a_frame_costs_less_than_a_tenth_of_its_length(far: Samples) -> None:
    heard = echo_of(far)
    canceller = EchoCanceller(SPEAKER_RATE_HZ)
    began_s = time.process_time()
    cancel(canceller, heard, in_bursts(far, SPEAKER_RATE_HZ))
    assert time.process_time() - began_s < 0.1 * len(heard) / INPUT_RATE_HZ


def test_as_an_actor_it_cleans_what_comes_and_ends_with_its_input(far: Samples) -> None:
    async def main() -> list[Frame]:
        heard: Channel[Frame] = Channel(4)
        clean: Channel[Frame] = Channel(8)
        reference = SampleRing(SPEAKER_RATE_HZ)
        canceller = EchoCanceller(SPEAKER_RATE_HZ)
        actor = asyncio.create_task(canceller.run(heard, reference, clean))
        for number in range(3):
            reference.write(far[:960])
            await heard.put(Frame(np.zeros(FRAME_SAMPLES, np.float32), number * FRAME_SAMPLES))
        heard.close()
        await actor
        assert reference.waiting == 0
        return [frame async for frame in clean]

    assert [frame.start for frame in asyncio.run(main())] == [0, 320, 640]
