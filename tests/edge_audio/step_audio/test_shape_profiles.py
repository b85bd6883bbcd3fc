"""What the voice asks of the graphs lies in the profiles that TensorRT builds its engines for."""

from collections import Counter
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pytest

from edge_audio.config import configs_folder, load_config
from edge_audio.step_audio.decoder import flow, hift
from edge_audio.step_audio.decoder.flow import FlowDecoder
from edge_audio.step_audio.decoder.hift import HiftVocoder
from edge_audio.step_audio.decoder.speech import SpeechDecoder
from edge_audio.step_audio.shape_profiles import PROFILES
from edge_audio.step_audio.voice_prompt import VoicePrompt
from runtime.compute import Compute
from runtime.onnx_inputs import read_inputs
from runtime.session import Array, OnnxSession
from runtime.worker import CancelToken

PROMPT_CODES, PROMPT_FRAMES = 183, 379
"""4.4 s."""

Lengths = dict[tuple[str, str], Counter[int]]


@pytest.fixture
def lengths(monkeypatch: pytest.MonkeyPatch) -> Lengths:
    """How often each length of each graph's axes was asked for, by graph file and axis."""
    found: Lengths = {}

    class Recording(OnnxSession):
        def __init__(self, path: Path, compute: Compute) -> None:
            super().__init__(path, compute)
            self._graph, self._axes = path.name, read_inputs(path)

        def run(self, feeds: Mapping[str, Array], token: CancelToken | None = None) -> list[Array]:
            for name, axes in self._axes.items():
                for axis, length in zip(axes, feeds[name].shape, strict=True):
                    if isinstance(axis, str) and axis.isidentifier():
                        found.setdefault((self._graph, axis), Counter())[length] += 1
            return super().run(feeds, token)

    for module in (flow, hift):
        monkeypatch.setattr(module, "OnnxSession", Recording)
    return found


@pytest.mark.parametrize("codes", [1, 5, 34, 36, 270])
def test_an_utterance_stays_within_the_profiles(toy_models: Path, lengths: Lengths, codes: int) -> None:
    speak(toy_models, codes)
    profiles = PROFILES["flow"] | PROFILES["hift"]
    assert set(lengths) == {(graph, axis) for graph, profile in profiles.items() for axis in profile}
    for (graph, axis), found in lengths.items():
        profile = profiles[graph][axis]
        assert profile.shortest <= min(found) <= max(found) <= profile.longest, (graph, axis)


def test_the_usual_lengths_are_those_of_a_long_utterance(toy_models: Path, lengths: Lengths) -> None:
    speak(toy_models, 510)
    profiles = PROFILES["flow"] | PROFILES["hift"]
    for (graph, axis), found in lengths.items():
        usual = np.median(list(found.elements()))
        assert profiles[graph][axis].usual == pytest.approx(usual, rel=0.02), (graph, axis)


def test_the_config_for_jetson_writes_the_same_profiles_out() -> None:
    config = load_config(configs_folder() / "jetson-orin.toml").step_audio
    assert config is not None
    assert config.device == "tensorrt"
    assert config.profiles == {name: PROFILES[name] for name in ("flow", "hift")}


def test_the_config_for_jetson_leaves_tensorrt_only_what_has_a_profile() -> None:
    config = load_config(configs_folder() / "jetson-orin.toml").step_audio
    assert config is not None
    on_tensorrt = {"linguistic", "semantic", "lm", "flow", "hift"} - set(config.devices)
    assert on_tensorrt <= set(PROFILES)


def speak(models: Path, codes: int) -> None:
    """Make the sound of that many codes, which come in groups of five."""
    decoder = SpeechDecoder(FlowDecoder.load(models / "flow", steps=1), HiftVocoder.load(models / "hift"))
    prompt = VoicePrompt(
        np.zeros(PROMPT_CODES, np.int64), np.zeros((PROMPT_FRAMES, 80), np.float32), np.ones(192, np.float32)
    )
    utterance = decoder.begin(prompt)
    written = np.arange(codes)
    for place in range(0, codes, 5):
        list(utterance.feed(written[place : place + 5]))
    list(utterance.finish())
