import torch
from torch import nn

from edge_audio.step_audio.decoder.flow import frame_positions
from export.flow.activation import Mish, gelu
from export.flow.conformer import ConformerEncoder, ConformerSizes, encoded_distances
from export.flow.estimator import Estimator, EstimatorSizes
from export.flow.length_regulator import LengthRegulator, RegulatorSizes
from export.toy.weights import random_tensors


def filled(module):
    shapes = {name: tuple(value.shape) for name, value in module.state_dict().items()}
    module.load_state_dict(random_tensors(shapes, torch.Generator().manual_seed(1)))
    return module.eval()


def test_activations_are_the_exact_ones_far_out_too():
    x = torch.cat((torch.linspace(-12, 12, 4001), torch.tensor([-1e4, -100.0, -30, 30, 100, 1e4])))
    assert torch.allclose(Mish()(x), nn.functional.mish(x.double()).float(), rtol=1e-6, atol=2e-7)
    assert torch.allclose(gelu(x), nn.functional.gelu(x.double()).float(), rtol=1e-6, atol=2e-6)


def test_a_score_by_distance_belongs_to_the_pair_of_that_distance():
    encoder = filled(ConformerEncoder(ConformerSizes(inputs=8, width=8, heads=2, hidden=16, layers=1)))
    attention = encoder.encoders[0].self_attn
    n = 5
    x, distances = torch.randn(n, 8), encoded_distances(n, 8)
    with torch.no_grad():
        queries, keys, values = (
            linear(x).reshape(n, 2, 4)
            for linear in (attention.linear_q, attention.linear_k, attention.linear_v)
        )
        places = attention.linear_pos(distances).reshape(2 * n - 1, 2, 4)
        mixed = torch.zeros(n, 2, 4)
        for head in range(2):
            for i in range(n):
                scores = torch.stack(
                    [
                        (queries[i, head] + attention.pos_bias_u[head]) @ keys[j, head]
                        + (queries[i, head] + attention.pos_bias_v[head]) @ places[n - 1 - (i - j), head]
                        for j in range(n)
                    ]
                )
                mixed[i, head] = torch.softmax(scores / 2.0, 0) @ values[:, head]
        expected = attention.linear_out(mixed.reshape(n, 8))
        assert torch.allclose(attention(x, distances), expected, atol=1e-5)
    assert torch.equal(distances[n - 1], torch.tensor([0.0, 1.0]).repeat(4))


def test_frames_lie_where_linear_interpolation_puts_them():
    regulator = LengthRegulator(4, RegulatorSizes(convolutions=0, groups=1))
    nn.init.dirac_(regulator.model[0].weight)
    nn.init.zeros_(regulator.model[0].bias)
    for codes, frames in ((1, 1), (1, 7), (2, 1), (7, 7), (23, 51), (40, 13), (100, 206)):
        x = torch.randn(codes, 4)
        stretched = nn.functional.interpolate(x.T[None], size=frames, mode="linear")[0]
        with torch.no_grad():
            ours = regulator(x, torch.from_numpy(frame_positions(codes, frames)))
        assert torch.allclose(ours, stretched, atol=2e-5)


def test_sizes_are_read_off_other_shapes_than_the_release_has(tmp_path):
    from safetensors.torch import save_file

    from export.checkpoint import open_tensors

    sizes = EstimatorSizes(
        inputs=24,
        bands=6,
        channels=(8, 16, 24),
        time_inputs=10,
        time_width=20,
        heads=2,
        attention_width=12,
        hidden=(10, 20, 30),
        transformers=2,
        middle_blocks=3,
    )
    estimator = filled(Estimator(sizes))
    save_file(estimator.state_dict(), tmp_path / "a.safetensors")
    tensors = open_tensors(tmp_path / "a.safetensors")
    assert EstimatorSizes.of(tensors, heads=2) == sizes
    for frames in (1, 2, 3, 4, 13, 16, 22):
        x = torch.randn(2, 6, frames)
        with torch.no_grad():
            velocity = estimator(x, x, torch.rand(2), torch.randn(2, 6), x)
        assert velocity.shape == x.shape
