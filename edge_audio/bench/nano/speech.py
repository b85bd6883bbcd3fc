"""Text to speech: how well it is understood, and how long it lasts."""

from collections.abc import Sequence

from edge_audio.audio.frame import Samples
from edge_audio.bench.nano.corpus import Sentence
from edge_audio.bench.nano.hearing import Ear, Heard, hear_all
from edge_audio.bench.nano.part import Measured, Part, Track
from edge_audio.bench.nano.speaking import spoken
from edge_audio.bench.nano.understanding import duration_figures, rows_of, word_error_figures
from edge_audio.text.clauses import Clause
from edge_audio.tts.voice import Style, Voice


async def measure_speech(
    voice: Voice, original: Sequence[Heard], ears: Sequence[Ear], track: Track
) -> Measured:
    """Have each sentence said whole, by the speaker of that name."""

    async def say(sentence: Sentence) -> Samples:
        return await spoken(voice, Clause(sentence.text, 0), Style(speaker=sentence.voice))

    sentences = [heard.sentence for heard in original]
    made = await hear_all(track("text to speech", sentences), say, ears)
    figures = word_error_figures(Part.SPEECH, original, made) + duration_figures(Part.SPEECH, original, made)
    return Measured(figures, rows_of(original, made))
