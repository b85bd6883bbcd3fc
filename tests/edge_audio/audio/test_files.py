import os
import stat
import tempfile
import tracemalloc
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import soundfile

from edge_audio.audio.files import WavWriter, read_audio
from edge_audio.audio.frame import Samples
from runtime.errors import UserError
from tests.support.limits import as_nobody, disk_of


def tone(rate_hz: int, seconds: float = 1.0) -> Samples:
    t = np.arange(round(rate_hz * seconds)) / rate_hz
    return (0.5 * np.sin(2 * np.pi * 440 * t)).astype(np.float32)


def loudness(pcm: Samples) -> float:
    return float(np.sqrt(np.mean(pcm**2)))


@pytest.fixture
def open_folder() -> Iterator[Path]:
    """A folder that everybody may enter (pytest's own are private)."""
    with tempfile.TemporaryDirectory() as name:
        Path(name).chmod(0o755)
        yield Path(name)


# Reading.


@pytest.mark.parametrize("channels", [1, 2])
@pytest.mark.parametrize("rate_hz", [8_000, 16_000, 22_050, 44_100, 48_000, 192_000])
@pytest.mark.parametrize(
    ("form", "subtype"),
    [("WAV", "PCM_16"), ("WAV", "PCM_U8"), ("WAV", "FLOAT"), ("WAVEX", "PCM_24"), ("FLAC", "PCM_16")],
)
def test_every_rate_width_and_channel_count_reads_alike(
    tmp_path: Path, form: str, subtype: str, rate_hz: int, channels: int
) -> None:
    path = tmp_path / "in.audio"
    pcm = tone(rate_hz)
    soundfile.write(path, np.stack([pcm] * channels, axis=1), rate_hz, format=form, subtype=subtype)
    heard = read_audio(path)
    assert heard.dtype == np.float32
    assert heard.ndim == 1
    assert abs(len(heard) - 16_000) <= 1
    assert loudness(heard[400:-400]) == pytest.approx(loudness(pcm), rel=0.02)


def test_ogg_is_read(tmp_path: Path) -> None:
    path = tmp_path / "in.ogg"
    soundfile.write(path, tone(48_000), 48_000, format="OGG", subtype="VORBIS")
    assert loudness(read_audio(path)[400:-400]) == pytest.approx(loudness(tone(48_000)), rel=0.05)


def test_stereo_becomes_the_mean_of_both_sides(tmp_path: Path) -> None:
    path = tmp_path / "in.wav"
    soundfile.write(path, np.tile(np.float32([0.5, 0.25]), (16_000, 1)), 16_000, subtype="FLOAT")
    np.testing.assert_allclose(read_audio(path), 0.375)


def test_what_is_louder_than_full_scale_is_clipped(tmp_path: Path) -> None:
    path = tmp_path / "in.wav"
    soundfile.write(path, 4.0 * tone(48_000), 48_000, subtype="FLOAT")
    assert np.abs(read_audio(path)).max() == 1.0


def test_the_rate_can_be_chosen(tmp_path: Path) -> None:
    path = tmp_path / "in.wav"
    soundfile.write(path, tone(48_000), 48_000)
    assert abs(len(read_audio(path, 24_000)) - 24_000) <= 1


def test_one_sample_is_a_file_too(tmp_path: Path) -> None:
    path = tmp_path / "in.wav"
    soundfile.write(path, np.float32([0.5]), 16_000)
    np.testing.assert_allclose(read_audio(path), [0.5])


def test_a_long_file_is_held_once(tmp_path: Path) -> None:
    path = tmp_path / "long.wav"
    soundfile.write(path, np.zeros((48_000 * 120, 2), np.int16), 48_000)
    tracemalloc.start()
    heard = read_audio(path)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert len(heard) == 16_000 * 120
    assert peak < heard.nbytes + 4_000_000


def test_a_wav_from_a_pipe_whose_length_was_never_filled_in_is_read(tmp_path: Path) -> None:
    path = tmp_path / "in.wav"
    soundfile.write(path, tone(16_000), 16_000)
    header = bytearray(path.read_bytes())
    header[4:8] = header[40:44] = b"\xff\xff\xff\xff"
    path.write_bytes(header)
    assert len(read_audio(path)) == 16_000


