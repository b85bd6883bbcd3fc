"""Whether speed and pitch tags do what they say: how what they want goes with what is heard."""

import math
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import asdict, dataclass

import numpy as np

from edge_audio.audio.frame import Samples
from edge_audio.bench.nano.corpus import Sentence
from edge_audio.bench.nano.figure import Bar, Figure
from edge_audio.bench.nano.fundamental import median_f0_hz
from edge_audio.bench.nano.part import ALL_VOICES, Measured, Part, Track
from edge_audio.bench.nano.speaking import spoken, tagged
from edge_audio.bench.nano.speech_length import speech_s
from edge_audio.text.clauses import Clause
from edge_audio.tts.tags import PACES, PITCHES
from edge_audio.tts.voice import Voice

LEAST_CORRELATION = 0.8


@dataclass(frozen=True, slots=True)
class Control:
    """Tags of one kind, and where their effect shows."""

    ability: str
    """See `Voice.abilities`."""
    factors: Mapping[str, float]
    """What each tag multiplies; none is 1."""
    measure: Callable[[Samples], float | None]
    """Returns what a factor acts on, above 0; None or 0 where it isn't there."""


def _rate(pcm: Samples) -> float:
    """Return how fast a text is said, against others of the same text."""
    lasted_s = speech_s(pcm)
    return 1 / lasted_s if lasted_s else 0.0


CONTROLS = (Control("speed", PACES, _rate), Control("pitch", PITCHES, median_f0_hz))


@dataclass(frozen=True, slots=True)
class Response:
    """What came of a tag before a sentence."""

    control: str
    voice: str
    tag: str
    factor: float
    """Wanted, against the usual."""
    effect: float
    """Heard, against the original speech."""


async def measure_tags(
    voice: Voice,
    corpus: Mapping[str, Sequence[Sentence]],
    tags: Mapping[str, Collection[str]],
    track: Track,
) -> Measured:
    """Have each sentence said by its speaker in the usual manner, and in every other one.

    `tags` are those that each narrator of the corpus speaks with, which its voice so can have learnt. A voice
    whose narrator has none of a kind, while others have, is told of and not judged.
    """
    able = [control for control in CONTROLS if control.ability in voice.abilities]
    sentences = [each for said in corpus.values() for each in said]
    responses = []
    for sentence in track("speed and pitch tags", sentences if able else ()):
        usual = await _said(voice, sentence, "")
        for control in able:
            tagged_sounds = {tag: await _said(voice, sentence, tag) for tag in control.factors}
            responses += _responses(control, sentence, {"": usual} | tagged_sounds)
    figures = []
    for control in CONTROLS:
        of_control = [each for each in responses if each.control == control.ability]
        learnt = [name for name in corpus if any(tag in control.factors for tag in tags[name])]
        figures += _figures(control, of_control, list(corpus), learnt or list(corpus))
    return Measured(figures, [asdict(response) for response in responses])


def correlation(first: Sequence[float], second: Sequence[float]) -> float | None:
    """Return Pearson's correlation; 0 where one of the two never changes, None where there is nothing."""
    if not len(first):
        return None
    if not np.ptp(first) or not np.ptp(second):
        return 0.0
    return float(np.corrcoef(first, second)[0, 1])


async def _said(voice: Voice, sentence: Sentence, tag: str) -> Samples:
    return await spoken(voice, Clause(sentence.text, 0), tagged(sentence.voice, tag))


def _responses(control: Control, sentence: Sentence, sounds: Mapping[str, Samples]) -> list[Response]:
    """Return what `control` did to a sentence; what can't be measured is left out."""
    found = []
    original = control.measure(sentence.pcm)
    for tag, pcm in sounds.items():
        made = control.measure(pcm)
        if original and made:
            factor = control.factors.get(tag, 1.0)
            found.append(Response(control.ability, sentence.voice, tag, factor, made / original))
    return found


def _figures(
    control: Control, responses: Sequence[Response], voices: Sequence[str], judged: Sequence[str]
) -> list[Figure]:
    """Return the figures of each of `voices`, and of those together that are `judged`."""
    found = []
    for name in voices:
        own = [each for each in responses if each.voice == name]
        found.append(_figure(control, name, own, name in judged))
    if len(judged) > 1:
        found.append(_figure(control, ALL_VOICES, [each for each in responses if each.voice in judged], True))
    return found


def _figure(control: Control, voice: str, responses: Sequence[Response], judged: bool) -> Figure:
    wanted = [math.log(response.factor) for response in responses]
    heard = [math.log(response.effect) for response in responses]
    means = []
    for tag in ("", *control.factors):
        effects = [effect for effect, response in zip(heard, responses, strict=True) if response.tag == tag]
        if effects:
            means.append(f"{tag or 'none'} {math.exp(float(np.mean(effects))):.2f}")
    return Figure(
        Part.TAGS,
        f"{control.ability} correlation",
        voice,
        correlation(wanted, heard),
        bar=Bar(LEAST_CORRELATION, at_least=True) if judged else None,
        note=", ".join(means) or "nothing to be heard",
    )
