"""Untrained stages of nano as a checkpoint, exported and opened by the runtime: they compute the same there.

All have their real sizes, but flow and vocoder fewer layers, whose graphs take long to export.
"""

import dataclasses
import shutil

import msgspec
import numpy as np
import pytest
import torch

from edge_audio.audio.log_mel import LogMel
from edge_audio.step_audio.component import Component
from edge_audio.step_audio.decoder.flow import FlowDecoder
from edge_audio.step_audio.decoder.hift import HiftVocoder
from edge_audio.step_audio.features.kaldi import INT16_SCALE, Fbank
from edge_audio.step_audio.features.speaker import FILE, SpeakerModel
from edge_audio.step_audio.language_model.model import LanguageModel
from edge_audio.step_audio.text_tokenizer import TextTokenizer
from edge_audio.step_audio.tokenizer.dual import DualCodes, DualTokenizer
from edge_audio.step_audio.tokenizer.linguistic import LinguisticEncoder
from edge_audio.step_audio.tokenizer.semantic import SemanticEncoder
from edge_audio.step_audio.tokens import GROUP, RELEASED
from edge_audio.step_audio.voice_prompt import VoicePrompt
from export import components
from export.flow.export import module_decoder
from export.nano import decoder, language_model, speaker, tokenizers, vocoder
from export.nano.checkpoint import write_nano
from export.nano.codes import coded
from export.nano.features import SEMANTIC_BANDS, Sentence
from export.nano.vocabulary import PIECES
from export.precision import Precision
from export.progress import silent
from export.release import Release
from export.toy.tokenizer import write_tokenizer
from runtime.errors import UserError

TAGS = ["慢速1", "快速2"]
GUIDANCE = 0.35
STEP_SAMPLES = tokenizers.CHUNK_HOPS * 160
GROUPS_PER_STEP = tokenizers.LINGUISTIC.chunk // 2


@pytest.fixture(scope="module")
def shallow():
    """Let flow and vocoder have fewer layers."""
    flow = dataclasses.replace(
        decoder.SIZES,
        encoder=dataclasses.replace(decoder.SIZES.encoder, layers=1),
        estimator=dataclasses.replace(decoder.SIZES.estimator, middle_blocks=1),
    )
    hift = msgspec.structs.replace(
        vocoder.CONFIG, resblock_kernel_sizes=(3,), resblock_dilation_sizes=((1,),)
    )
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(decoder, "SIZES", flow)
        patch.setattr(vocoder, "CONFIG", hift)
        yield


@pytest.fixture(scope="module")
def stages(shallow, pcm):
    """What each stage trains, untrained, by the stage's name."""
    torch.manual_seed(0)
    made = {
        tokenizers.NAME: tokenizers.Tokenizers(),
        language_model.NAME: language_model.new_step1(),
        decoder.NAME: decoder.new_flow(),
        vocoder.NAME: vocoder.new_vocoder(),
        speaker.NAME: speaker.SpeakerClassifier(),
    }
    for module in made.values():
        module.eval().requires_grad_(False)
    # The checkpoint holds it so.
    made[language_model.NAME].to(torch.bfloat16).to(torch.float32)
    spread_codes(made[tokenizers.NAME], pcm)
    return made


def spread_codes(heard, pcm):
    """Make `pcm` loud and varied to untrained tokenizers: as trained ones, they use many codes for it."""
    fbank, log_mel = (torch.from_numpy(spectrum)[None] for spectrum in spectra(pcm).values())
    hops = len(fbank[0]) // tokenizers.CHUNK_HOPS * tokenizers.CHUNK_HOPS
    deviation, mean = torch.std_mean(fbank[0], dim=0)
    heard.normalisation.copy_(torch.stack((-mean, 1 / deviation)).repeat(1, tokenizers.STACKED))
    linguistic, semantic = heard.encode(fbank[:, :hops], log_mel)
    for book, vectors in ((heard.centroids, linguistic[0]), (heard.semantic.codebook.weight, semantic[0])):
        book.normal_().mul_(vectors.std(0)).add_(vectors.mean(0))


def spectra(pcm):
    """Return what both encoders hear, by the names that features have."""
    return {"fbank": Fbank("hamming", INT16_SCALE)(pcm), "log_mel": LogMel(SEMANTIC_BANDS)(pcm).T}


@pytest.fixture(scope="module")
def work(stages, tmp_path_factory):
    """The folder that training leaves; don't write into it."""
    folder = tmp_path_factory.mktemp("nano") / "work"
    (folder / "lm").mkdir(parents=True)
    write_tokenizer(folder / "lm", PIECES)
    for name, module in stages.items():
        torch.save({"module": module.state_dict(), "optimizer": {}, "step": 1}, folder / f"{name}.pt")
    return folder


@pytest.fixture(scope="module")
def models(work):
    """A folder with all exported components."""
    checkpoint, output = work.parent / "checkpoint", work.parent / "models"
    write_nano(work, checkpoint, control_tags=TAGS, guidance=GUIDANCE)
    components.everything(Release(checkpoint), output, Precision.FP32, silent)
    return output


