"""The flow model's file `flow.pt`, and its part of `cosyvoice.yaml`."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch

from export.flow.export import MODEL
from export.flow.flow import FlowSizes
from export.layout.cosyvoice_yaml import Tagged

CODES_PER_SECOND = 125 / 3
"""Two linguistic codes at 16.67 Hz and three semantic ones at 25 Hz, interleaved."""


def write_flow_file(
    folder: Path, sizes: FlowSizes, tensors: Mapping[str, torch.Tensor], guidance: float
) -> dict[str, Any]:
    """Write the model of these sizes into the decoder's folder; return its section of `cosyvoice.yaml`.

    `guidance` is how far to go beyond the velocity without codes and speaker, as a part of the difference.
    """
    torch.save(dict(tensors), folder / MODEL)
    return _section(sizes, guidance)


def _section(sizes: FlowSizes, guidance: float) -> dict[str, Any]:
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
                            "inference_cfg_rate": guidance,
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
