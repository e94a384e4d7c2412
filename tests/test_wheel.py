"""The wheel of a checkout: engine and widgets work where only it is installed."""

import os
import shutil
import subprocess
import sys
import venv
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]

USE = """
import pinn_core, pinn_widgets
from pinn_widgets import WeightTuner
assert "site-packages" in pinn_core.__file__ and "site-packages" in pinn_widgets.__file__
tuner = WeightTuner(epochs=40, lam_ic=100).run()
assert tuner.result["rel_l2"] > 0 and len(tuner._esm) > 500_000
print(pinn_core.__version__)
"""


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel that pip makes of what is in version control, with the Node packages that are installed."""
    folder = tmp_path_factory.mktemp("wheel")
    copy = folder / "checkout"
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    for name in filter(None, listed.stdout.split("\0")):
        if (ROOT / name).exists():
            (copy / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / name, copy / name)
    (copy / "node_modules").symlink_to(ROOT / "node_modules")
    command = [sys.executable, "-m", "pip", "wheel", "--no-deps", "--no-build-isolation", "--no-index", "-q"]
    subprocess.run([*command, "--wheel-dir", folder, copy], check=True)
    [made] = folder.glob("*.whl")
    return made


def test_build_time_code_stays_at_home(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as content:
        names = set(content.namelist())
    assert "pinn_core/py.typed" in names
    assert "pinn_widgets/hosts/notebook/static/widget.js" in names
    stems = {Path(name).stem for name in names if name.count("/") == 2 and "pinn_widgets" in name}
    assert not stems & {"archive", "record", "drawing", "prose", "claims", "numbers", "picture"}
    assert "pinn_widgets/weight_tuner/jobs.py" not in names


def test_engine_and_widgets_work_from_the_wheel(wheel: Path, tmp_path: Path) -> None:
    home = tmp_path / "home"
    venv.create(home, symlinks=True)
    python = home / "bin/python"
    site = next((home / "lib").glob("python*/site-packages"))
    with zipfile.ZipFile(wheel) as content:
        content.extractall(site)
    # what the wheel asks for is that of this environment, without the checkout
    (site / "others.pth").write_text(next(path for path in sys.path if path.endswith("site-packages")) + "\n")
    for finder in site.glob("__editable__*"):
        finder.unlink()
    done = subprocess.run(
        [python, "-P", "-c", USE],
        cwd=tmp_path,
        env={"PATH": os.environ["PATH"], "PYTHONWARNINGS": "ignore"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip() == wheel.name.split("-")[1]
