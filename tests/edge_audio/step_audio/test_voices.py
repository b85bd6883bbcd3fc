from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile

from edge_audio.step_audio.features.recording import Recording
from edge_audio.step_audio.voice_prompt import VoicePrompt
from edge_audio.step_audio.voices import CACHE, RECORDING, TEXT, VoiceRegistry
from runtime.errors import UserError

RATE_HZ = 22_050


def recording(seed: int = 0, samples: int = 500) -> Recording:
    pcm = np.random.default_rng(seed).uniform(-0.9, 0.9, samples).astype(np.float32)
    return Recording(pcm, RATE_HZ)


class CountingEncoder:
    """Makes a prompt from the first samples, and counts how often."""

    def __init__(self, fingerprint: str = "a", refuse: bool = False) -> None:
        self.fingerprint = fingerprint
        self.calls = 0
        self._refuse = refuse

    def __call__(self, recording: Recording) -> VoicePrompt:
        self.calls += 1
        if self._refuse:
            raise UserError("The recording is too short for a voice.", "Record a few seconds of speech.")
        pcm = recording.pcm
        return VoicePrompt(
            np.arange(10), pcm[:160].reshape(2, 80), np.append(pcm[:191], np.float32(pcm.size))
        )


def assert_same(one: VoicePrompt, other: VoicePrompt) -> None:
    for name in ("codes", "mel", "embedding"):
        np.testing.assert_array_equal(getattr(one, name), getattr(other, name), strict=True)


@pytest.fixture
def registry(tmp_path: Path) -> VoiceRegistry:
    return VoiceRegistry(tmp_path / "voices")


def test_a_missing_folder_has_no_voices(registry: VoiceRegistry) -> None:
    assert registry.names() == ()
    with pytest.raises(UserError, match="no voice called 'Ann'") as refused:
        registry.load("Ann")
    assert "Add it with" in str(refused.value)


def test_a_voice_comes_back_as_it_was_added(registry: VoiceRegistry) -> None:
    added = registry.add("Ann", recording(), " Hello,\n it's me. ", CountingEncoder())
    loaded = VoiceRegistry(registry.folder).load("Ann")
    assert (loaded.name, loaded.text) == ("Ann", "Hello, it's me.")
    assert_same(loaded.prompt, added.prompt)
    pcm, rate_hz = soundfile.read(registry.folder / "Ann" / RECORDING, dtype="float32")
    np.testing.assert_array_equal(pcm, recording().pcm)
    assert rate_hz == RATE_HZ


def test_names_are_sorted_and_include_rap_and_humming(registry: VoiceRegistry) -> None:
    for name in ("Tingting哼唱", "Tingting", "TingtingRAP", "Ann-2_b"):
        registry.add(name, recording(), "Hello.", CountingEncoder())
    assert registry.names() == ("Ann-2_b", "Tingting", "TingtingRAP", "Tingting哼唱")
    with pytest.raises(UserError, match="Ann-2_b, Tingting, TingtingRAP, Tingting哼唱"):
        registry.load("Bob")


@pytest.mark.parametrize(
    "name", ["", ".", "..", "../Ann", "a/b", "/tmp/x", "a\\b", "-x", "a b", "a\n", "x" * 61]
)
def test_a_name_can_not_be_a_path_or_an_option(registry: VoiceRegistry, name: str) -> None:
    encoder = CountingEncoder()
    with pytest.raises(UserError, match="can't be the name"):
        registry.add(name, recording(), "Hello.", encoder)
    with pytest.raises(UserError, match="no voice called"):
        registry.load(name)
    with pytest.raises(UserError, match="no voice called"):
        registry.remove(name)
    assert encoder.calls == 0
    assert not registry.folder.exists()


def test_a_taken_name_is_refused_and_its_voice_kept(registry: VoiceRegistry) -> None:
    kept = registry.add("Ann", recording(), "Hello.", CountingEncoder())
    with pytest.raises(UserError, match="There is a voice called Ann already"):
        registry.add("Ann", recording(1), "Goodbye.", CountingEncoder())
    assert registry.load("Ann").text == "Hello."
    assert_same(registry.load("Ann").prompt, kept.prompt)


def test_a_recording_without_text_is_refused(registry: VoiceRegistry) -> None:
    with pytest.raises(UserError, match="text of the recording is missing"):
        registry.add("Ann", recording(), " \n", CountingEncoder())


def test_a_recording_of_no_use_leaves_nothing(registry: VoiceRegistry) -> None:
    with pytest.raises(UserError, match="too short"):
        registry.add("Ann", recording(), "Hello.", CountingEncoder(refuse=True))
    assert registry.names() == ()
    assert not registry.folder.exists()


