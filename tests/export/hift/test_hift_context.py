import pytest
import torch
from msgspec.structs import replace

from edge_audio.step_audio.decoder.window import Context
from export.checkpoint import open_tensors
from export.hift.config import IstftParams
from export.hift.context import f0_context, stage_context
from export.hift.generator import HiftSizes, load_generator
from export.hift.graphs import StageGraph
from export.toy.hift import CONFIG, TINY, random_hift

ODD = replace(
    CONFIG,
    upsample_rates=(3, 5),
    upsample_kernel_sizes=(7, 11),
    istft_params=IstftParams(n_fft=12, hop_len=3),
    resblock_kernel_sizes=(3,),
    resblock_dilation_sizes=((1,),),
    source_resblock_kernel_sizes=(3, 3),
    source_resblock_dilation_sizes=((1,), (1,)),
)

FRAMES, MIDDLE = 90, 45


@pytest.fixture(scope="module", params=["released", "odd"])
def generator(request, tmp_path_factory):
    odd_sizes = HiftSizes(bands=5, channels=(8, 6, 4), harmonics=3, f0_channels=8)
    config, sizes = (CONFIG, TINY) if request.param == "released" else (ODD, odd_sizes)
    path = tmp_path_factory.mktemp("hift") / "hift.pt"
    torch.save(random_hift(config, sizes, torch.Generator().manual_seed(7)), path)
    return load_generator(config, open_tensors(path)).double()


def influences(module, inputs, widths, rate):
    """Which frames change what comes out for the middle one."""

    def middle(changed):
        outputs = module(*changed)[..., MIDDLE * rate : (MIDDLE + 1) * rate]
        return outputs.clone()

    expected, found = middle(inputs), []
    for frame in range(FRAMES):
        changed = [each.clone() for each in inputs]
        for each, width in zip(changed, widths, strict=True):
            each[..., frame * width : (frame + 1) * width] += 1e3
        if not torch.equal(middle(changed), expected):
            found.append(frame)
    return found


def seen(context: Context) -> list[int]:
    return list(range(MIDDLE - context.left, MIDDLE + context.right + 1))


def test_the_pitch_sees_its_context_and_nothing_else(generator):
    mel = torch.randn(1, generator.sizes.bands, FRAMES, dtype=torch.float64)
    with torch.inference_mode():
        found = influences(generator.f0_predictor, [mel], [1], 1)
    assert found == seen(f0_context(generator.f0_predictor))


@pytest.mark.parametrize("stage", [0, 1])
def test_a_stage_sees_its_context_and_nothing_else(generator, stage):
    samples = generator.config.samples_from(stage)
    channels = (generator.sizes.bands, *generator.sizes.channels[1:])[stage]
    x = torch.randn(1, channels, FRAMES, dtype=torch.float64)
    source = torch.randn(1, 1, FRAMES * samples, dtype=torch.float64)
    rate = samples if stage else generator.config.upsample_rates[0]
    with torch.inference_mode():
        found = influences(StageGraph(generator, stage), [x, source], [1, samples], rate)
    assert found == seen(stage_context(generator, stage))
