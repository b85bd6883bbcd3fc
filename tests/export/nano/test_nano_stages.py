"""The stages: what they are given to learn, and that they learn it."""

from pathlib import Path

import numpy as np
import pytest
import torch

from edge_audio.step_audio.prompts import speech_prompt
from edge_audio.step_audio.text_tokenizer import TextTokenizer
from export.nano.codes import Coded, read_codes, write_codes
from export.nano.decoder import FlowStage, Spoken, frames_of
from export.nano.features import PHONES, Sentence
from export.nano.language_model import LanguageModelStage, Utterance, utterances
from export.nano.numerals import numeral_sentences
from export.nano.speaker import SpeakerStage, Voice
from export.nano.tokenizers import CHUNK_HOPS, Tokenizers, TokenizersStage, k_means, stream
from export.nano.training import Stage
from export.nano.vocabulary import PIECES, control_tags, write_vocabulary
from export.nano.vocoder import Recording, VocoderStage

_RNG = np.random.default_rng(0)


@pytest.fixture(autouse=True)
def _seeded() -> None:
    torch.manual_seed(0)


def _learn(stage: Stage, steps: int, rate: float = 3e-3) -> tuple[float, float]:
    """Return the sum of the losses on the same examples before and after some steps on them."""
    optimizer = torch.optim.AdamW(stage.module.parameters(), rate)

    def total() -> torch.Tensor:
        torch.manual_seed(1)
        return torch.stack(
            [loss.float() for loss in stage.losses(0, np.random.default_rng(5)).values()]
        ).sum()

    before = total().item()
    for _ in range(steps):
        optimizer.zero_grad()
        torch.autograd.backward(total())
        optimizer.step()
    return before, total().item()


def _sentence(hops: int, speaker: str = "slt") -> Sentence:
    frames = hops * 86 // 100
    arrays = {
        "fbank": _RNG.normal(10, 3, (hops - 2, 80)).astype(np.float16),
        "log_mel": _RNG.normal(0, 0.5, (hops, 128)).astype(np.float16),
        "mel": _RNG.normal(-5, 2, (frames, 80)).astype(np.float16),
        "f0": np.where(np.arange(frames) % 20 < 12, 150.0, 0.0).astype(np.float32),
        "labels": _RNG.integers(len(PHONES), size=hops).astype(np.uint8),
        "pcm": _RNG.integers(-3000, 3000, hops * 160).astype(np.int16),
    }
    return Sentence("Hello there.", speaker, "", False, (("pau", 0.1), ("hh", hops / 100)), arrays)


def test_a_stream_joins_sentences_in_whole_steps() -> None:
    joined = stream([_sentence(100), _sentence(CHUNK_HOPS, "awb")])

    assert len(joined.labels) == 5 * CHUNK_HOPS + CHUNK_HOPS
    assert joined.speaker[0] != joined.speaker[-1]
    voiced = joined.f0[~np.isnan(joined.f0)]
    np.testing.assert_allclose(voiced, 0.0, atol=1e-6)  # against the speaker's usual pitch


def test_the_tokenizers_learn() -> None:
    stage = TokenizersStage(stream([_sentence(96 * 40)]), steps=10**9)

    before, after = _learn(stage, 3, 3e-4)

    assert after < before


def test_every_code_of_the_tokenizers_is_in_its_book() -> None:
    tokenizers = Tokenizers().eval()
    with torch.no_grad():
        linguistic, semantic = tokenizers.encode(torch.randn(1, 48, 80), torch.randn(1, 48, 128))
        assert tokenizers.linguistic_codes(linguistic).shape == (1, 8)
        assert tokenizers.semantic_codes(semantic).shape == (1, 12)
    np.testing.assert_allclose(semantic.norm(dim=-1).numpy(), 1.0, rtol=1e-5)


def test_k_means_finds_the_middles_of_clouds() -> None:
    middles = torch.tensor([[0.0, 0.0], [10.0, 0.0], [0.0, 10.0]])
    points = (middles[:, None] + 0.1 * torch.randn(3, 200, 2)).flatten(0, 1)

    found = k_means(points, 3, np.random.default_rng(1), rounds=20)

    for middle in middles:
        assert (found - middle).norm(dim=1).min() < 0.1


