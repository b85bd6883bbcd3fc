"""How far the networks of the vocoder see, from kernels, strides and dilations."""

from dataclasses import dataclass

from torch import nn

from edge_audio.step_audio.decoder.window import Context
from export.hift.f0_predictor import F0Predictor
from export.hift.generator import HiftGenerator
from export.hift.residual_block import ResidualBlock


@dataclass(frozen=True, slots=True)
class _Span:
    """A range of places in a signal, both ends in it."""

    first: int
    last: int

    def before(self, conv: nn.Module) -> "_Span":
        """Return the places of its input that these places of a convolution's output depend on."""
        assert isinstance(conv, nn.Conv1d | nn.ConvTranspose1d)
        reach = conv.dilation[0] * (conv.kernel_size[0] - 1)
        if isinstance(conv, nn.ConvTranspose1d):
            return self._before_transposed(reach, conv.stride[0], int(conv.padding[0]))
        return self._before(reach, conv.stride[0], int(conv.padding[0]))

    def before_block(self, block: nn.Module) -> "_Span":
        """Return the places of its input that these places of a residual block's output depend on."""
        assert isinstance(block, ResidualBlock)
        span = self
        for conv in (*block.convs1, *block.convs2):
            span = span.before(conv)
        return span

    def before_spectrum(self, size: int, hop: int) -> "_Span":
        """Return the samples that these centred transforms see."""
        return self._before(size - 1, hop, size // 2)

    def before_inverse_spectrum(self, size: int, hop: int) -> "_Span":
        """Return the transforms that these samples are added up from."""
        return self._before_transposed(size - 1, hop, size // 2)

    def context(self, size: int) -> Context:
        """Return how many groups of `size` places there are around the first group, that from place 0."""
        return Context(left=max(0, -(self.first // size)), right=max(0, self.last // size))

    def _before(self, reach: int, stride: int, padding: int) -> "_Span":
        return _Span(self.first * stride - padding, self.last * stride - padding + reach)

    def _before_transposed(self, reach: int, stride: int, padding: int) -> "_Span":
        return _Span(-((reach - padding - self.first) // stride), (self.last + padding) // stride)


def f0_context(predictor: F0Predictor) -> Context:
    """Return how many frames the pitch depends on besides its own."""
    span = _Span(0, 0)
    for layer in predictor.condnet:
        if isinstance(layer, nn.Conv1d):
            span = span.before(layer)
    return span.context(1)


def stage_context(generator: HiftGenerator, stage: int) -> Context:
    """Return how many of the frames that go into `stage` its output for one of them depends on."""
    config = generator.config
    size, hop = config.istft_params.n_fft, config.istft_params.hop_len
    is_last = stage == len(config.upsample_rates) - 1
    samples = config.samples_from(stage)
    span = _Span(0, config.upsample_rates[stage] - 1)
    if is_last:
        span = _Span(0, samples - 1).before_inverse_spectrum(size, hop).before(generator.conv_post)
    spans = [span.before_block(block) for block in generator.side_by_side(stage)]
    span = _Span(min(each.first for each in spans), max(each.last for each in spans))
    branch = span.before_block(generator.source_resblocks[stage]).before(generator.source_downs[stage])
    excitation = branch.before_spectrum(size, hop).context(samples)
    if is_last:
        span = _Span(span.first - 1, span.last - 1)  # the frame made by reflection comes first
    span = span.before(generator.ups[stage])
    if stage == 0:
        span = span.before(generator.conv_pre)
    frames = span.context(1)
    return Context(max(frames.left, excitation.left), max(frames.right, excitation.right))
