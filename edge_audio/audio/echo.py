"""The echo canceller: takes what the speaker plays out of what the microphone hears."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from edge_audio.audio.double_talk import DoubleTalkDetector
from edge_audio.audio.frame import INPUT_RATE_HZ, Frame, Samples
from edge_audio.audio.reference import Reference
from edge_audio.audio.rehearsal import rehearsal
from edge_audio.audio.resample import StreamResampler
from edge_audio.audio.sample_ring import SampleRing
from runtime.channel import Channel

_BLOCK = INPUT_RATE_HZ // 100
"""WebRTC's audio processing takes exactly 10 ms at a time."""


class EchoCanceller:
    """WebRTC's echo canceller (AEC3), with noise suppression and gain control if asked for.

    It learns the path from speaker to microphone, delay included, from the samples that were handed to
    the speaker. The delay must be 20 ms or more; the buffers of a sound device alone reach that. AEC3
    finds any delay up to 0.4 s by itself, as well without a hint as with the right one, and again within
    3 s after a jump (measured), so the device's own figure is the only hint it gets.

    Before it has heard any echo, AEC3 treats all input as echo: a user who spoke over the beginning of the
    first reply would not be heard for 1 to 2 s, with headphones often not at all (measured). So it rehearses
    first.

    The residual echo may still sound like speech: in the first seconds of the first reply, in a room with
    much reverberation, or where the speaker distorts. Frames that hold nothing but echo are marked, so that
    nobody takes them for a voice.

    Measured on one core: 0.16 ms a frame, and 0.36 ms while something is played, so it runs on the
    loop; 0.3 s and 25 MB to make one.
    """

    def __init__(
        self,
        reference_rate_hz: int,
        *,
        latency_s: float = 0.0,
        echo_cancellation: bool = True,
        noise_suppression: bool = False,
        high_pass: bool = False,
        auto_gain: bool = False,
    ) -> None:
        """`reference_rate_hz` is the speaker's rate. Blocks while WebRTC is loaded.

        `latency_s` is the device's, input and output together: it says where to look for the echo at first.
        `high_pass` takes out rumble below about 100 Hz; `auto_gain` levels the voice.
        """
        from livekit import rtc  # takes 0.15 s, so only when it is used

        self._webrtc: Any = rtc.AudioProcessingModule(
            echo_cancellation=echo_cancellation,
            noise_suppression=noise_suppression,
            high_pass_filter=high_pass,
            auto_gain_control=auto_gain,
        )
        if echo_cancellation:
            self._webrtc.set_stream_delay_ms(round(1000 * latency_s))
        # WebRTC resamples by itself, and with less delay, where 10 ms are a whole number of samples.
        far_rate_hz = INPUT_RATE_HZ if reference_rate_hz % 100 else reference_rate_hz
        far_count = far_rate_hz // 100
        self._resampler = StreamResampler(reference_rate_hz, far_rate_hz)
        self._reference = Reference(far_count)
        near, far = bytearray(2 * _BLOCK), bytearray(2 * far_count)
        self._near_block = np.frombuffer(near, np.int16)
        self._far_block = np.frombuffer(far, np.int16)
        self._near = rtc.AudioFrame(near, INPUT_RATE_HZ, 1, _BLOCK)
        self._far = rtc.AudioFrame(far, far_rate_hz, 1, far_count)
        self._double_talk = DoubleTalkDetector(far_rate_hz) if echo_cancellation else None
        if echo_cancellation:
            for played, heard in rehearsal(far_rate_hz):
                self._cancel(heard, played)

    @property
    def delay_s(self) -> float | None:
        """Time from handing out a sample until its echo is heard, as measured; None until one is heard."""
        if self._double_talk is None or self._double_talk.delay_s is None:
            return None
        return self._double_talk.delay_s + Reference.IN_HAND * _BLOCK / INPUT_RATE_HZ

    def process(self, frame: Frame, reference: Samples) -> Frame:
        """Return `frame` without the echo; `reference` is what was handed out since the last call."""
        self._reference.push(self._resampler.push(reference))
        played = np.concatenate([self._reference.next() for _ in range(0, len(frame.pcm), _BLOCK)])
        clean = self._cancel(frame.pcm, played)
        only_echo = self._double_talk is not None and self._double_talk.only_echo(frame.pcm, played)
        return Frame(clean, frame.start, only_echo)

    def _cancel(self, heard: Samples, played: Samples) -> Samples:
        clean = np.empty_like(heard)
        count = len(self._far_block)
        for number in range(len(heard) // _BLOCK):
            _store(self._far_block, played[number * count : (number + 1) * count])
            self._webrtc.process_reverse_stream(self._far)
            here = slice(number * _BLOCK, (number + 1) * _BLOCK)
            _store(self._near_block, heard[here])
            self._webrtc.process_stream(self._near)
            np.divide(self._near_block, 32768.0, out=clean[here])
        return clean

    async def run(self, heard: Channel[Frame], reference: SampleRing, clean: Channel[Frame]) -> None:
        """Process all frames of `heard` into `clean`, and close it at the end. An actor's body."""
        async for frame in heard:
            await clean.put(self.process(frame, reference.read()[1]))
        clean.close()


def _store(block: NDArray[np.int16], pcm: Samples) -> None:
    np.clip(np.rint(pcm * 32768.0), -32768, 32767, out=block, casting="unsafe")
