"""The benchmark's own virtual environment, apart from the course's."""

import hashlib
import os
import subprocess
import sys
import venv
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent
REQUIREMENTS = HERE / "requirements.txt"
FOLDER = HERE / ".venv"

# The last one is XLA's.
ONE_THREAD = (
    "OMP_NUM_THREADS",
    "MKL_NUM_THREADS",
    "OPENBLAS_NUM_THREADS",
    "VECLIB_MAXIMUM_THREADS",
    "NUMEXPR_NUM_THREADS",
    "NPROC",
)


def python() -> Path:
    """The interpreter of the benchmark's environment, which is made or renewed if the pins have changed."""
    exe = FOLDER / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
    stamp = FOLDER / "made-from"
    wanted = hashlib.sha256(REQUIREMENTS.read_bytes() + sys.version.encode()).hexdigest()
    if exe.exists() and stamp.exists() and stamp.read_text() == wanted:
        return exe
    print("benchmark environment: installing PyTorch, JAX and DeepXDE into benchmarks/.venv", flush=True)
    venv.create(FOLDER, clear=True, with_pip=True)
    torch = next(line for line in REQUIREMENTS.read_text().splitlines() if line.startswith("torch=="))
    for what in ([torch], ["-r", str(REQUIREMENTS)]):
        subprocess.run([exe, "-m", "pip", "install", "-qq", *what], check=True)
    stamp.write_text(wanted)
    return exe


def variables() -> dict[str, str]:
    """Environment of every contestant's process: one thread, the engine and this folder importable."""
    return {
        **os.environ,
        **dict.fromkeys(ONE_THREAD, "1"),
        "PYTHONPATH": os.pathsep.join([str(HERE), str(ROOT)]),
        "PYTHONUNBUFFERED": "1",
        "MPLBACKEND": "Agg",
        "TF_CPP_MIN_LOG_LEVEL": "3",
    }
