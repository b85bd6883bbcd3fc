"""`edge-audio devices`: the sound devices, as a config names them."""

import msgspec
from rich.console import Console
from rich.table import Table

from edge_audio.audio.catalogue import list_devices


def show_devices(console: Console, *, as_json: bool) -> None:
    """List the devices with the number or name that `[audio]` takes. Raises `UserError`."""
    found = list_devices()
    if as_json:
        print(msgspec.json.encode(found).decode())
        return
    if not found:
        console.print("There are no sound devices.")
        return
    table = Table("No.", "Name", "System", "In", "Out", "Rate", "Default", box=None, pad_edge=False)
    for device in found:
        uses = (("microphone", device.is_default_input), ("speaker", device.is_default_output))
        default = ", ".join(use for use, is_default in uses if is_default)
        table.add_row(
            str(device.number),
            device.name,
            device.host_api,
            str(device.inputs or ""),
            str(device.outputs or ""),
            f"{device.default_rate_hz} Hz",
            default,
        )
    console.print(table)