def test_the_vocoder_learns(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("export.nano.vocoder._BATCH", 2)
    recordings = [
        Recording(
            _RNG.normal(-4, 1, (60, 80)).astype(np.float16),
            np.full(60, 150, np.float32),
            _RNG.integers(-3000, 3000, 60 * 256).astype(np.int16),
        )
    ]

    before, after = _learn(VocoderStage(recordings), 6, 1e-3)

    assert after < before


def test_the_speaker_model_learns_to_tell_voices_apart() -> None:
    voices = [
        Voice((_RNG.normal(0, 1, (200, 80)) + 3 * np.sin(np.arange(80) / (3 + who))).astype(np.float32), who)
        for who in (0, 1, 2)
    ]

    before, after = _learn(SpeakerStage(voices), 30)

    assert after < 0.5 * before


def _spoken(groups: int, speaker: str) -> Spoken:
    codes = _RNG.integers(5120, size=5 * groups)
    return Spoken(codes, _RNG.normal(-5, 2, (frames_of(groups), 80)).astype(np.float32), speaker)


def test_the_flow_learns(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("export.nano.decoder._BATCH_GROUPS", 60)
    stage = FlowStage([_spoken(30, "slt"), _spoken(25, "slt")], {"slt": np.ones((1, 192), np.float32)})

    before, after = _learn(stage, 3, rate=3e-4)

    assert after < before


def test_a_cut_has_the_frames_of_its_codes() -> None:
    spoken = _spoken(30, "slt")

    codes, mel = spoken.cut(10, 4, frames_of(4))

    np.testing.assert_array_equal(codes, spoken.codes[50:70])
    np.testing.assert_array_equal(mel, spoken.mel[103 : 103 + 41])


@pytest.fixture(scope="module")
def tokenizer_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("lm")
    words = [
        f"{one}{other}" for one in "bcdfghklmnprstvw" for other in ("ello", "at", "ing", "ere", "o", "u")
    ]
    chat = [f"{one} {other}." for one in words for other in words]
    write_vocabulary(folder, [*chat, *numeral_sentences(2000)], control_tags(), pieces=500)
    return folder


@pytest.fixture
def said(tokenizer_folder: Path, monkeypatch: pytest.MonkeyPatch) -> LanguageModelStage:
    monkeypatch.setattr("export.nano.language_model._TOKENS", 400)
    characters = np.repeat(np.arange(12), 5)
    utterance = Utterance("Hello there.", "(慢速1)", np.arange(60), characters)
    return LanguageModelStage(tokenizer_folder, {"slt": [utterance]})


def test_an_example_is_what_the_voice_reads_and_then_says(
    said: LanguageModelStage, tokenizer_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("export.nano.language_model._SAMPLED", 0.0)
    monkeypatch.setattr("export.nano.language_model._JOINED", 0.0)
    tokenizer = TextTokenizer.open(tokenizer_folder)

    ids, aligned = said.example(np.random.default_rng(0))

    codes = [code + PIECES for code in range(60)]
    prompt = speech_prompt(tokenizer, "(慢速1)Hello there.", "", "(慢速1)Hello there.", codes)
    assert ids.tolist() == [*prompt, *codes, tokenizer.end_of_turn]
    # Where the first code is to be said, the first piece of the second text is looked at, not its tag.
    first = len(prompt) - 1
    looked_at = ids[aligned[first]].item()
    assert looked_at != tokenizer.encode("(慢速1)")[0]
    assert tokenizer.decode([looked_at]).strip().startswith("H")
    assert (aligned[first : first + 60] >= 0).all()
    assert aligned[-2:].tolist() == [-1, -1]


def test_the_language_model_learns(said: LanguageModelStage) -> None:
    before, after = _learn(said, 3, 1e-3)

    assert after < before


def test_a_phone_s_time_tells_which_letter_is_spoken_at_a_code() -> None:
    phones = (("pau", 0.05), ("hh", 0.1), ("eh", 0.2), ("l", 0.3), ("ow", 0.5), ("pau", 0.6))
    coded = [Coded("hello", "slt", "loud", False, phones, tuple(range(25)))] * 30

    (utterance, *_) = utterances(coded)["slt"]

    assert utterance.tag == ""  # codes don't tell how loud something is said
    assert len(utterance.characters) == 25
    # In a group the linguistic codes come first, though they tell of the same time as the semantic ones.
    firsts = utterance.characters[::5]
    assert firsts.tolist() == sorted(firsts.tolist())
    assert utterance.characters[-1] == 4


def test_a_sentence_that_is_too_long_to_be_heard_at_once_gets_no_codes(tmp_path: Path) -> None:
    path = tmp_path / "codes.jsonl"

    assert write_codes(path, Tokenizers().eval(), [_sentence(3100), _sentence(240)]) == 1

    (coded,) = read_codes(path)
    assert len(coded.codes) == 100
