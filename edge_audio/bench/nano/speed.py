"""Speed and memory of the voice on one core: first audio, real-time factor and resident memory."""

from collections.abc import Mapping, Sequence

import msgspec

from edge_audio.bench.nano.corpus import Sentence
from edge_audio.bench.nano.metric import Bar, Metric
from edge_audio.bench.nano.part import ALL_VOICES, Measured, Part, Track
from edge_audio.bench.nano.voice_process import Speed, Task, measure_in_process
from edge_audio.config import Config
from edge_audio.percentiles import percentiles
from edge_audio.tables import as_table

MOST_FIRST_AUDIO_MS = 300.0
MOST_REAL_TIME_FACTOR = 0.5
MOST_RESIDENT_MB = 250.0


async def measure_speed(config: Config, corpus: Mapping[str, Sequence[Sentence]], track: Track) -> Measured:
    """Let a process with the voice alone speak all sentences, by their speakers. Raises `UserError`."""
    lines = tuple((voice, each.text) for voice, sentences in corpus.items() for each in sentences)
    tasks = [Task(as_table(config), lines)]
    (speed,) = [await measure_in_process(task) for task in track("a process with the voice alone", tasks)]
    return Measured(speed_metrics(speed), [msgspec.to_builtins(speed)])


def speed_metrics(speed: Speed) -> list[Metric]:
    """Return the metrics of `speed`."""
    cores = "on one core" if speed.one_core else "on all cores"
    first_audio = [
        Metric(Part.EFFORT, f"first audio {rank}", ALL_VOICES, value, "ms", Bar(MOST_FIRST_AUDIO_MS), cores)
        for rank, value in percentiles(speed.first_audio_ms).items()
    ]
    factor = round(speed.computing_s / speed.sound_s, 3) if speed.sound_s else None
    speech = f"{speed.sound_s:.0f} s of speech"
    return [
        *first_audio,
        Metric(Part.EFFORT, "real-time factor", ALL_VOICES, factor, "", Bar(MOST_REAL_TIME_FACTOR), speech),
        Metric(Part.EFFORT, "resident memory", ALL_VOICES, speed.resident_mb, "MB", Bar(MOST_RESIDENT_MB)),
    ]