@pytest.mark.parametrize(
    ("content", "cause"),
    [
        (b"", "is empty"),
        (b"\0", "not an audio file"),
        (b"Dear diary, there is no sound in here.\n" * 20, "not an audio file"),
        (b"RIFF\x24\0\0\0WAVEfmt ", "not an audio file"),
    ],
)
@pytest.mark.parametrize("name", ["in.wav", "in.raw", "in"])
def test_what_is_no_audio_is_told_in_one_line(tmp_path: Path, name: str, content: bytes, cause: str) -> None:
    path = tmp_path / name
    path.write_bytes(content)
    with pytest.raises(UserError, match=cause) as told:
        read_audio(path)
    assert str(path) in told.value.cause
    assert "\n" not in str(told.value)


def test_a_missing_file_and_a_folder_are_told(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="does not exist"):
        read_audio(tmp_path / "no.wav")
    with pytest.raises(UserError, match="does not exist"):
        read_audio(tmp_path / "no" / "no.wav")
    with pytest.raises(UserError, match="is a folder"):
        read_audio(tmp_path)


def test_a_file_that_may_not_be_read_is_told(open_folder: Path) -> None:
    path = open_folder / "in.wav"
    soundfile.write(path, tone(16_000), 16_000)
    path.chmod(0)
    with as_nobody(), pytest.raises(UserError, match=r"can't be read.*Permission denied"):
        read_audio(path)


@pytest.mark.parametrize(
    ("form", "subtype"), [("WAV", "PCM_16"), ("WAV", "FLOAT"), ("AIFF", "PCM_16"), ("AU", "PCM_16")]
)
@pytest.mark.parametrize("kept", [0.3, 0.99])
def test_a_file_that_is_cut_off_is_told_with_what_is_missing(
    tmp_path: Path, form: str, subtype: str, kept: float
) -> None:
    path = tmp_path / "in.audio"
    soundfile.write(path, tone(16_000, 10.0), 16_000, format=form, subtype=subtype)
    os.truncate(path, round(path.stat().st_size * kept))
    with pytest.raises(
        UserError, match=rf"cut off: it promises 10\.0 s of sound and holds {10 * kept:.1f} s"
    ):
        read_audio(path)


@pytest.mark.parametrize(("form", "subtype"), [("FLAC", "PCM_16"), ("WAV", "PCM_16")])
@pytest.mark.parametrize("kept", [0.05, 0.3, 0.6])
def test_a_cut_off_file_never_passes_as_whole(tmp_path: Path, form: str, subtype: str, kept: float) -> None:
    path = tmp_path / "in.audio"
    noise = np.random.default_rng(1).uniform(-0.5, 0.5, 48_000)  # so that its size grows with its length
    soundfile.write(path, noise, 16_000, format=form, subtype=subtype)
    os.truncate(path, round(path.stat().st_size * kept))
    with pytest.raises(UserError, match=r"cut off|damaged|holds no sound"):
        read_audio(path)


def test_a_header_without_samples_is_told(tmp_path: Path) -> None:
    path = tmp_path / "in.wav"
    soundfile.write(path, np.zeros(0, np.float32), 16_000)
    with pytest.raises(UserError, match="holds no sound"):
        read_audio(path)


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_samples_that_are_no_numbers_are_refused(tmp_path: Path, value: float) -> None:
    path = tmp_path / "in.wav"
    pcm = tone(16_000)
    pcm[1_234] = value
    soundfile.write(path, pcm, 16_000, subtype="FLOAT")
    with pytest.raises(UserError, match="not numbers"):
        read_audio(path)


@pytest.mark.parametrize("rate_hz", [1, 4_000, 7_999, 192_001, 10_000_000])
def test_an_absurd_rate_is_told(tmp_path: Path, rate_hz: int) -> None:
    path = tmp_path / "in.wav"
    soundfile.write(path, tone(16_000), rate_hz)
    with pytest.raises(UserError, match=f"sampling rate of {rate_hz} Hz"):
        read_audio(path)


# Writing.


