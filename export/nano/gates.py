"""How good a trained stage is, on held-out sentences: the metrics of its gate."""

from collections.abc import Mapping, Sequence

import numpy as np
import torch
from numpy.typing import NDArray

from edge_audio.step_audio.decoder.euler import cosine_grid, solve
from edge_audio.step_audio.decoder.flow import frame_positions
from edge_audio.step_audio.tokens import GROUP
from export.flow.flow import Flow, FlowEncoder
from export.hift.generator import HiftGenerator
from export.lm.step1 import Step1
from export.nano.decoder import Spoken, frames_of
from export.nano.features import MEL_BANDS, MEL_HOP, PHONES, Sentence
from export.nano.language_model import LanguageModelStage, guided_forward
from export.nano.speaker import SpeakerClassifier, Voice, classified
from export.nano.tokenizers import CHUNK_HOPS, SEMANTIC, Tokenizers
from export.nano.vocoder import Recording, decoder_mel

_STEPS = 10
_GUIDANCE = 0.7
"""Strength of the classifier-free guidance, as in the release."""
_PROMPT_GROUPS = 16
_ROWS = 40


@torch.no_grad()
def phone_accuracy(tokenizers: Tokenizers, sentences: Sequence[Sentence]) -> float:
    """Return the phone accuracy: the share of frames of 20 ms whose phone both codes together predict."""
    correct = count = 0
    for sentence in sentences:
        hops = len(sentence["labels"]) // CHUNK_HOPS * CHUNK_HOPS
        if not hops:
            continue
        places = np.minimum(np.arange(hops), len(sentence["fbank"]) - 1)
        fbank = torch.from_numpy(sentence["fbank"][places].astype(np.float32))[None]
        log_mel = torch.from_numpy(sentence["log_mel"][:hops].astype(np.float32))[None]
        linguistic, semantic = tokenizers.encode(fbank, log_mel)
        linguistic = tokenizers.centroids[tokenizers.linguistic_codes(linguistic)]
        semantic = tokenizers.directions[tokenizers.semantic_codes(semantic)] * SEMANTIC.width**0.5
        speaker = tokenizers.narrators(torch.zeros(1, hops // 2, dtype=torch.int64))
        joined = torch.cat(
            (linguistic.repeat_interleave(3, 1), semantic.repeat_interleave(2, 1), speaker), -1
        )
        scores = tokenizers.phones(tokenizers.smoothers(tokenizers.join(joined)))
        phones = scores.unflatten(-1, (2, len(PHONES))).argmax(-1)[0, :, 0].numpy()
        correct += int((phones == sentence["labels"][:hops:2]).sum())
        count += len(phones)
    return correct / max(1, count)


def speaker_accuracy(classifier: SpeakerClassifier, voices: Sequence[Voice]) -> float:
    """Return the speaker accuracy: the share of `voices` that `classifier` assigns to their speaker."""
    return float(np.mean([classified(classifier, voice) == voice.speaker for voice in voices]))


@torch.no_grad()
def mel_error_of_vocoder(vocoder: HiftGenerator, recordings: Sequence[Recording]) -> float:
    """Return the mean absolute error of the log-mel of `vocoder`'s output against its input."""
    mel_of = decoder_mel()
    errors = []
    for recording in recordings:
        mel = torch.from_numpy(recording.mel.astype(np.float32).T)[None]
        harmonics = vocoder.sizes.harmonics
        noise = torch.randn(1, harmonics, mel.shape[2] * MEL_HOP)
        source = vocoder.m_source(vocoder.f0_predictor(mel), torch.zeros(1, harmonics, 1), noise)
        made = mel_of(vocoder(mel, source)[0].numpy())
        errors.append(np.abs(made - mel[0].T.numpy()[: len(made)]).mean())
    return float(np.mean(errors))


@torch.no_grad()
def mel_error_of_flow(
    flow: Flow, spoken: Sequence[Spoken], embeddings: Mapping[str, NDArray[np.float32]], seed: int = 0
) -> float:
    """Return the mean absolute error of the log-mel of `flow`, given a prompt of the same speaker."""
    rng = np.random.default_rng(seed)
    prompts = {each.speaker: each for each in spoken if each.groups >= _PROMPT_GROUPS}
    errors = []
    for each in spoken:
        prompt = prompts.get(each.speaker)
        if prompt is None or prompt is each or not each.groups:
            continue
        before, after = frames_of(_PROMPT_GROUPS), frames_of(each.groups)
        first, then = prompt.cut(0, _PROMPT_GROUPS, before), each.cut(0, each.groups, after)
        positions = np.concatenate(
            (
                frame_positions(_PROMPT_GROUPS * GROUP, before),
                np.float32(_PROMPT_GROUPS * GROUP) + frame_positions(each.groups * GROUP, after),
            )
        )
        codes = torch.from_numpy(np.concatenate((first[0], then[0])))
        embedding = torch.from_numpy(embeddings[each.speaker][0])
        mu, spks = FlowEncoder(flow)(codes, torch.from_numpy(positions), embedding)
        known = torch.zeros_like(mu)
        known[:, :before] = torch.from_numpy(first[1].T)
        conditions = [torch.stack((value, torch.zeros_like(value))) for value in (mu, spks, known)]

        def guided_velocity(
            x: NDArray[np.float32], time: np.float32, of: list[torch.Tensor] = conditions
        ) -> NDArray[np.float32]:
            both = torch.from_numpy(np.stack((x, x)))
            conditional, unconditional = flow.decoder.estimator(
                both, of[0], torch.full((2,), float(time)), of[1], of[2]
            )
            result: NDArray[np.float32] = ((1 + _GUIDANCE) * conditional - _GUIDANCE * unconditional).numpy()
            return result

        noise = rng.standard_normal((MEL_BANDS, before + after)).astype(np.float32)
        made = solve(guided_velocity, noise, cosine_grid(_STEPS))[:, before:]
        errors.append(np.abs(made.T - then[1]).mean())
    return float(np.mean(errors))


@torch.no_grad()
def alignment_accuracy(model: Step1, stage: LanguageModelStage, seed: int = 0) -> float:
    """Return the alignment accuracy: the share of codes at which the guided attention finds the spoken piece.

    A piece beside it counts, too.
    """
    near = count = 0
    rng = np.random.default_rng(seed)
    for _ in range(_ROWS):
        ids, aligned = stage.example(rng)
        _, log_weights = guided_forward(model, ids[None])
        known = aligned >= 0
        attended = log_weights[-1][0].argmax(-1)[known]
        near += int(((attended - aligned[known]).abs() <= 1).sum())
        count += int(known.sum())
    return near / max(1, count)
