"""Text to speech: synthesises sentences, and measures their word error rate and duration."""

from collections.abc import Sequence
from contextlib import aclosing

import numpy as np

from edge_audio.audio.frame import INPUT_RATE_HZ, Samples
from edge_audio.audio.resample import resample
from edge_audio.bench.nano.corpus import Sentence
from edge_audio.bench.nano.duration import speech_s
from edge_audio.bench.nano.metric import Bar, Metric
from edge_audio.bench.nano.part import Measured, Part, Track
from edge_audio.bench.nano.transcription import (
    Transcribed,
    Transcriber,
    by_voice,
    rows_of,
    transcribe_all,
)
from edge_audio.bench.nano.word_error import word_error_metrics
from edge_audio.text.clauses import Clause, ClauseSplitter
from edge_audio.tts.tags import find_tag
from edge_audio.tts.voice import Style, Voice, VoiceError

MOST_DURATION_ERROR = 10.0
"""In per cent, over everything that a voice says."""


def clauses_of(text: str) -> list[Clause]:
    """Return the clauses that `edge-audio say` splits a line into."""
    splitter = ClauseSplitter("en")
    return [*splitter.push(text), *splitter.flush()]


def tagged(speaker: str, tag: str) -> Style:
    """Return the style of `speaker` with the tag called `tag`; an empty one changes nothing."""
    style = Style(speaker=speaker)
    if not tag:
        return style
    if (found := find_tag(tag)) is None:
        raise ValueError(f"there is no tag {tag}")
    return found.applied(style)


async def synthesise(voice: Voice, clause: Clause, style: Style) -> Samples:
    """Return the speech of `clause` by `voice`, at `INPUT_RATE_HZ`; no samples if it can't be spoken.

    Raises `UserError` for a speaker or a style that the voice doesn't have.
    """
    pieces = [np.zeros(0, np.float32)]
    try:
        async with aclosing(voice.speak(clause, style)) as chunks:
            pieces += [chunk.pcm async for chunk in chunks]
    except VoiceError:
        return pieces[0]  # to be judged as silence
    return resample(np.concatenate(pieces), voice.sample_rate_hz, INPUT_RATE_HZ)


async def measure_speech(
    voice: Voice, original: Sequence[Transcribed], transcribers: Sequence[Transcriber], track: Track
) -> Measured:
    """Synthesise each sentence in one piece, by the speaker of that name."""

    async def say(sentence: Sentence) -> Samples:
        return await synthesise(voice, Clause(sentence.text, 0), Style(speaker=sentence.voice))

    sentences = [each.sentence for each in original]
    made = await transcribe_all(track("text to speech", sentences), say, transcribers)
    metrics = word_error_metrics(Part.SPEECH, original, made) + _duration_metrics(original, made)
    return Measured(metrics, rows_of(original, made))


def _duration_metrics(original: Sequence[Transcribed], made: Sequence[Transcribed]) -> list[Metric]:
    """Return the error of each voice's duration: of all it says, and the mean of single sentences."""
    metrics = []
    for voice, first, then in by_voice(original, made):
        lengths_s = np.array([[speech_s(each.pcm) for each in transcribed] for transcribed in (first, then)])
        was_s, is_s = lengths_s.sum(axis=1).tolist()
        if not was_s:
            continue
        share = is_s / was_s
        error, note = 100 * abs(share - 1), f"{share:.3f} of the original"
        bar = Bar(MOST_DURATION_ERROR)
        metrics.append(Metric(Part.SPEECH, "duration error", voice, round(error, 1), "%", bar, note))
        audible = lengths_s[:, lengths_s[0] > 0]
        of_each = 100 * float(np.mean(np.abs(audible[1] / audible[0] - 1)))
        metrics.append(Metric(Part.SPEECH, "duration error, each", voice, round(of_each, 1), "%"))
    return metrics
