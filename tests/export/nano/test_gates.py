"""The metrics of the gates."""

import numpy as np
import pytest
import torch

from export.nano.features import PHONES, Sentence
from export.nano.gates import alignment_accuracy, phone_accuracy, speaker_accuracy
from export.nano.speaker import SpeakerClassifier, Voice, embedding
from export.nano.style import SPEAKERS
from export.nano.tokenizers import Tokenizers

_RNG = np.random.default_rng(0)


def test_the_speaker_accuracy_is_the_share_of_voices_that_are_nearest_to_their_speaker() -> None:
    classifier = SpeakerClassifier()
    bands = [_RNG.normal(0, 1, (200, 80)).astype(np.float32) for _ in SPEAKERS]
    embeddings = [embedding(classifier, Voice(each, 0)) for each in bands]
    of_speaker = classifier.known.view(len(SPEAKERS), -1, len(embeddings[0]))
    with torch.no_grad():
        of_speaker.copy_(torch.from_numpy(np.stack(embeddings))[:, None])

    assert speaker_accuracy(classifier, [Voice(each, who) for who, each in enumerate(bands)]) == 1.0
    assert speaker_accuracy(classifier, [Voice(each, 0) for each in bands]) == pytest.approx(1 / 3)


def test_the_phone_accuracy_is_the_share_of_frames_whose_phone_is_predicted() -> None:
    tokenizers = Tokenizers().eval()
    with torch.no_grad():
        tokenizers.phones.weight.zero_()
        tokenizers.phones.bias.copy_(torch.eye(len(PHONES))[5].repeat(2))
    labels = np.zeros(240, np.uint8)
    labels[:60] = 5
    arrays = {
        "fbank": _RNG.normal(10, 2, (240, 80)).astype(np.float16),
        "log_mel": _RNG.normal(0, 0.5, (240, 128)).astype(np.float16),
        "labels": labels,
    }
    sentence = Sentence("Hello there.", "slt", "", True, (("hh", 2.4),), arrays)

    assert phone_accuracy(tokenizers, [sentence]) == 0.25


class _OneExample:
    """In place of a stage: an example whose last four ids speak the pieces 2 to 5."""

    def example(self, rng: np.random.Generator) -> tuple[torch.Tensor, torch.Tensor]:
        return torch.arange(10), torch.tensor([-1] * 6 + [2, 3, 4, 5])


@pytest.mark.parametrize(("shift", "accuracy"), [(0, 1.0), (-1, 1.0), (2, 0.0)])
def test_the_alignment_accuracy_forgives_a_neighbouring_piece(
    shift: int, accuracy: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    attended = torch.tensor([0] * 6 + [2, 3, 4, 5]) + shift
    log_weights = torch.eye(12)[attended.clamp(min=0)].log()[None]
    monkeypatch.setattr("export.nano.gates.guided_forward", lambda model, ids: (ids, [log_weights]))

    assert alignment_accuracy(None, _OneExample()) == accuracy
