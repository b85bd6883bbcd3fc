import json
from pathlib import Path

import pytest

from edge_audio.config import Config, configs_folder, load_config
from edge_audio.tables import as_table, read_table
from edge_audio.tts.voice import VoiceConfig

V0_1_0 = """
{"tts": {"adapter": "hibari", "voice": "heart", "speed": 1.2, "threads": 1},
 "audio": {"input": "USB", "output": null, "echo_cancellation": true, "noise_suppression": false,
           "auto_gain": false},
 "vad": {"adapter": "silero", "model": "silero-vad", "threshold": 0.5, "release": 0.35, "onset_ms": 64,
         "pause_ms": 96, "gate": 1},
 "end_of_turn": {"adapter": "smart-turn", "model": "smart-turn-v3.2", "threshold": 0.4, "certainty": 0.9,
                 "pause_ms": 300.0, "threads": 1},
 "asr": {"adapter": "whisper", "model": "whisper-tiny.en", "language": "en", "threads": 1,
         "partial_every_ms": 300},
 "llm": {"adapter": "llama.cpp", "model": "smollm2-135m-instruct", "prompt": "dialogue",
         "context_tokens": 2048, "max_reply_tokens": 120, "temperature": 0.0, "threads": 1},
 "fallback": null, "step_audio": null,
 "conversation": {"system_prompt": "Be kind.", "history_tokens": 1000, "speculate": "balanced",
                  "barge_in": true, "hold_ms": 1500, "regret_ms": 700, "held_audio_ms": 2000},
 "metrics": {"port": null, "host": "127.0.0.1", "token_env": null, "otlp_endpoint": null}}
"""
"""What version 0.1.0 kept of its config in a recording."""


@pytest.mark.parametrize("path", sorted(configs_folder().glob("*.toml")), ids=lambda path: path.name)
def test_a_config_is_the_same_after_a_way_through_json(path: Path) -> None:
    config = load_config(path)
    assert read_table(Config, json.loads(json.dumps(as_table(config)))) == config


def test_the_config_of_a_recording_by_version_0_1_0_is_read() -> None:
    config = read_table(Config, json.loads(V0_1_0))
    assert config.tts.speed == 1.2
    assert config.vad.min_silence_ms == 96
    assert (config.end_of_turn.p_end, config.end_of_turn.mean_pause_ms) == (0.4, 300.0)
    assert config.fallback is None
    assert as_table(config)["audio"]["input"] == "USB"


def test_a_table_names_its_adapter() -> None:
    assert as_table(read_table(VoiceConfig, {"speed": 1.5})) == {
        "adapter": "hibari",
        "speed": 1.5,
        "voice": "heart",
        "threads": 1,
    }
