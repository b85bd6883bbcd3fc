from dataclasses import replace
from pathlib import Path

import msgspec
import torch

from export.checkpoint import open_tensors
from export.cosyvoice_yaml import FILE, read_cosyvoice_yaml
from export.flow.config import released_config
from export.flow.conformer import ConformerSizes
from export.flow.estimator import EstimatorSizes
from export.flow.export import MODEL as FLOW
from export.flow.flow import Flow, FlowSizes, load_flow
from export.flow.length_regulator import RegulatorSizes
from export.hift.config import read_hift_config
from export.hift.export import MODEL as HIFT
from export.hift.generator import HiftGenerator, load_generator
from export.layout.cosyvoice_yaml import write_cosyvoice_yaml
from export.layout.flow import CODES_PER_SECOND, write_flow_file
from export.layout.hift import weight_normed, write_hift_file
from export.toy.hift import CONFIG, TINY

SIZES = FlowSizes(
    vocabulary=5120,
    bands=80,
    embedding=192,
    regulator=RegulatorSizes(convolutions=2, groups=1),
    encoder=ConformerSizes(inputs=24, width=32, heads=4, hidden=48, layers=1),
    estimator=EstimatorSizes(
        inputs=320,
        bands=80,
        channels=(16, 24),
        time_inputs=320,
        time_width=40,
        heads=3,
        attention_width=24,
        hidden=(32, 48),
        transformers=1,
        middle_blocks=2,
    ),
)


def require_same(one: torch.nn.Module, other: torch.nn.Module, tolerance: float = 0.0) -> None:
    assert one.state_dict().keys() == other.state_dict().keys()
    for name, tensor in one.state_dict().items():
        assert torch.allclose(tensor, other.state_dict()[name], rtol=tolerance, atol=0.0), name


def test_a_flow_of_other_dimensions_and_guidance_is_read_back(tmp_path: Path) -> None:
    flow = Flow(SIZES)
    for parameter in flow.parameters():
        torch.nn.init.normal_(parameter)
    section = write_flow_file(tmp_path, SIZES, flow.state_dict(), 0.25)
    write_cosyvoice_yaml(tmp_path, flow=section, hift={}, comment="Of a test.")
    config = released_config(tmp_path)
    read = load_flow(open_tensors(tmp_path / FLOW), config)
    assert read.sizes == SIZES
    assert config.guidance == 0.25
    assert config.codes_per_second == CODES_PER_SECOND
    require_same(flow, read)


def test_a_vocoder_with_fewer_blocks_is_read_back(tmp_path: Path) -> None:
    config = msgspec.structs.replace(
        CONFIG, resblock_kernel_sizes=(3, 5), resblock_dilation_sizes=((1,), (1, 2))
    )
    sizes = replace(TINY, channels=(12, 8, 6))
    vocoder = HiftGenerator(config, sizes)
    section = write_hift_file(tmp_path, config, sizes, weight_normed(vocoder.state_dict()))
    write_cosyvoice_yaml(tmp_path, flow={}, hift=section, comment="Of a test.")
    read = load_generator(read_hift_config(tmp_path / FILE), open_tensors(tmp_path / HIFT))
    assert (read.config, read.sizes) == (config, sizes)
    require_same(vocoder, read, 1e-6)


def test_the_weights_of_convolutions_are_pairs_as_in_the_release() -> None:
    weights = HiftGenerator(CONFIG, TINY).state_dict()
    normed = weight_normed(weights)
    pairs = {name.removesuffix("_g") for name in normed if name.endswith("weight_g")}
    assert {"conv_pre.weight", "ups.1.weight", "resblocks.0.convs1.0.weight"} <= pairs
    assert not pairs & {"source_downs.0.weight", "m_source.l_linear.weight", "f0_predictor.classifier.weight"}
    assert normed["ups.0.weight_g"].shape == (TINY.channels[0], 1, 1)
    assert normed.keys() - {name + end for name in pairs for end in ("_g", "_v")} == weights.keys() - pairs


def test_the_description_begins_with_its_comment(tmp_path: Path) -> None:
    write_cosyvoice_yaml(tmp_path, flow={"a": 1}, hift={"b": 2}, comment="What this is.")
    assert (tmp_path / FILE).read_text().startswith("# What this is.\n")
    content = read_cosyvoice_yaml(tmp_path / FILE)
    assert (content["flow"], content["hift"], content["sample_rate"]) == ({"a": 1}, {"b": 2}, 22050)
