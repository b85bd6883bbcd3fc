import os
import sys
from pathlib import Path

import pytest

from edge_audio.audio import catalogue
from edge_audio.audio.catalogue import DeviceInfo, default_devices_available, find_device, quiet_stderr
from runtime.errors import UserError


def device(number: int, name: str, inputs: int = 0, outputs: int = 0, default: bool = False) -> DeviceInfo:
    return DeviceInfo(number, name, "ALSA", inputs, outputs, 48_000, default, default)


DEVICES = [
    device(0, "Monitor of USB", inputs=2),
    device(1, "USB Audio: - (hw:1,0)", inputs=1),
    device(2, "USB", inputs=1, outputs=2),
    device(3, "HDMI", outputs=8),
    device(4, "default", inputs=32, outputs=32, default=True),
]


def test_no_choice_means_the_default() -> None:
    assert find_device(DEVICES, None, "input").number == 4
    assert find_device(DEVICES, None, "output").number == 4


def test_a_device_is_found_by_number_and_by_a_part_of_its_name() -> None:
    assert find_device(DEVICES, 3, "output").name == "HDMI"
    assert find_device(DEVICES, "hdmi", "output").number == 3
    assert find_device(DEVICES, "audio", "input").number == 1


def test_the_whole_name_wins_over_a_part_of_it() -> None:
    assert find_device(DEVICES, "usb", "input").number == 2


def test_only_what_can_record_is_a_microphone_and_only_what_can_play_a_speaker() -> None:
    assert find_device(DEVICES, "usb a", "input").number == 1
    for wanted in ("usb a", 1):
        with pytest.raises(UserError, match="There is no speaker"):
            find_device(DEVICES, wanted, "output")
    with pytest.raises(UserError, match="There is no microphone 3"):
        find_device(DEVICES, 3, "input")


def test_a_machine_without_devices_is_told() -> None:
    with pytest.raises(UserError, match="no default microphone"):
        find_device([], None, "input")
    with pytest.raises(UserError, match="no speaker 'usb'"):
        find_device(DEVICES[:1], "usb", "output")


def test_a_machine_without_portaudio_is_told_and_has_no_devices(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "sounddevice.py").write_text('raise OSError("PortAudio library not found")')
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.delitem(sys.modules, "sounddevice", raising=False)
    with pytest.raises(UserError, match="sudo apt-get install libportaudio2"):
        catalogue.list_devices()
    assert not default_devices_available()


def test_what_c_libraries_print_is_silenced_and_only_while_the_block_runs(
    capfd: pytest.CaptureFixture[str],
) -> None:
    with pytest.raises(KeyError), quiet_stderr():
        os.write(2, b"noise\n")
        raise KeyError
    os.write(2, b"signal\n")
    assert capfd.readouterr().err == "signal\n"