@pytest.fixture(scope="module")
def pcm():
    """Four seconds and a bit of noise that swells and fades."""
    random = np.random.default_rng(1)
    samples = 4 * 16_000 + 1234
    loudness = np.abs(
        np.interp(np.arange(samples), np.arange(0, samples + 800, 800), random.standard_normal(83))
    )
    return (0.1 * loudness * random.standard_normal(samples)).astype(np.float32)


def test_every_component_is_exported_and_none_for_music(models):
    assert {folder.name for folder in models.iterdir()} == {
        "flow",
        "hift",
        "linguistic",
        "lm",
        "semantic",
        "speaker",
    }


def test_the_runtime_s_codes_are_those_that_the_stages_train_with(models, stages, pcm):
    linguistic = LinguisticEncoder.load(models / "linguistic")
    semantic = SemanticEncoder.load(models / "semantic")
    session = linguistic.session()
    heard = DualCodes(np.concatenate((session.feed(pcm), session.finish())), semantic.codes(pcm))
    ids = DualTokenizer(linguistic, semantic).ids(heard)
    sentence = Sentence("", "slt", "", False, (), spectra(pcm))
    trained_with = coded(stages[tokenizers.NAME], sentence).codes
    ours, theirs = (np.reshape(codes, (-1, GROUP)) for codes in (RELEASED.codes(ids), trained_with))
    assert len(theirs) <= len(ours) <= len(theirs) + 1
    # A recording's last step sees less than those before it, and in training it is filled up.
    certain = len(pcm) // STEP_SAMPLES * GROUPS_PER_STEP
    assert np.array_equal(ours[:certain, :2], theirs[:certain, :2])
    assert np.array_equal(ours[: len(theirs), 2:], theirs[:, 2:])
    assert len(np.unique(ours[:, :2])) > 20
    assert len(np.unique(ours[:, 2:])) > 20


def test_the_language_model_runs_as_it_was_trained(models, stages):
    model, step1 = LanguageModel.load(models / "lm"), stages[language_model.NAME]
    ids = np.random.default_rng(2).integers(5, step1.config.vocab_size, 70)
    logits = model.read(ids.tolist(), model.new_cache(100))
    hidden = step1(torch.from_numpy(ids)[None])
    expected = step1.logits(hidden[0, -1]).numpy()[model.output_ids]
    np.testing.assert_allclose(logits, expected, atol=1e-3)


def test_the_language_model_knows_its_own_tags_and_that_codes_take_turns(models):
    settings = LanguageModel.load(models / "lm").settings
    assert settings.control_tags == tuple(TAGS)
    assert settings.phase_rule
    assert TextTokenizer.open(models / "lm").audio.first_id == PIECES


def test_the_decoder_computes_as_it_was_trained(models, stages):
    flow = FlowDecoder.load(models / "flow")
    assert flow.settings.guidance == GUIDANCE
    random = np.random.default_rng(3)
    prompt = VoicePrompt(
        random.integers(5120, size=10),
        random.standard_normal((20, 80), np.float32),
        random.standard_normal(192, np.float32),
    )
    codes, noise = random.integers(5120, size=15), random.standard_normal((80, 51), np.float32)
    made = flow.mel(codes, prompt, noise)
    expected = module_decoder(stages[decoder.NAME], flow.settings).mel(codes, prompt, noise)
    np.testing.assert_allclose(made, expected, atol=1e-3)

    vocoder_graph, module = HiftVocoder.load(models / "hift"), stages[vocoder.NAME]
    source = 0.1 * random.standard_normal(made.shape[1] * 256, np.float32)
    expected = module(torch.from_numpy(made)[None], torch.from_numpy(source)[None, None])[0]
    np.testing.assert_allclose(vocoder_graph.filtered(made, source), expected, atol=1e-4)


@pytest.mark.parametrize("frames", [1, 2, 333])
def test_the_speaker_model_hears_recordings_of_any_length(models, stages, frames):
    features = np.random.default_rng(4).standard_normal((frames, 80), np.float32)
    vector = SpeakerModel(Component(models / "speaker", "speaker").path(FILE)).embedding(features)
    expected = stages[speaker.NAME].model(torch.from_numpy(features)[None])[0]
    assert vector.shape == (192,)
    np.testing.assert_allclose(vector, expected, atol=1e-4)


@pytest.mark.parametrize(
    ("missing", "told"),
    [("flow.pt", "stage flow is not trained"), ("lm/tokenizer.model", r"tokenizer\.model")],
)
def test_what_is_not_trained_is_told_and_nothing_is_written(work, tmp_path, missing, told):
    shutil.copytree(work, tmp_path / "work")
    (tmp_path / "work" / missing).unlink()
    with pytest.raises(UserError, match=told):
        write_nano(tmp_path / "work", tmp_path / "checkpoint", control_tags=TAGS)
    assert [path.name for path in tmp_path.iterdir()] == ["work"]
