"""Control by tags: the correlation of the speed and pitch that tags ask for with those that are measured."""

import math
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import asdict, dataclass

import numpy as np

from edge_audio.audio.frame import Samples
from edge_audio.bench.nano.corpus import Sentence
from edge_audio.bench.nano.duration import speech_s
from edge_audio.bench.nano.metric import Bar, Metric
from edge_audio.bench.nano.part import ALL_VOICES, Measured, Part, Track
from edge_audio.bench.nano.pitch import median_f0_hz
from edge_audio.bench.nano.synthesis import synthesise, tagged
from edge_audio.text.clauses import Clause
from edge_audio.tts.tags import PACES, PITCHES
from edge_audio.tts.voice import Voice

LEAST_CORRELATION = 0.8


@dataclass(frozen=True, slots=True)
class Control:
    """Tags of one kind, and how their effect is measured."""

    ability: str
    """See `Voice.abilities`."""
    factors: Mapping[str, float]
    """The factor that each tag asks for; no tag asks for 1."""
    measure: Callable[[Samples], float | None]
    """Returns the quantity that a factor applies to, above 0; None or 0 if it can't be measured."""


def _rate(pcm: Samples) -> float:
    """Return the speaking rate, comparable between utterances of the same text."""
    lasted_s = speech_s(pcm)
    return 1 / lasted_s if lasted_s else 0.0


CONTROLS = (Control("speed", PACES, _rate), Control("pitch", PITCHES, median_f0_hz))


@dataclass(frozen=True, slots=True)
class Response:
    """The effect of a tag on a sentence."""

    control: str
    voice: str
    tag: str
    factor: float
    """Wanted, against the usual."""
    effect: float
    """Transcribed, against the original speech."""


async def measure_tags(
    voice: Voice,
    corpus: Mapping[str, Sequence[Sentence]],
    tags: Mapping[str, Collection[str]],
    track: Track,
) -> Measured:
    """Synthesise each sentence by its speaker without a tag and with each tag.

    `tags` are those of each speaker in the corpus, which its voice can have learned. A voice whose speaker
    has none of a kind, while others have, is reported and not judged.
    """
    able = [control for control in CONTROLS if control.ability in voice.abilities]
    sentences = [each for of_speaker in corpus.values() for each in of_speaker]
    responses = []
    for sentence in track("speed and pitch tags", sentences if able else ()):
        plain = await _synthesise(voice, sentence, "")
        for control in able:
            tagged_sounds = {tag: await _synthesise(voice, sentence, tag) for tag in control.factors}
            responses += _responses(control, sentence, {"": plain} | tagged_sounds)
    metrics = []
    for control in CONTROLS:
        of_control = [each for each in responses if each.control == control.ability]
        learned = [name for name in corpus if any(tag in control.factors for tag in tags[name])]
        metrics += _metrics(control, of_control, list(corpus), learned or list(corpus))
    return Measured(metrics, [asdict(response) for response in responses])


def correlation(first: Sequence[float], second: Sequence[float]) -> float | None:
    """Return Pearson's correlation; 0 if one of the two is constant, None if they are empty."""
    if not len(first):
        return None
    if not np.ptp(first) or not np.ptp(second):
        return 0.0
    return float(np.corrcoef(first, second)[0, 1])


async def _synthesise(voice: Voice, sentence: Sentence, tag: str) -> Samples:
    return await synthesise(voice, Clause(sentence.text, 0), tagged(sentence.voice, tag))


def _responses(control: Control, sentence: Sentence, sounds: Mapping[str, Samples]) -> list[Response]:
    """Return the effects of `control` on a sentence; what can't be measured is left out."""
    found = []
    original = control.measure(sentence.pcm)
    for tag, pcm in sounds.items():
        made = control.measure(pcm)
        if original and made:
            factor = control.factors.get(tag, 1.0)
            found.append(Response(control.ability, sentence.voice, tag, factor, made / original))
    return found


def _metrics(
    control: Control, responses: Sequence[Response], voices: Sequence[str], judged: Sequence[str]
) -> list[Metric]:
    """Return the metrics of each of `voices`, and of all those together that are `judged`."""
    found = []
    for name in voices:
        own = [each for each in responses if each.voice == name]
        found.append(_metric(control, name, own, name in judged))
    if len(judged) > 1:
        found.append(_metric(control, ALL_VOICES, [each for each in responses if each.voice in judged], True))
    return found


def _metric(control: Control, voice: str, responses: Sequence[Response], judged: bool) -> Metric:
    asked = [math.log(response.factor) for response in responses]
    measured = [math.log(response.effect) for response in responses]
    means = []
    for tag in ("", *control.factors):
        effects = [
            effect for effect, response in zip(measured, responses, strict=True) if response.tag == tag
        ]
        if effects:
            means.append(f"{tag or 'none'} {math.exp(float(np.mean(effects))):.2f}")
    return Metric(
        Part.TAGS,
        f"{control.ability} correlation",
        voice,
        correlation(asked, measured),
        bar=Bar(LEAST_CORRELATION, at_least=True) if judged else None,
        note=", ".join(means) or "nothing to measure",
    )
