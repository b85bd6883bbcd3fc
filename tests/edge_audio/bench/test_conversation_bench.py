import asyncio

import pytest

from edge_audio.adapters import load_models
from edge_audio.bench.conversation.bench import hold, measure_idle
from edge_audio.bench.conversation.material import Material, Part, SpokenTurn, read_material
from edge_audio.bench.conversation.summary import Run, summary
from edge_audio.config import load_config

pytestmark = pytest.mark.models

SCRIPT = (
    Part("quiet", (SpokenTurn("01", sound="cup", sound_s=0.3),)),
    Part("echo", (SpokenTurn("chocolate"),), echo=True),
)


def test_a_short_conversation_is_held_and_judged() -> None:
    began: list[str] = []
    spoken: list[None] = []

    async def run() -> tuple[Run, float]:
        config = load_config()
        models = await load_models(config)
        try:
            material = Material(read_material().clips, SCRIPT)
            held = await hold(
                config, models, material, lambda part: began.append(part.name), lambda: spoken.append(None)
            )
            return held, await measure_idle(config, models, seconds=1.0)
        finally:
            await models.close()

    held, idle_cpu = asyncio.run(run())
    figures = summary(held, held)
    assert began == ["quiet", "echo"]
    assert len(spoken) == figures["turns"] == figures["answered"] == 2
    assert 100 < figures["response_gap_ms"]["p50"] < 10_000
    assert figures["cut_off_rate"] == 0
    assert figures["sounds_over_replies"] + figures["sounds_that_missed_their_reply"] == 1
    assert all(row["heard"] and row["reply"] for row in figures["rows"])
    assert any(work.seconds > 0.01 for work in held.works)
    assert 0 < idle_cpu < 2
