"""The language model's stage: text and an example of a voice become audio codes.

An example is two sentences of a speaker in the release's own form; the first is the voice's example, whose
codes are learned as well. Guided attention, in training only, makes one head of some layers attend to the
piece of text that is being spoken, which is known from the phones' times. Without it, a small model takes
very long to learn to follow the text.
"""

import math
import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import sentencepiece
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from edge_audio.step_audio.prompts import speech_prompt
from edge_audio.step_audio.sentencepiece_vocabulary import MODEL
from edge_audio.step_audio.text_tokenizer import TextTokenizer
from edge_audio.step_audio.tokens import GROUP, RELEASED
from export.lm.config import Step1Config
from export.lm.step1 import Step1, Trace
from export.nano.alignment import align
from export.nano.codes import GROUP_S, Coded
from export.nano.vocabulary import PIECES, written_tag

NAME = "lm"

CONFIG = Step1Config(
    hidden_size=256,
    intermediate_size=704,
    num_attention_heads=8,
    num_attention_groups=4,
    num_hidden_layers=6,
    vocab_size=PIECES + RELEASED.count,
    max_seq_len=4096,
    # Steep ones for the sound just before, a flat one for the text: a small model has few heads to spare.
    alibi_slopes=(8.0, 3.0, 1.0, 0.4, 0.15, 0.05, 0.02, 0.001),
)

_GUIDED_LAYERS = (2, 3)
"""Layers with guided attention."""

_GUIDED_HEAD = -1
"""Their head that is guided."""

_GUIDED_ATTENTION = 0.3
"""Weight of the guided attention loss."""

_DROPOUT = 0.1
"""There are few texts for the model's size."""

_TOKENS = 5000
"""Tokens of a batch, padding included."""

_DRAWN = 64
"""Examples that a batch is chosen from."""

_SAMPLED = 0.3
"""Share of texts that are split into other pieces than the likeliest (subword regularisation), so that rare
words can be spelled."""

_JOINED = 0.2
"""Share of examples whose second turn has two or three sentences."""

_IGNORED = -100
"""Target of ids that are not predicted."""

_OFFSETS_S = (0.03, 0.09, 0.02, 0.06, 0.10)
"""The time in a group that each code describes."""


@dataclass(frozen=True, slots=True, eq=False)
class Utterance:
    """A sentence as the language model is trained on it."""

    text: str
    tag: str
    """As it is written in a text, with brackets; empty for none."""
    codes: NDArray[np.int64]
    characters: NDArray[np.int64]
    """Index in `text` of the character that is spoken at each code."""


