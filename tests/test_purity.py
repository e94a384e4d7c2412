"""The engine needs numpy and the standard library, and keeps to itself."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

ENGINE = Path(__file__).parents[1] / "pinn_core"
FILES = sorted(ENGINE.rglob("*.py"))
ALLOWED = {"numpy", *sys.stdlib_module_names}

# numpy.random may only be entered through a generator with a seed.
SEEDED = {"np.random.default_rng", "np.random.Generator"}
WITHOUT_FILES = {"open", "input", "print", "exec", "eval", "__import__"}


def imported_modules(tree):
    """Top-level names of all modules that a file imports; "." for its own package."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name.split(".")[0] for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield "." if node.level else node.module.split(".")[0]


def faults(source):
    """Everything in a source text that the engine must not do."""
    tree = ast.parse(source)
    yield from (f"import of {name}" for name in imported_modules(tree) if name not in ALLOWED | {"."})
    for node in ast.walk(tree):
        if isinstance(node, ast.Global):
            yield "global"
        elif isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in WITHOUT_FILES:
            yield node.func.id
        elif isinstance(node, ast.Attribute) and ast.unparse(node.value) in ("np.random", "numpy.random"):
            yield from {f"np.random.{node.attr}"} - SEEDED


def test_there_is_an_engine():
    assert {"jets.py", "networks.py", "training.py", "gradcheck.py"} <= {path.name for path in FILES}


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(ENGINE)))
def test_engine_files_keep_to_themselves(path):
    assert list(faults(path.read_text(encoding="utf-8"))) == []


@pytest.mark.parametrize(
    "source",
    [
        "import torch",
        "from scipy.linalg import norm",
        "np.random.rand(3)",
        "open('x')",
        "def f():\n    global a",
    ],
)
def test_faults_are_found(source):
    assert list(faults(source))


def test_importing_and_running_the_engine_loads_nothing_else():
    program = f"""
import sys
sys.path.insert(0, {str(ENGINE.parent)!r})
before = set(sys.modules)
from pinn_core import *
list(train(HarmonicOscillator(n_points=5), Mlp((1, 4, 1)), Adam(), FixedWeights(), epochs=3))
gradient_check(FunctionFit(n_points=5), Mlp((1, 4, 1)))
loaded = [name for name in sys.modules if name not in before and getattr(sys.modules[name], "__spec__", None)]
print(*sorted({{name.split(".")[0] for name in loaded}}))
"""
    command = [sys.executable, "-I", "-W", "error", "-c", program]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    loaded = set(done.stdout.split())
    assert {"pinn_core", "numpy"} <= loaded
    assert {name for name in loaded if not name.startswith("_")} <= ALLOWED | {"pinn_core"}
