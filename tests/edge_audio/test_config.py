from pathlib import Path

import pytest

from edge_audio.config import Config, OpenAI, StepAudio, configs_folder, load_config
from runtime.errors import UserError

VOICE = '[tts]\nadapter = "hibari"\n'


def load(tmp_path: Path, text: str) -> object:
    path = tmp_path / "it.toml"
    path.write_text(text)
    return load_config(path)


@pytest.mark.parametrize("path", sorted(configs_folder().glob("*.toml")), ids=lambda path: path.name)
def test_every_config_in_the_repository_loads(path: Path) -> None:
    load_config(path)


def test_the_default_has_everything_that_a_conversation_needs() -> None:
    config = load_config()
    assert config.asr is not None
    assert config.llm is not None


def test_the_offline_voice_needs_neither_recognizer_nor_chat_model() -> None:
    config = load_config(configs_folder() / "offline-tts.toml")
    assert config.asr is None
    assert config.llm is None


def test_a_server_is_chosen_by_its_adapter(tmp_path: Path) -> None:
    text = f'{VOICE}[llm]\nadapter = "openai"\nurl = "http://127.0.0.1:1/v1"\nmodel = "m"\n'
    config = load(tmp_path, text)
    assert isinstance(config.llm, OpenAI)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        (VOICE + "volume = 3", "unknown key tts.volume"),
        ("colour = 1\n" + VOICE, "unknown key colour"),
        ('[tts]\nadapter = "parrot"', "tts.adapter: invalid value 'parrot'"),
        (VOICE + "speed = 9.0", "tts.speed: expected `float` <= 2.0"),
        (VOICE + 'speed = "fast"', "tts.speed: expected `float`"),
        ('[tts]\nadapter = "step-audio"', "needs the table [step_audio]"),
        (
            VOICE + '[llm]\nadapter = "step-chat"\nurl = "http://h/v1"',
            "step-chat needs the table [step_audio]",
        ),
        (VOICE + '[fallback.llm]\nadapter = "llama.cpp"', "it needs the recognizer of [asr]"),
        (VOICE + "[fallback]", "fallback: object missing required field `llm`"),
        (VOICE + '[step_audio]\nmodels = "m"\ndevice = "npu"', "step_audio.device: invalid enum value 'npu'"),
        (
            VOICE + '[step_audio]\nmodels = "m"\ndevices.llm = "cpu"',
            "step_audio.devices: invalid enum value 'llm'",
        ),
        (
            VOICE + '[step_audio]\nmodels = "m"\nprofiles.lm."prefill.onnx".past = [3, 2, 1]',
            "lengths must ascend: 3, 2, 1",
        ),
        ("", "required field `tts`"),
        ("[tts", "not valid TOML"),
    ],
)
def test_what_is_wrong_is_told_by_file_and_key(tmp_path: Path, text: str, told: str) -> None:
    with pytest.raises(UserError) as failure:
        load(tmp_path, text)
    assert told in failure.value.cause
    assert "it.toml" in failure.value.cause
    assert "\n" not in str(failure.value)


def test_a_missing_file_is_told_with_those_that_exist(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"desktop\.toml"):
        load_config(tmp_path / "nope.toml")


def test_a_file_that_is_no_text_is_told(tmp_path: Path) -> None:
    path = tmp_path / "it.toml"
    path.write_bytes(b"\xff\xfe\x00")
    with pytest.raises(UserError, match="can't be read"):
        load_config(path)


def test_folders_beside_the_file_are_meant_from_anywhere_and_others_where_the_command_is_given(
    tmp_path: Path,
) -> None:
    (tmp_path / "mine" / "models").mkdir(parents=True)
    text = '[tts]\nadapter = "step-audio"\nvoices = "mine/voices"\n[step_audio]\nmodels = "mine/models"\n'
    config = load(tmp_path, text)
    assert isinstance(config, Config)
    assert config.step_audio is not None
    assert config.step_audio.models == str(tmp_path / "mine" / "models")
    assert isinstance(config.tts, StepAudio)
    assert config.tts.voices == "mine/voices"
