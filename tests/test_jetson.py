"""What is kept for a Jetson: the page, the service and the image name what there is."""

import json
import re
import shlex
import shutil
import subprocess
import sys
from collections.abc import Iterator
from configparser import RawConfigParser
from pathlib import Path

import pytest
import typer.main

from edge_audio.cli import app

CHECKOUT = Path(__file__).parent.parent
PAGE = CHECKOUT / "configs" / "jetson-orin.md"
SERVICE = CHECKOUT / "configs" / "edge-audio.service"
IMAGE = CHECKOUT / "configs" / "Dockerfile.jetson"
IGNORED = CHECKOUT / "configs" / "Dockerfile.jetson.dockerignore"
TEXTS = (PAGE, SERVICE, IMAGE, IGNORED)

NEWER_THAN_OLD_SYSTEMD = re.compile("Unknown key.*'(RestartSteps|RestartMaxDelaySec)'")
"""Keys of systemd 254; older ones say so and go on."""

HOST = re.compile(r"\b[\w-]+\.(?:com|dev|io|net|org)\b|://")


def code(page: str) -> Iterator[str]:
    """Yield the lines of the page's shell blocks, each continued line as one."""
    for block in re.findall(r"```sh\n(.*?)```", page, re.DOTALL):
        yield from block.replace("\\\n", " ").splitlines()


def program_calls(line: str) -> Iterator[list[str]]:
    """Yield the arguments of each call of the program in a line of shell."""
    words = shlex.split(line, comments=True)
    for position, word in enumerate(words):
        arguments = words[position + 1 :]
        if Path(word).name == "edge-audio" and arguments and re.fullmatch("[a-z]+", arguments[0]):
            yield arguments


def unit() -> RawConfigParser:
    parser = RawConfigParser(strict=False, comment_prefixes=("#",))
    parser.optionxform = str  # keys are not to be written small
    parser.read(SERVICE, encoding="utf-8")
    return parser


def instructions(name: str) -> list[str]:
    """Return what follows each instruction `name` of the image's file."""
    text = IMAGE.read_text(encoding="utf-8").replace("\\\n", " ")
    return [line.removeprefix(name).strip() for line in text.splitlines() if line.startswith(f"{name} ")]


def in_image() -> list[str]:
    (entry,), (arguments,) = instructions("ENTRYPOINT"), instructions("CMD")
    return [*json.loads(entry), *json.loads(arguments)]


def find_command(arguments: list[str]):
    """Return the command that `arguments` begin with, and those after it."""
    command = typer.main.get_command(app)
    while arguments and arguments[0] in getattr(command, "commands", {}):
        command, arguments = command.commands[arguments[0]], arguments[1:]
    return command, arguments


def test_every_command_that_is_given_can_be_parsed():
    calls = [call for line in code(PAGE.read_text(encoding="utf-8")) for call in program_calls(line)]
    calls += program_calls(unit()["Service"]["ExecStart"])
    calls += program_calls(shlex.join(in_image()))
    calls += [call for line in instructions("RUN") for call in program_calls(line)]
    assert len(calls) >= 12
    for call in calls:
        command, arguments = find_command(call)
        assert not hasattr(command, "commands"), call
        command.make_context("edge-audio", arguments)


def test_every_command_in_the_text_exists():
    mentioned = [
        call
        for text in re.findall(r"`(edge-audio [^`]+)`", PAGE.read_text(encoding="utf-8"))
        for call in program_calls(text)
    ]
    assert ["models", "plan"] in mentioned
    for call in mentioned:
        assert find_command(call)[1] == [], call


@pytest.mark.parametrize("file", TEXTS, ids=lambda path: path.name)
def test_every_file_of_ours_that_is_named_exists(file):
    text = file.read_text(encoding="utf-8")
    for name in re.findall(r"configs/[\w.-]*\w", text):
        assert (CHECKOUT / name).is_file(), name
    for name in re.findall(r"(?<![\w.])[\w-]+\.(?:toml|service)\b", text):
        assert (CHECKOUT / "configs" / name).is_file() or (CHECKOUT / name).is_file(), name


@pytest.mark.parametrize("file", TEXTS, ids=lambda path: path.name)
def test_no_host_is_named(file):
    assert not HOST.search(file.read_text(encoding="utf-8"))


def test_the_image_is_built_from_what_there_is_and_from_nothing_else():
    copied = [source for line in instructions("COPY") for source in line.split()[:-1]]
    for line in instructions("COPY"):
        assert any("*" not in source for source in line.split()[:-1]), f"{line} may match nothing at all"
    for source in copied:
        assert "*" in source or (CHECKOUT / source).exists(), source
    passed_on = {
        line[1:] for line in IGNORED.read_text(encoding="utf-8").splitlines() if line.startswith("!")
    }
    assert {source.partition("/")[0] for source in copied} == passed_on


def test_the_image_does_not_run_as_root():
    (user,) = instructions("USER")
    assert user == "edge-audio"


def test_the_service_is_restarted_and_confined():
    parser = unit()
    assert parser.sections() == ["Unit", "Service", "Install"]
    service = parser["Service"]
    assert service["Restart"] == "on-failure"
    assert parser["Unit"]["StartLimitIntervalSec"] == "0"
    assert service["User"] not in ("root", "0")
    assert (service["IPAddressDeny"], service["IPAddressAllow"]) == ("any", "localhost")
    assert (service["NoNewPrivileges"], service["ProtectSystem"]) == ("yes", "strict")
    assert "MemoryMax" in service
    # These would take away the sound card and the GPU.
    assert not {"PrivateDevices", "DevicePolicy", "DeviceAllow", "ProtectClock"} & set(service)


def test_service_and_image_run_the_same():
    (from_service,) = program_calls(unit()["Service"]["ExecStart"])
    assert from_service == in_image()[1:]


@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="there is no systemd here")
def test_systemd_finds_nothing_wrong_with_the_service(tmp_path):
    there, here = "/opt/edge-audio/.venv/bin/", f"{Path(sys.executable).parent}/"
    copy = tmp_path / SERVICE.name
    copy.write_text(SERVICE.read_text(encoding="utf-8").replace(there, here), encoding="utf-8")
    verify = ["systemd-analyze", "verify", "--man=no", str(copy)]
    done = subprocess.run(verify, capture_output=True, text=True, timeout=60, check=False)
    complaints = [line for line in done.stderr.splitlines() if not NEWER_THAN_OLD_SYSTEMD.search(line)]
    assert (done.returncode, complaints) == (0, [])
