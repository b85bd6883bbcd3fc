import asyncio

import numpy as np
import pytest

from edge_audio.asr.recognizer import Recognizer, Segment, Transcript, Utterance, Word
from edge_audio.audio.frame import Samples

YES = Word("Yes.", 0.4, 0.7)


class Scripted(Utterance):
    def __init__(self, transcript: Transcript) -> None:
        self._transcript = transcript
        self.heard = 0

    def feed(self, pcm: Samples) -> None:
        self.heard += len(pcm)

    async def transcribe(self, *, partial: bool = False) -> Transcript:
        assert self.heard == 16_000
        return self._transcript


class Least(Recognizer):
    """The least that a recognizer is."""

    name = "least"

    def __init__(self, transcript: Transcript) -> None:
        self._transcript = transcript

    def open(self) -> Scripted:
        return Scripted(self._transcript)


@pytest.mark.parametrize(
    ("transcript", "segments"),
    [
        (Transcript("Yes.", (YES,)), [Segment("Yes.", 0.4, 0.7, (YES,), None)]),
        (Transcript("Oui.", language="fr"), [Segment("Oui.", 0.0, 1.0, (), "fr")]),
        (Transcript(""), []),
        (Transcript(None), []),
    ],
)
def test_a_recording_is_one_segment_unless_a_recognizer_knows_better(
    transcript: Transcript, segments: list[Segment]
) -> None:
    async def main() -> list[Segment]:
        return [segment async for segment in Least(transcript).transcribe(np.zeros(16_000, np.float32))]

    assert asyncio.run(main()) == segments
