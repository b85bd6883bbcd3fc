"""What a process sets for itself; in one of its own, as it can't be undone."""

import subprocess
import sys

PROGRAM = """
import sys
import edge_audio
before = sys.getswitchinterval()
import edge_audio.process
assert sys.getswitchinterval() == before, "the library changes nothing by itself"
edge_audio.process.tune()
print(sys.getswitchinterval())
"""


def test_a_process_is_tuned_only_when_it_asks_for_it() -> None:
    done = subprocess.run([sys.executable, "-c", PROGRAM], capture_output=True, text=True, check=True)
    assert float(done.stdout) == 0.0005
