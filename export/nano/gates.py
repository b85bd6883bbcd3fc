"""What a trained stage is worth, on sentences that it has not learned."""

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
from export.nano.speaker import Speakers, Voice, told
from export.nano.tokenizers import CHUNK_HOPS, SEMANTIC, Tokenizers
from export.nano.vocoder import Recording, decoder_mel

_STEPS = 10
_GUIDANCE = 0.7
_PROMPT_GROUPS = 16
_ROWS = 40


@torch.no_grad()
def phones_told(tokenizers: Tokenizers, sentences: Sequence[Sentence]) -> float:
    """Return the part of the phones, 20 ms by 20 ms, that both codes together tell."""
    right = count = 0
    for sentence in sentences:
        hops = len(sentence["labels"]) // CHUNK_HOPS * CHUNK_HOPS
        if not hops:
            continue
        places = np.minimum(np.arange(hops), len(sentence["fbank"]) - 1)
        fbank = torch.from_numpy(sentence["fbank"][places].astype(np.float32))[None]
        log_mel = torch.from_numpy(sentence["log_mel"][:hops].astype(np.float32))[None]
        linguistic, semantic = tokenizers.heard(fbank, log_mel)
        linguistic = tokenizers.centroids[tokenizers.linguistic_codes(linguistic)]
        semantic = tokenizers.directions[tokenizers.semantic_codes(semantic)] * SEMANTIC.width**0.5
        narrator = tokenizers.narrators(torch.zeros(1, hops // 2, dtype=torch.int64))
        joined = torch.cat(
            (linguistic.repeat_interleave(3, 1), semantic.repeat_interleave(2, 1), narrator), -1
        )
        scores = tokenizers.phones(tokenizers.smoothers(tokenizers.join(joined)))
        phones = scores.unflatten(-1, (2, len(PHONES))).argmax(-1)[0, :, 0].numpy()
        right += int((phones == sentence["labels"][:hops:2]).sum())
        count += len(phones)
    return right / max(1, count)


def narrators_told(speakers: Speakers, voices: Sequence[Voice]) -> float:
    """Return the part of `voices` whose narrator the speaker model tells."""
    return float(np.mean([told(speakers, voice) == voice.narrator for voice in voices]))


@torch.no_grad()
def mel_error_of_vocoder(vocoder: HiftGenerator, recordings: Sequence[Recording]) -> float:
    """Return how far the log-mel of what `vocoder` makes is from what it was given, on average."""
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
    flow: Flow, spoken: Sequence[Spoken], vectors: Mapping[str, NDArray[np.float32]], seed: int = 0
) -> float:
    """Return how far the log-mel of `flow`, after a prompt of the same narrator, is from the true one."""
    rng = np.random.default_rng(seed)
    prompts = {each.narrator: each for each in spoken if each.groups >= _PROMPT_GROUPS}
    errors = []
    for each in spoken:
        prompt = prompts.get(each.narrator)
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
        vector = torch.from_numpy(vectors[each.narrator][0])
        mu, spks = FlowEncoder(flow)(codes, torch.from_numpy(positions), vector)
        known = torch.zeros_like(mu)
        known[:, :before] = torch.from_numpy(first[1].T)
        conditions = [torch.stack((value, torch.zeros_like(value))) for value in (mu, spks, known)]

        def velocity(
            x: NDArray[np.float32], time: np.float32, of: list[torch.Tensor] = conditions
        ) -> NDArray[np.float32]:
            both = torch.from_numpy(np.stack((x, x)))
            led, unled = flow.decoder.estimator(both, of[0], torch.full((2,), float(time)), of[1], of[2])
            result: NDArray[np.float32] = ((1 + _GUIDANCE) * led - _GUIDANCE * unled).numpy()
            return result

        noise = rng.standard_normal((MEL_BANDS, before + after)).astype(np.float32)
        made = solve(velocity, noise, cosine_grid(_STEPS))[:, before:]
        errors.append(np.abs(made.T - then[1]).mean())
    return float(np.mean(errors))


@torch.no_grad()
def way_kept(model: Step1, stage: LanguageModelStage, seed: int = 0) -> float:
    """Return the part of the codes at which `model` attends to the piece that is spoken, or one beside it."""
    near = count = 0
    rng = np.random.default_rng(seed)
    for _ in range(_ROWS):
        ids, guides = stage.example(rng)
        _, seen = guided_forward(model, ids[None])
        known = guides >= 0
        attended = seen[-1][0].argmax(-1)[known]
        near += int(((attended - guides[known]).abs() <= 1).sum())
        count += int(known.sum())
    return near / max(1, count)
