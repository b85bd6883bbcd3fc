"""The flow model: encoder of the codes, length regulator, speaker, and estimator."""

from dataclasses import dataclass

import torch
from torch import Tensor, nn

from export.checkpoint import Tensors
from export.flow.config import FlowConfig
from export.flow.conformer import ConformerEncoder, ConformerSizes
from export.flow.estimator import Estimator, EstimatorSizes
from export.flow.length_regulator import LengthRegulator, RegulatorSizes


@dataclass(frozen=True, slots=True)
class FlowSizes:
    """Dimensions of the whole model."""

    vocabulary: int
    """Codes."""
    bands: int
    """Of the mel."""
    embedding: int
    """Length of a speaker's vector."""
    regulator: RegulatorSizes
    encoder: ConformerSizes
    estimator: EstimatorSizes

    @classmethod
    def of(cls, tensors: Tensors, config: FlowConfig) -> "FlowSizes":
        """Read them off the checkpoint and its settings."""
        return cls(
            vocabulary=tensors.size("input_embedding.weight"),
            bands=tensors.size("encoder_proj.weight"),
            embedding=tensors.size("spk_embed_affine_layer.weight", 1),
            regulator=RegulatorSizes.of(tensors.under("length_regulator."), config.regulator_groups),
            encoder=ConformerSizes.of(tensors.under("encoder.")),
            estimator=EstimatorSizes.of(tensors.under("decoder.estimator."), config.estimator_heads),
        )


class Decoder(nn.Module):
    """Holds the estimator, under the name that the release gives it."""

    def __init__(self, sizes: EstimatorSizes) -> None:
        super().__init__()
        self.estimator = Estimator(sizes)


class Flow(nn.Module):
    """All that `flow.pt` holds."""

    def __init__(self, sizes: FlowSizes) -> None:
        super().__init__()
        self.sizes = sizes
        self.input_embedding = nn.Embedding(sizes.vocabulary, sizes.encoder.inputs)
        self.spk_embed_affine_layer = nn.Linear(sizes.embedding, sizes.bands)
        self.encoder = ConformerEncoder(sizes.encoder)
        self.encoder_proj = nn.Linear(sizes.encoder.width, sizes.bands)
        self.length_regulator = LengthRegulator(sizes.bands, sizes.regulator)
        self.decoder = Decoder(sizes.estimator)

    def embedded(self, codes: Tensor) -> Tensor:
        """Return the vectors of `codes` (n,); negative ones count as 0, as in the release."""
        result: Tensor = self.input_embedding(codes.clamp(min=0))
        return result

    def speaker(self, embedding: Tensor) -> Tensor:
        """Turn the speaker's vector (embedding,) into what the estimator is told of them (bands,)."""
        result: Tensor = self.spk_embed_affine_layer(nn.functional.normalize(embedding, dim=0))
        return result


class FlowEncoder(nn.Module):
    """What is computed once for a stretch of codes."""

    def __init__(self, flow: Flow) -> None:
        super().__init__()
        self.flow = flow

    def forward(self, codes: Tensor, positions: Tensor, embedding: Tensor) -> tuple[Tensor, Tensor]:
        """Return `mu` (bands, frames) and `spks` (bands,).

        `codes` (n,) int64; `positions` (frames,) of the frames among the codes, see `LengthRegulator`;
        `embedding` of the speaker, not normalised.
        """
        encoded = self.flow.encoder_proj(self.flow.encoder(self.flow.embedded(codes)))
        return self.flow.length_regulator(encoded, positions), self.flow.speaker(embedding)


def load_flow(tensors: Tensors, config: FlowConfig) -> Flow:
    """Return the model with its weights. Raises `UserError`, naming file and tensor, if they don't fit."""
    with torch.device("meta"):
        flow = Flow(FlowSizes.of(tensors, config))
    tensors.load_into(flow)
    return flow.eval()