def test_what_was_written_is_16_bit_mono_at_its_rate_and_sample_for_sample_the_same(tmp_path: Path) -> None:
    path = tmp_path / "out.wav"
    whole = np.arange(-32_768, 32_768, dtype=np.int32)
    pcm = (whole / 32_768).astype(np.float32)
    with WavWriter(path) as out:
        for at in range(0, len(pcm), 1_000):
            out.write(pcm[at : at + 1_000])
        assert not path.exists()
    info = soundfile.info(path)
    assert (info.samplerate, info.channels, info.subtype) == (24_000, 1, "PCM_16")
    np.testing.assert_array_equal(soundfile.read(path, dtype="int16")[0], whole)
    assert os.listdir(tmp_path) == ["out.wav"]


def test_too_loud_samples_are_clipped_not_wrapped(tmp_path: Path) -> None:
    path = tmp_path / "out.wav"
    with WavWriter(path, 16_000) as out:
        out.write(np.float32([1.0, 2.0, -1.0, -3.0]))
    assert soundfile.read(path, dtype="int16")[0].tolist() == [32_767, 32_767, -32_768, -32_768]


def test_a_writer_without_samples_leaves_a_file_that_opens(tmp_path: Path) -> None:
    with WavWriter(tmp_path / "out.wav"):
        pass
    assert soundfile.info(tmp_path / "out.wav").frames == 0


def test_a_failure_keeps_the_old_file_and_leaves_nothing_else(tmp_path: Path) -> None:
    path = tmp_path / "out.wav"
    path.write_text("precious")

    def fail_while_writing() -> None:
        with WavWriter(path) as out:
            out.write(tone(24_000))
            raise KeyError("the conversation failed")

    with pytest.raises(KeyError):
        fail_while_writing()
    assert path.read_text() == "precious"
    assert os.listdir(tmp_path) == ["out.wav"]


def test_abort_and_close_may_come_in_any_order_and_number(tmp_path: Path) -> None:
    dropped = WavWriter(tmp_path / "dropped.wav")
    dropped.write(tone(24_000))
    dropped.abort()
    dropped.close()
    dropped.abort()
    kept = WavWriter(tmp_path / "kept.wav")
    kept.close()
    kept.abort()
    kept.close()
    assert os.listdir(tmp_path) == ["kept.wav"]


@pytest.mark.parametrize("name", ["speech.mp3", "speech.FLAC"])
def test_a_target_with_the_name_of_another_format_is_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(UserError, match=r"Choose a name that ends in \.wav"):
        WavWriter(tmp_path / name)
    assert list(tmp_path.iterdir()) == []


def test_an_unwritable_target_is_told_before_anything_is_written(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"folder .*no.* does not exist"):
        WavWriter(tmp_path / "no" / "out.wav")
    with pytest.raises(UserError, match="is a folder"):
        WavWriter(tmp_path)
    (tmp_path / "file").write_text("x")
    with pytest.raises(UserError, match="Not a directory"):
        WavWriter(tmp_path / "file" / "out.wav")
    with pytest.raises(UserError, match="device or a pipe"):
        WavWriter("/dev/null")
    assert stat.S_ISCHR(os.stat("/dev/null").st_mode)
    assert os.listdir(tmp_path) == ["file"]


def test_a_folder_or_file_without_permission_is_told(open_folder: Path) -> None:
    protected = open_folder / "protected.wav"
    protected.write_text("precious")
    protected.chmod(0o444)
    with as_nobody():
        with pytest.raises(UserError, match=r"can't be written.*Permission denied"):
            WavWriter(open_folder / "out.wav")
        with pytest.raises(UserError, match=r"can't be written.*Permission denied"):
            WavWriter(protected)
    assert protected.read_text() == "precious"


def test_a_full_disk_is_told_and_leaves_nothing(tmp_path: Path) -> None:
    def write_a_minute() -> None:
        with WavWriter(tmp_path / "out.wav") as out:
            for _ in range(60):
                out.write(tone(24_000))

    with disk_of(100_000), pytest.raises(UserError, match="could not be written"):
        write_a_minute()
    assert os.listdir(tmp_path) == []
