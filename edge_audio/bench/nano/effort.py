"""How fast the voice speaks on one core, and in how much memory, against the bars."""

from collections.abc import Mapping, Sequence

import msgspec

from edge_audio.bench.nano.corpus import Sentence
from edge_audio.bench.nano.figure import Bar, Figure
from edge_audio.bench.nano.lone_voice import Effort, Task, measure_lone_voice
from edge_audio.bench.nano.part import ALL_VOICES, Measured, Part, Track
from edge_audio.config import Config
from edge_audio.percentiles import percentiles
from edge_audio.tables import as_table

MOST_FIRST_AUDIO_MS = 300.0
MOST_REAL_TIME_FACTOR = 0.5
MOST_RESIDENT_MB = 250.0


async def measure_effort(config: Config, corpus: Mapping[str, Sequence[Sentence]], track: Track) -> Measured:
    """Have a process of its own say all sentences, each in the voice of its speaker. Raises `UserError`."""
    lines = tuple((voice, each.text) for voice, said in corpus.items() for each in said)
    tasks = [Task(as_table(config), lines)]
    (effort,) = [await measure_lone_voice(task) for task in track("a process with the voice alone", tasks)]
    return Measured(effort_figures(effort), [msgspec.to_builtins(effort)])


def effort_figures(effort: Effort) -> list[Figure]:
    """Return the figures of `effort`."""
    where = "on one core" if effort.one_core else "on all cores"
    figures = [
        Figure(Part.EFFORT, f"first audio {rank}", ALL_VOICES, value, "ms", Bar(MOST_FIRST_AUDIO_MS), where)
        for rank, value in percentiles(effort.first_audio_ms).items()
    ]
    factor = round(effort.computing_s / effort.sound_s, 3) if effort.sound_s else None
    spoken = f"{effort.sound_s:.0f} s of speech"
    return [
        *figures,
        Figure(Part.EFFORT, "real-time factor", ALL_VOICES, factor, "", Bar(MOST_REAL_TIME_FACTOR), spoken),
        Figure(Part.EFFORT, "resident memory", ALL_VOICES, effort.resident_mb, "MB", Bar(MOST_RESIDENT_MB)),
    ]
