import asyncio

import pytest

from edge_audio.bench.nano.voice_process import Task, measure_in_process
from runtime.errors import UserError


def test_what_the_process_can_t_do_is_told_in_a_line() -> None:
    config = {"tts": {"adapter": "step-audio"}, "step_audio": {"models": "nowhere"}}
    with pytest.raises(UserError, match="There is no model 'nowhere'"):
        asyncio.run(measure_in_process(Task(config, (("ann", "Hello."),))))