def test_a_failed_write_leaves_nothing(registry: VoiceRegistry, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object, **__: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("edge_audio.step_audio.voices.np.savez", full)
    with pytest.raises(UserError, match="No space left on device"):
        registry.add("Ann", recording(), "Hello.", CountingEncoder())
    assert list(registry.folder.iterdir()) == []


def test_a_removed_voice_is_gone_and_the_others_stay(registry: VoiceRegistry) -> None:
    registry.add("Ann", recording(), "Hello.", CountingEncoder())
    registry.add("Bob", recording(1), "Hello.", CountingEncoder())
    registry.remove("Ann")
    assert registry.names() == ("Bob",)
    assert [path.name for path in registry.folder.iterdir()] == ["Bob"]


def test_the_cache_is_used_while_recording_and_models_are_the_same(registry: VoiceRegistry) -> None:
    registry.add("Ann", recording(), "Hello.", CountingEncoder())
    encoder = CountingEncoder()
    VoiceRegistry(registry.folder, encoder).load("Ann")
    assert encoder.calls == 0


def test_other_models_make_the_prompt_again_once(registry: VoiceRegistry) -> None:
    made = registry.add("Ann", recording(), "Hello.", CountingEncoder("a")).prompt
    encoder = CountingEncoder("b")
    assert_same(VoiceRegistry(registry.folder, encoder).load("Ann").prompt, made)
    VoiceRegistry(registry.folder, encoder).load("Ann")
    assert encoder.calls == 1


def test_a_changed_recording_is_told_or_made_again(registry: VoiceRegistry) -> None:
    registry.add("Ann", recording(), "Hello.", CountingEncoder())
    changed = recording(1, 700)
    soundfile.write(registry.folder / "Ann" / RECORDING, changed.pcm, RATE_HZ, subtype="FLOAT")
    with pytest.raises(UserError, match=r"prompt\.npz was not made from the recording beside it\. Export "):
        registry.load("Ann")
    assert VoiceRegistry(registry.folder, CountingEncoder()).load("Ann").prompt.embedding[-1] == 700
    assert registry.load("Ann").prompt.embedding[-1] == 700


PROMPT = {
    "codes": np.arange(10),
    "mel": np.zeros((2, 80), np.float32),
    "embedding": np.zeros(192, np.float32),
    "recording": np.array("x"),
    "models": np.array("a"),
}


@pytest.mark.parametrize(
    "damage",
    [
        {"codes": np.arange(10) - 1},
        {"codes": np.arange(10.0)},
        {"codes": np.zeros(0, np.int64)},
        {"mel": np.zeros(80, np.float32)},
        {"mel": np.full((2, 80), np.nan, np.float32)},
        {"embedding": np.zeros(192)},
        {"embedding": np.array([print], object)},
    ],
    ids=lambda damage: " ".join(f"{name} {value.dtype}" for name, value in damage.items()),
)
def test_a_cache_of_something_else_is_never_used(registry: VoiceRegistry, damage: dict[str, Any]) -> None:
    registry.add("Ann", recording(), "Hello.", CountingEncoder())
    cache = registry.folder / "Ann" / CACHE
    with np.load(cache) as arrays:
        recorded = arrays["recording"]
    np.savez(cache, **{**PROMPT, "recording": recorded})
    np.testing.assert_array_equal(registry.load("Ann").prompt.codes, np.arange(10))
    np.savez(cache, **{**PROMPT, "recording": recorded, **damage})
    with pytest.raises(UserError, match=r"prompt\.npz is missing or damaged\. Export "):
        registry.load("Ann")


@pytest.mark.parametrize("content", [b"", b"PK\x03\x04", b"\x93NUMPY", None])
def test_a_damaged_cache_is_made_again(registry: VoiceRegistry, content: bytes | None) -> None:
    made = registry.add("Ann", recording(), "Hello.", CountingEncoder()).prompt
    cache = registry.folder / "Ann" / CACHE
    if content is None:
        cache.unlink()
    else:
        cache.write_bytes(content)
    assert_same(VoiceRegistry(registry.folder, CountingEncoder()).load("Ann").prompt, made)


@pytest.mark.parametrize("content", [b"", b"\xff\xfe", None])
def test_a_voice_without_its_text_is_told(registry: VoiceRegistry, content: bytes | None) -> None:
    registry.add("Ann", recording(), "Hello.", CountingEncoder())
    text = registry.folder / "Ann" / TEXT
    if content is None:
        text.unlink()
    else:
        text.write_bytes(content)
    with pytest.raises(UserError, match=r"prompt\.txt is"):
        registry.load("Ann")
