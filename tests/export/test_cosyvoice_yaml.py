import msgspec
import pytest

from export.cosyvoice_yaml import read_cosyvoice_yaml, read_section
from runtime.errors import UserError

RELEASED_STYLE = """
# seeds
__set_seed1: !apply:random.seed [1986]
sample_rate: 22050
bands: !ref <flow[output_size]>
flow: !new:cosyvoice.flow.flow.MaskedDiffWithXvec
    output_size: 80
    input_frame_rate: 41.6
    decoder: !new:cosyvoice.flow.flow_matching.ConditionalCFM
        cfm_params: !new:omegaconf.DictConfig
            content:
                sigma_min: 1e-06
                t_scheduler: 'cosine'
hift: !new:cosyvoice.hifigan.generator.HiFTGenerator
    sampling_rate: !ref <sample_rate>
    half_rate: !ref <sample_rate> // 2
    upsample_rates: [8, 8]
    f0_predictor: !new:cosyvoice.hifigan.f0_predictor.ConvRNNF0Predictor
        in_channels: !ref <bands>
opener: !name:cosyvoice.dataset.processor.parquet_opener
steps: [!ref <opener>, !ref <sample_rate>]
"""


def write(folder, text):
    path = folder / "cosyvoice.yaml"
    path.write_text(text)
    return path


def test_tags_vanish_and_references_are_followed(tmp_path):
    content = read_cosyvoice_yaml(write(tmp_path, RELEASED_STYLE))
    assert content["__set_seed1"] == [1986]
    assert content["flow"]["input_frame_rate"] == 41.6
    assert content["flow"]["decoder"]["cfm_params"]["content"] == {
        "sigma_min": 1e-06,
        "t_scheduler": "cosine",
    }
    assert content["hift"]["sampling_rate"] == 22050
    assert content["hift"]["f0_predictor"] == {"in_channels": 80}
    assert content["hift"]["half_rate"] == "<sample_rate> // 2"
    assert content["steps"] == ["", 22050]


@pytest.mark.parametrize(
    "code",
    [
        "a: !apply:os.mkdir [{}]",
        "a: !!python/object/apply:os.mkdir [{}]",
        "a: !new:os.mkdir\n  path: {}",
        "a: !include:{}",
    ],
)
def test_no_tag_runs_anything(tmp_path, code):
    made = tmp_path / "made"
    read_cosyvoice_yaml(write(tmp_path, code.format(made)))
    assert not made.exists()


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("", "holds no sections"),
        ("[1, 2]", "holds no sections"),
        ("a: [1", "no valid YAML"),
        ("a: {[]: 1}", "no valid YAML"),
        ("a: 2024-99-99", "no valid YAML"),
        ("a: &x [*x]", "stands for more than"),
        ("a: \0", "no valid YAML"),
        ("a: !ref <b>", "refers to <b>, which it doesn't have"),
        ("a: 1\nb: !ref <a[c]>", "refers to <a"),
        ("a: !ref <b>\nb: !ref <a>", "refers to itself"),
        ("a:\n  b: !ref <a>", "refers to itself"),
        ("[" * 5000, "no valid YAML"),
    ],
)
def test_a_malformed_file_is_one_clear_line(tmp_path, text, complaint):
    path = write(tmp_path, text)
    with pytest.raises(UserError, match=complaint) as caught:
        read_cosyvoice_yaml(path)
    assert str(path) in caught.value.cause
    assert "\n" not in str(caught.value)


def test_a_file_that_is_missing_or_no_text_is_named(tmp_path):
    with pytest.raises(UserError, match="can't be read"):
        read_cosyvoice_yaml(tmp_path / "cosyvoice.yaml")
    (tmp_path / "cosyvoice.yaml").write_bytes(b"\xff\xfe\x00\x80")
    with pytest.raises(UserError, match="no valid YAML"):
        read_cosyvoice_yaml(tmp_path / "cosyvoice.yaml")


class Hift(msgspec.Struct):
    sampling_rate: int
    upsample_rates: tuple[int, ...]
    audio_limit: float = 0.99


def test_a_section_is_typed_and_what_does_not_fit_is_named(tmp_path):
    path = write(tmp_path, RELEASED_STYLE)
    assert read_section(path, "hift", Hift) == Hift(22050, (8, 8))
    with pytest.raises(UserError, match="has no section llm"):
        read_section(path, "llm", Hift)
    with pytest.raises(UserError, match=r"section hift: .*upsample_rates"):
        read_section(write(tmp_path, RELEASED_STYLE.replace("[8, 8]", "8")), "hift", Hift)


def test_references_to_references_do_not_explode(tmp_path):
    levels = "".join(f"r{level}: [{10 * f'!ref <r{level - 1}>, '}]\n" for level in range(1, 30))
    assert read_cosyvoice_yaml(write(tmp_path, f"r0: 7\n{levels}"))["r2"] == 10 * [10 * [7]]
