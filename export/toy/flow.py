"""A random flow model as the release has it: `flow.pt`, and its part of `cosyvoice.yaml`."""

from pathlib import Path
from typing import Any

import torch

from export.flow.conformer import ConformerSizes
from export.flow.estimator import EstimatorSizes
from export.flow.export import MODEL
from export.flow.flow import Flow, FlowSizes
from export.flow.length_regulator import RegulatorSizes
from export.toy.cosyvoice_yaml import Tagged
from export.toy.size import Size
from export.toy.weights import random_tensors

CODES_PER_SECOND = 125 / 3
"""Two linguistic codes at 16.67 Hz and three semantic ones at 25 Hz, interleaved."""

_REGULATOR = RegulatorSizes(convolutions=4, groups=1)

_RELEASED = FlowSizes(
    vocabulary=5120,
    bands=80,
    embedding=192,
    regulator=_REGULATOR,
    encoder=ConformerSizes(inputs=512, width=512, heads=8, hidden=2048, layers=6),
    estimator=EstimatorSizes(
        inputs=320,
        bands=80,
        channels=(256, 256),
        time_inputs=320,
        time_width=1024,
        heads=8,
        attention_width=512,
        hidden=(1024, 1024),
        transformers=4,
        middle_blocks=12,
    ),
)
"""The dimensions of CosyVoice-300M-25Hz, as far as they are known."""

_TINY = FlowSizes(
    vocabulary=5120,
    bands=80,
    embedding=192,
    regulator=_REGULATOR,
    encoder=ConformerSizes(inputs=32, width=32, heads=2, hidden=64, layers=2),
    estimator=EstimatorSizes(
        inputs=320,
        bands=80,
        channels=(16, 16),
        time_inputs=320,
        time_width=64,
        heads=2,
        attention_width=16,
        hidden=(64, 64),
        transformers=1,
        middle_blocks=1,
    ),
)


def write_flow(folder: Path, size: Size, generator: torch.Generator) -> dict[str, Any]:
    """Write `flow.pt` into the decoder's folder; returns the model's section of `cosyvoice.yaml`."""
    sizes = _RELEASED if size is Size.RELEASED else _TINY
    with torch.device("meta"):
        model = Flow(sizes)
    shapes = {name: tuple(value.shape) for name, value in model.state_dict().items()}
    torch.save(random_tensors(shapes, generator), folder / MODEL)
    return _section(sizes)


def _section(sizes: FlowSizes) -> dict[str, Any]:
    """Return the arguments of the release's flow model for these dimensions."""
    encoder, estimator = sizes.encoder, sizes.estimator
    return {
        "input_size": encoder.inputs,
        "output_size": sizes.bands,
        "spk_embed_dim": sizes.embedding,
        "output_type": "mel",
        "vocab_size": sizes.vocabulary,
        "input_frame_rate": CODES_PER_SECOND,
        "only_mask_loss": True,
        "encoder": Tagged(
            "!new:cosyvoice.transformer.encoder.ConformerEncoder",
            {
                "input_size": encoder.inputs,
                "output_size": encoder.width,
                "attention_heads": encoder.heads,
                "linear_units": encoder.hidden,
                "num_blocks": encoder.layers,
                "normalize_before": True,
                "input_layer": "linear",
                "pos_enc_layer_type": "rel_pos_espnet",
                "selfattention_layer_type": "rel_selfattn",
                "use_cnn_module": False,
                "macaron_style": False,
            },
        ),
        "length_regulator": Tagged(
            "!new:cosyvoice.flow.length_regulator.InterpolateRegulator",
            {"channels": sizes.bands, "sampling_ratios": [1] * sizes.regulator.convolutions},
        ),
        "decoder": Tagged(
            "!new:cosyvoice.flow.flow_matching.ConditionalCFM",
            {
                "in_channels": 3 * sizes.bands,
                "n_spks": 1,
                "spk_emb_dim": sizes.bands,
                "cfm_params": Tagged(
                    "!new:omegaconf.DictConfig",
                    {
                        "content": {
                            "sigma_min": 1e-06,
                            "solver": "euler",
                            "t_scheduler": "cosine",
                            "training_cfg_rate": 0.2,
                            "inference_cfg_rate": 0.7,
                            "reg_loss_type": "l1",
                        }
                    },
                ),
                "estimator": Tagged(
                    "!new:cosyvoice.flow.decoder.ConditionalDecoder",
                    {
                        "in_channels": estimator.inputs,
                        "out_channels": estimator.bands,
                        "channels": list(estimator.channels),
                        "dropout": 0.0,
                        "attention_head_dim": estimator.attention_width // estimator.heads,
                        "n_blocks": estimator.transformers,
                        "num_mid_blocks": estimator.middle_blocks,
                        "num_heads": estimator.heads,
                        "act_fn": "gelu",
                    },
                ),
            },
        ),
    }