def utterances(sentences: Sequence[Coded]) -> dict[str, list[Utterance]]:
    """Return the utterances of each speaker."""
    kept = [each for each in sentences if len(each.codes) >= 2 * GROUP]
    found: dict[str, list[Utterance]] = {}
    paths = align([each.text for each in kept], [[name for name, _ in each.phones] for each in kept])
    for sentence, path in zip(kept, paths, strict=True):
        codes = np.array(sentence.codes, np.int64)
        groups = np.arange(len(codes) // GROUP)[:, None] * GROUP_S + np.array(_OFFSETS_S)
        ends = np.array([end_s for _, end_s in sentence.phones])
        phone = np.minimum(np.searchsorted(ends, groups.reshape(-1), side="right"), len(ends) - 1)
        utterance = Utterance(sentence.text, written_tag(sentence.tag), codes, path[phone])
        found.setdefault(sentence.speaker, []).append(utterance)
    return found


def new_step1() -> Step1:
    """Return an untrained language model."""
    model = Step1(CONFIG, _DROPOUT)
    for name, parameter in model.named_parameters():
        if parameter.dim() == 2:
            into_sum = name.endswith(("o_proj.weight", "down_proj.weight"))
            depth = math.sqrt(2 * CONFIG.num_hidden_layers) if into_sum else 1
            std = 0.05 if "embed" in name else parameter.shape[1] ** -0.5 / depth
            nn.init.normal_(parameter, std=std)
    return model


def guided_forward(model: Step1, ids: Tensor) -> tuple[Tensor, list[Tensor]]:
    """Return the output of `model` for `ids` (batch, n), and the log-weights of its guided attention.

    The log-weights are (batch, n, n), one tensor for each guided layer.
    """
    trace = Trace(_GUIDED_LAYERS)
    hidden = model(ids, trace=trace)
    scores = (trace.scores[index][:, _GUIDED_HEAD] for index in _GUIDED_LAYERS)
    return hidden, [each.float().log_softmax(-1) for each in scores]


class LanguageModelStage:
    """Learns from pairs of sentences by one speaker."""

    name = NAME

    def __init__(self, folder: Path, utterances: Mapping[str, Sequence[Utterance]]) -> None:
        """`folder` holds the tokenizer; `utterances` are those of each speaker."""
        self._model = new_step1()
        self.module: nn.Module = self._model
        self._tokenizer = TextTokenizer.open(folder)
        self._pieces: Any = sentencepiece.SentencePieceProcessor(model_file=str(folder / MODEL))
        self._utterances = utterances

    def losses(self, step: int, rng: np.random.Generator) -> Mapping[str, Tensor]:
        """See `Stage.losses`."""
        ids, targets, aligned = self._batch(rng)
        with torch.autocast("cpu", torch.bfloat16):
            hidden, log_weights = guided_forward(self._model, ids)
            losses = self._code_losses(hidden, targets)
        known = aligned >= 0
        place = aligned.clamp(min=0)[..., None]
        attended = [each.gather(2, place)[..., 0][known].mean() for each in log_weights]
        return losses | {"guided_attention": -_GUIDED_ATTENTION * torch.stack(attended).mean()}

    def _code_losses(self, hidden: Tensor, targets: Tensor) -> dict[str, Tensor]:
        """Return the cross entropy of each codebook's codes; a turn may end in place of a linguistic code.

        Only the codebook whose turn it is has logits: its codes are drawn under the phase rule.
        """
        weight = self._model.lm_head.weight
        first, end = PIECES + RELEASED.linguistic, CONFIG.eos_token_id
        ends = targets == end
        linguistic = ends | ((targets >= PIECES) & (targets < first))
        semantic = targets >= first
        heads = {
            "linguistic": (linguistic, torch.cat((weight[PIECES:first], weight[end][None])), PIECES),
            "semantic": (semantic, weight[first:], first),
        }
        count = linguistic.sum() + semantic.sum()
        losses = {}
        for codebook, (mask, head, start) in heads.items():
            truth = torch.where(ends[mask], len(head) - 1, targets[mask] - start)
            scores = hidden[mask] @ head.T
            losses[codebook] = nn.functional.cross_entropy(scores.float(), truth, reduction="sum") / count
        return losses

    def example(self, rng: np.random.Generator) -> tuple[Tensor, Tensor]:
        """Return the ids of one example, and for each the index of the text piece it speaks, -1 for none."""
        ids, _, aligned = self._row(rng)
        return torch.tensor(ids), torch.tensor(aligned)

    def _batch(self, rng: np.random.Generator) -> tuple[Tensor, Tensor, Tensor]:
        """Return ids, the target of each, and the index of the text piece that it speaks; all (batch, n)."""
        random.seed(int(rng.integers(1 << 31)))
        drawn = sorted((self._row(rng) for _ in range(_DRAWN)), key=lambda row: len(row[0]))
        # Rows of about the same length, so that there is little padding.
        start = int(rng.integers(len(drawn)))
        rows: list[tuple[list[int], list[int], list[int]]] = []
        for row in (*drawn[start:], *drawn[:start][::-1]):
            longest = max(len(row[0]), *(len(other[0]) for other in rows)) if rows else len(row[0])
            if rows and longest * (len(rows) + 1) > _TOKENS:
                break
            rows.append(row)
        longest = max(len(row[0]) for row in rows)
        columns = []
        for column, padding in enumerate((0, _IGNORED, -1)):
            columns.append(torch.tensor([row[column] + [padding] * (longest - len(row[0])) for row in rows]))
        return columns[0], columns[1], columns[2]

    def _row(self, rng: np.random.Generator) -> tuple[list[int], list[int], list[int]]:
        """Draw an example: its ids, their targets, and the index of the text piece that each speaks."""
        speaker = list(self._utterances)[int(rng.integers(len(self._utterances)))]
        of_speaker = self._utterances[speaker]

        def drawn() -> Utterance:
            return of_speaker[int(rng.integers(len(of_speaker)))]

        first, second = drawn(), drawn()
        if rng.random() < _JOINED:
            for _ in range(int(rng.integers(1, 3))):
                more = drawn()
                if more.tag == second.tag:
                    second = _joined(second, more)
        prompt = speech_prompt(self._tokenizer, "", "", "", [])
        # The empty prompt has three turns without content (example, its codes, text) and opens a fourth.
        end = self._tokenizer.end_of_turn
        cut = [index for index, number in enumerate(prompt) if number == end]
        system, human = prompt[: cut[0] + 1], prompt[cut[0] + 1 : cut[1]]
        assistant = prompt[cut[1] + 1 : cut[2]]
        ids, aligned = list(system), [-1] * len(system)
        predicted = [False] * len(system)
        for utterance in (first, second):
            pieces, piece_of = self._encoded(utterance, rng)
            start = len(ids) + len(human)
            ids += [*human, *pieces, end, *assistant]
            aligned += [-1] * (len(human) + len(pieces) + 1 + len(assistant))
            predicted += [False] * (len(human) + len(pieces) + 1 + len(assistant))
            # Each code is predicted at the position before it.
            pieces_spoken = [start + piece_of[index] for index in utterance.characters]
            aligned[-1] = pieces_spoken[0]
            predicted[-1] = True
            ids += [int(code) + PIECES for code in utterance.codes] + [end]
            aligned += [*pieces_spoken[1:], -1, -1]
            predicted += [True] * len(utterance.codes) + [False]
        targets = [
            following if learned else _IGNORED for following, learned in zip(ids[1:], predicted, strict=False)
        ]
        return ids, [*targets, _IGNORED], aligned

    def _encoded(self, utterance: Utterance, rng: np.random.Generator) -> tuple[list[int], list[int]]:
        """Return the ids of tag and text, and for each character of the text the index of its piece."""
        text = utterance.text
        sampling = rng.random() < _SAMPLED
        options: dict[str, Any] = (
            {"enable_sampling": True, "alpha": 0.3, "nbest_size": -1} if sampling else {}
        )
        names: list[str] = self._pieces.encode(text, out_type=str, **options)
        ids = [self._pieces.piece_to_id(name) for name in names]
        tag = self._tokenizer.encode(utterance.tag) if utterance.tag else []
        # A space is written "▁" in a piece, and the text gets one more at its beginning.
        spelled = 0
        piece_of = []
        for index, name in enumerate(names):
            piece_of += [len(tag) + index] * len(name)
            spelled += len(name)
        if spelled != len(text) + 1:  # a character that is spelled in bytes
            piece_of = [
                len(tag) + min(len(names) - 1, place * len(names) // (len(text) + 1))
                for place in range(len(text) + 1)
            ]
        return tag + ids, piece_of[1:]


def _joined(first: Utterance, then: Utterance) -> Utterance:
    text = f"{first.text} {then.text}"
    characters = np.concatenate((first.characters, then.characters + len(first.text) + 1))
    return Utterance(text, first.tag, np.concatenate((first.codes, then.codes)), characters)
