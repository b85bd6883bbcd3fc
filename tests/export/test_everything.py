"""From a random release to sound: every component exported, opened again, and run one after the other."""

import itertools
import threading
import time
from pathlib import Path

import numpy as np
import pytest

from edge_audio.bench import models as bench
from edge_audio.step_audio.component import Component
from edge_audio.step_audio.decoder.flow import FlowDecoder
from edge_audio.step_audio.decoder.hift import HiftVocoder
from edge_audio.step_audio.decoder.source import SeededSourceNoise
from edge_audio.step_audio.decoder.speech import WHOLE, Chunking, SpeechDecoder
from edge_audio.step_audio.language_model.generation import generate
from edge_audio.step_audio.language_model.model import LanguageModel
from edge_audio.step_audio.noise import PlacedNoise
from edge_audio.step_audio.placement import ALL_ON_CPU
from edge_audio.step_audio.prompts import speech_prompt
from edge_audio.step_audio.sampler import RandomSampler
from edge_audio.step_audio.text_tokenizer import TextTokenizer
from edge_audio.step_audio.voice_prompt import VoicePrompt
from export import components
from export.precision import Precision
from export.progress import silent
from export.release import DECODER, Release
from runtime.errors import UserError
from runtime.worker import Cancelled, CancelToken

ALL = {"flow", "flow-music", "hift", "hift-music", "linguistic", "lm", "semantic", "speaker"}
SEED = 5


@pytest.fixture(scope="module")
def release(toy_release):
    return toy_release


@pytest.fixture(scope="module")
def models(toy_models):
    return toy_models


@pytest.fixture(scope="module")
def prompt():
    generator = np.random.default_rng(SEED)
    return VoicePrompt(
        generator.integers(0, 5120, 60),
        generator.standard_normal((124, 80)).astype(np.float32),
        generator.standard_normal(192).astype(np.float32),
    )


@pytest.fixture(scope="module")
def codes():
    return np.random.default_rng(SEED + 1).integers(0, 5120, 250)


@pytest.fixture(scope="module")
def flow(models):
    return FlowDecoder.load(models / "flow")


@pytest.fixture(scope="module")
def vocoder(models):
    return HiftVocoder.load(models / "hift")


def streamed(decoder, codes, prompt):
    """Return the pieces of sound that come while the codes do, five at a time."""
    utterance = decoder.begin(prompt, SEED)
    pieces = [
        piece for start in range(0, len(codes), 5) for piece in utterance.feed(codes[start : start + 5])
    ]
    return [*pieces, *utterance.finish()]


def test_all_components_are_there_with_their_records(models):
    assert {folder.name for folder in models.iterdir()} == ALL
    for name in ALL:
        record = Component(models / name, name.removesuffix("-music")).record
        assert record.precision == ("int8" if name == "lm" else "fp32")
        assert all(len(digest) == 64 for digest in record.sources.values())


def test_text_becomes_sound(models, flow, vocoder, prompt):
    tokenizer = TextTokenizer.open(models / "lm")
    model = LanguageModel.load(models / "lm")
    sampler = RandomSampler(np.random.default_rng(SEED), columns=model.output_ids)
    ids = speech_prompt(tokenizer, "Hello.", "", "Hi.", prompt.codes + tokenizer.audio.first_id)
    utterance = SpeechDecoder(flow, vocoder).begin(prompt, SEED)
    groups, sound = [], []

    def emit(group):
        groups.append(group)
        sound.extend(utterance.feed(tokenizer.audio.codes(group)))

    generate(model, ids, sampler, model.new_cache(), CancelToken(), emit, max_length=len(ids) + 100)
    heard_early = len(sound)
    sound.extend(utterance.finish())
    assert heard_early or len(groups) < 7
    pcm = np.concatenate(sound)
    assert len(pcm) == flow.frames_of(sum(map(len, groups))) * vocoder.settings.source.samples_per_frame
    assert np.all(np.isfinite(pcm))


def test_chunks_in_their_whole_context_equal_the_offline_sound(flow, vocoder, prompt, codes):
    frames = flow.frames_of(len(codes))
    noise = PlacedNoise(SEED, flow.bands).between(-len(prompt.mel), frames)
    harmonics = len(vocoder.settings.source.weights)
    offline = vocoder.wav(flow.mel(codes, prompt, noise), SeededSourceNoise(SEED, harmonics))
    pieces = streamed(SpeechDecoder(flow, vocoder, WHOLE), codes, prompt)
    assert len(pieces) > 5
    error = np.abs(np.concatenate(pieces) - offline)
    # Rounding of the pitch adds up in the phase, and nothing else differs.
    assert error.mean() < 1e-5
    assert error.max() < 1e-2


