"""`edge-audio timeline`: a conversation as a picture."""

from pathlib import Path

from rich.console import Console

from edge_audio.recording.folder import read_recording
from edge_audio.timeline.model import Timeline, from_recording, from_report
from edge_audio.timeline.picture import render
from runtime.atomic import AtomicFile


def draw_timeline(source: Path, output: Path, console: Console) -> None:
    """Draw a report or a recording. Raises `UserError`, leaving no incomplete file."""
    picture = render(read_timeline(source), output)
    with AtomicFile(output) as file:
        file.write(picture.encode())
    console.print(f"The picture: {output}", markup=False, highlight=False)


def read_timeline(source: Path) -> Timeline:
    """Read a report, or a recording where `source` is a folder. Raises `UserError`."""
    return from_recording(read_recording(source)) if source.is_dir() else from_report(source)
