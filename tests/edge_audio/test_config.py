from pathlib import Path

import pytest

from edge_audio.asr.whisper import WhisperConfig
from edge_audio.config import Config, configs_folder, load_config
from edge_audio.llm.openai_server import OpenAIConfig
from edge_audio.tts.hibari import HibariConfig
from edge_audio.tts.step_audio_config import StepAudioVoiceConfig
from runtime.errors import UserError

VOICE = '[tts]\nadapter = "hibari"\n'


def load(tmp_path: Path, text: str) -> Config:
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


def test_an_empty_file_means_the_defaults(tmp_path: Path) -> None:
    config = load(tmp_path, "")
    assert config == Config()
    assert config.tts == HibariConfig()
    assert (config.asr, config.llm) == (None, None)


def test_a_table_without_an_adapter_means_the_default_one(tmp_path: Path) -> None:
    assert load(tmp_path, "[asr]\nthreads = 2").asr == WhisperConfig(threads=2)


def test_a_server_is_chosen_by_its_adapter(tmp_path: Path) -> None:
    text = f'{VOICE}[llm]\nadapter = "openai"\nurl = "http://127.0.0.1:1/v1"\nmodel = "m"\n'
    assert load(tmp_path, text).llm == OpenAIConfig(url="http://127.0.0.1:1/v1", model="m")


def test_the_second_chat_model_has_an_adapter_of_its_own(tmp_path: Path) -> None:
    text = '[asr]\n[fallback.llm]\nadapter = "openai"\nurl = "http://127.0.0.1:1/v1"\nmodel = "m"\n'
    fallback = load(tmp_path, text).fallback
    assert fallback is not None
    assert fallback.llm == OpenAIConfig(url="http://127.0.0.1:1/v1", model="m")


def test_keys_of_version_0_1_0_mean_what_they_meant(tmp_path: Path) -> None:
    config = load(tmp_path, "[vad]\npause_ms = 96\n[end_of_turn]\nthreshold = 0.4\npause_ms = 300\n")
    assert config.vad.min_silence_ms == 96
    assert (config.end_of_turn.p_end, config.end_of_turn.mean_pause_ms) == (0.4, 300.0)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        (VOICE + "volume = 3", "unknown key tts.volume. There are: adapter, speed, voice, threads."),
        (VOICE + "sped = 1.0", "unknown key tts.sped. Did you mean speed?"),
        ('[tts]\nadaptor = "hibari"', "unknown key tts.adaptor. Did you mean adapter?"),
        (VOICE + '[conversation]\nspeculate = "fast"', "Choose one of: none, frugal, balanced, eager."),
        ("colour = 1\n" + VOICE, "unknown key colour. There are: audio, vad, "),
        ('[tts]\nadapter = "parrot"', "tts.adapter: there is no adapter 'parrot'"),
        ('[tts]\nadapter = "parrot"', "Choose one of: hibari, step-audio."),
        ("[tts]\nadapter = 3", "tts.adapter: expected `str`"),
        ("tts = 3", "tts: expected a table"),
        (VOICE + "speed = 9.0", "tts.speed: expected `float` <= 2.0"),
        (VOICE + 'speed = "fast"', "tts.speed: expected `float`"),
        ('[tts]\nadapter = "step-audio"', "the voice step-audio needs the table [step_audio]"),
        (
            VOICE + '[llm]\nadapter = "step-chat"\nurl = "http://h/v1"',
            "step-chat needs the table [step_audio]",
        ),
        ('[llm]\nadapter = "openai"\nurl = "http://h/v1"', "llm: the key model is missing"),
        (VOICE + '[fallback.llm]\nadapter = "llama.cpp"', "it needs the recognizer of [asr]"),
        ('[asr]\n[fallback.llm]\nadapter = "parrot"', "fallback.llm.adapter: there is no adapter 'parrot'"),
        ("[asr]\n[fallback.llm]\nthread = 1", "unknown key fallback.llm.thread. Did you mean threads?"),
        (
            '[asr]\n[fallback.llm]\nadapter = "step-chat"\nurl = "http://h/v1"',
            "step-chat needs the table [step_audio]",
        ),
        (VOICE + "[fallback]", "fallback: the key llm is missing"),
        ("[vad]\npause_ms = 96\nmin_silence_ms = 96", "vad.pause_ms and vad.min_silence_ms are one key"),
        (VOICE + '[step_audio]\nmodels = "m"\ndevice = "npu"', "step_audio.device: invalid enum value 'npu'"),
        (
            VOICE + '[step_audio]\nmodels = "m"\ndevices.llm = "cpu"',
            "step_audio.devices: invalid enum value 'llm'",
        ),
        (
            VOICE + '[step_audio]\nmodels = "m"\nprofiles.lm."prefill.onnx".past = [3, 2, 1]',
            "lengths must ascend: 3, 2, 1",
        ),
        ("[metrics]\nhost = '0.0.0.0'", "metrics: others can reach 0.0.0.0"),
        ("[tts", "not valid TOML"),
    ],
)
def test_what_is_wrong_is_told_by_file_and_key(tmp_path: Path, text: str, told: str) -> None:
    with pytest.raises(UserError) as failure:
        load(tmp_path, text)
    assert told in str(failure.value)
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
    assert config.step_audio is not None
    assert config.step_audio.models == str(tmp_path / "mine" / "models")
    assert config.tts == StepAudioVoiceConfig(voices="mine/voices")


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("", None),
        ("[asr]", "en"),
        ('[asr]\nlanguage = "de"', "de"),
        ('[asr]\nlanguage = "auto"', None),
        ('[asr]\nlanguage = "auto"\n[conversation]\nlanguage = "fr"', "fr"),
        ('[asr]\nlanguage = "de"\n[conversation]\nlanguage = "fr"', "fr"),
    ],
)
def test_the_expected_language_is_the_conversation_s_or_the_recognizer_s(
    tmp_path: Path, text: str, language: str | None
) -> None:
    assert load(tmp_path, text).language == language


def test_a_path_may_be_text(tmp_path: Path) -> None:
    path = tmp_path / "it.toml"
    path.write_text(VOICE)
    assert load_config(str(path)) == load_config(path)