def test_the_first_sound_leaves_before_a_second_of_codes_has_come(flow, vocoder, prompt, codes):
    utterance = SpeechDecoder(flow, vocoder).begin(prompt, SEED)
    assert sum(len(piece) for piece in utterance.feed(codes[:41])) > 0.2 * vocoder.sample_rate_hz


def test_no_join_jumps_higher_than_the_sound_inside_chunks(flow, vocoder, prompt, codes):
    pieces = streamed(SpeechDecoder(flow, vocoder, Chunking(25, 25, 50, 10)), codes, prompt)
    pieces = [piece for piece in pieces if len(piece)]
    inside = np.concatenate([np.abs(np.diff(piece)) for piece in pieces])
    joins = [abs(after[0] - before[-1]) for before, after in itertools.pairwise(pieces)]
    assert len(joins) >= 8
    assert max(joins) <= np.percentile(inside, 99)


def test_the_same_seed_gives_the_same_sound(flow, vocoder, prompt, codes):
    decoder = SpeechDecoder(flow, vocoder)
    first, second = (np.concatenate(streamed(decoder, codes[:60], prompt)) for _ in range(2))
    assert np.array_equal(first, second)


def test_a_cancelled_decoder_frees_its_thread(flow, vocoder, prompt):
    """At true sizes a step takes seconds on a CPU; what is stopped here is a long mel."""
    codes = np.random.default_rng(0).integers(0, 5120, 3000)
    utterance = SpeechDecoder(flow, vocoder, WHOLE).begin(prompt, SEED)
    list(utterance.feed(codes))
    token = CancelToken()
    ended = []

    def work():
        try:
            list(utterance.finish(token))
        except Cancelled:
            ended.append(time.perf_counter())

    thread = threading.Thread(target=work)
    thread.start()
    time.sleep(0.1)
    cancelled = time.perf_counter()
    token.cancel()
    thread.join()
    assert ended
    assert ended[0] - cancelled < 0.5  # 50 ms on a quiet machine: `edge-audio bench models` measures it


def test_the_bench_measures_every_component(models):
    asked = []
    figures = bench.measure_models([models], ALL_ON_CPU, asked.append)
    measured = {Path(folder).name: each for folder, each in figures["components"].items()}
    assert list(measured) == ["linguistic", "semantic", "lm", "flow", "hift"]
    assert asked == list(figures["components"])
    assert all(measured[name]["s_per_s"] > 0 for name in ("linguistic", "semantic", "flow", "hift"))
    lm = measured["lm"]
    assert lm["precision"] == "int8"
    assert 0 < lm["bytes_per_step"] < sum(file.stat().st_size for file in (models / "lm").iterdir())
    assert lm["read_gb_s"] == pytest.approx(lm["of_bandwidth"] * lm["bandwidth_gb_s"], abs=0.5)
    assert lm["cancel_to_free_ms"]["most"] is not None


def test_the_bench_says_when_there_is_nothing_to_measure(tmp_path):
    with pytest.raises(UserError, match="no exported component"):
        bench.measure_models([tmp_path], ALL_ON_CPU, print)


@pytest.mark.parametrize("missing", ["Step-Audio-Tokenizer", "Step-Audio-TTS-3B"])
def test_a_release_without_a_repository_is_told(tmp_path, missing):
    (tmp_path / "other").mkdir()
    release = Release(tmp_path)
    with pytest.raises(UserError, match=missing):
        _ = release.tokenizer if missing == "Step-Audio-Tokenizer" else release.tts


def test_a_release_without_a_decoder_for_music_exports_without_it(tmp_path, monkeypatch):
    exported = []
    for name in ("export_flow", "export_hift"):
        monkeypatch.setattr(components, name, lambda source, output, *_: exported.append((source, output)))
    decoder = tmp_path / DECODER
    decoder.mkdir()
    for export in (components.flow, components.hift):
        export(Release(tmp_path), tmp_path / "models", Precision.FP32, silent)
    assert exported == [(decoder, tmp_path / "models" / name) for name in ("flow", "hift")]


def test_a_checkpoint_that_fails_leaves_the_older_export_alone(release, models, tmp_path, monkeypatch):
    before = {path: path.stat().st_mtime_ns for path in models.rglob("*")}
    model = release.decoder / "flow.pt"
    whole = model.read_bytes()
    try:
        model.write_bytes(whole[: len(whole) // 2])
        with pytest.raises(UserError, match=r"flow\.pt is truncated"):
            components.flow(release, models, Precision.FP32, silent)
    finally:
        model.write_bytes(whole)
    assert before == {path: path.stat().st_mtime_ns for path in models.rglob("*")}
