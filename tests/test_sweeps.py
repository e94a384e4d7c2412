"""Sweeps: equal on every executor to the bit, resumable, and what fails is named."""

import concurrent.futures
import io
import multiprocessing
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import sweep_experiments
from distributed import Client, LocalCluster

from pinn_core import SettingError, sweep
from pinn_core.sweeps import Store, SweepError

HERE = Path(__file__).parent
PAGE = HERE.parent / "chapters" / "sweeps.md"
GRID = {"learning_rate": [1e-3, 1e-2], "lam_ic": [1.0, 10.0, 100.0]}


@pytest.fixture(scope="module")
def dask(tmp_path_factory: pytest.TempPathFactory) -> Iterator[concurrent.futures.Executor]:
    """Two workers of Dask on this machine, each a process."""
    folder = tmp_path_factory.mktemp("dask")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PYTHONPATH", str(HERE), prepend=os.pathsep)
        with (
            LocalCluster(
                n_workers=2,
                threads_per_worker=1,
                processes=True,
                host="127.0.0.1",
                dashboard_address=None,
                local_directory=str(folder),
            ) as cluster,
            Client(cluster) as client,
        ):
            yield client.get_executor()


def of_here(**more):
    return sweep(sweep_experiments.short, GRID, range(5), seeds_at_once=2, **more)


def assert_equal(one, other) -> None:
    assert one.keys() == other.keys()
    for name, labelled in one.items():
        assert labelled.axes == other[name].axes
        np.testing.assert_array_equal(labelled.values, other[name].values)


def test_results_have_an_axis_for_every_setting_and_the_seeds() -> None:
    found = of_here()
    assert found["rel_l2"].axes == {
        "learning_rate": (1e-3, 1e-2),
        "lam_ic": (1.0, 10.0, 100.0),
        "seed": (0, 1, 2, 3, 4),
    }
    assert found["history"].values.shape == (2, 3, 5, 4)
    assert (found["seed_again"].values == np.arange(5)).all()
    alone = sweep_experiments.short([3], 1e-2, 10.0)
    part = found["rel_l2"].at(learning_rate=1e-2, lam_ic=10.0, seed=3)
    assert float(np.asarray(part)) == alone["rel_l2"][0]
    medians = found["rel_l2"].median("seed")
    assert medians.axes == {name: tuple(values) for name, values in GRID.items()}
    np.testing.assert_array_equal(medians.values, np.median(found["rel_l2"].values, axis=2))


def test_settings_that_train_together_give_the_same() -> None:
    assert_equal(of_here(), of_here(together=["lam_ic"]))


def test_processes_give_the_same_to_the_bit() -> None:
    spawn = multiprocessing.get_context("spawn")
    with concurrent.futures.ProcessPoolExecutor(2, mp_context=spawn) as pool:
        assert_equal(of_here(), of_here(executor=pool))


def test_two_workers_of_dask_give_the_same_to_the_bit(dask: concurrent.futures.Executor) -> None:
    assert_equal(of_here(), of_here(executor=dask))


def test_a_worker_that_is_killed_loses_nothing(dask: concurrent.futures.Executor, tmp_path: Path) -> None:
    found = sweep(
        sweep_experiments.killed_once, {"folder": [str(tmp_path)]}, range(40), seeds_at_once=2, executor=dask
    )
    assert (tmp_path / "killed").exists()
    assert found["value"].values.tolist() == [[float(seed) for seed in range(40)]]
    assert np.isfinite(found["process"].values).all()


def calls(folder: Path) -> int:
    path = folder / "calls"
    return len(path.read_text().splitlines()) if path.exists() else 0


def test_a_sweep_that_was_broken_off_runs_only_what_is_missing(tmp_path: Path) -> None:
    grid = {"folder": [str(tmp_path)]}

    class Interrupted(Exception):
        pass

    def interrupt(done: int, of: int) -> None:
        assert of == 5
        if done == 3:
            raise Interrupted

    with pytest.raises(Interrupted):
        sweep(
            sweep_experiments.counted,
            grid,
            range(10),
            seeds_at_once=2,
            store=tmp_path / "kept",
            progress=interrupt,
        )
    assert calls(tmp_path) == 3
    seen = []
    found = sweep(
        sweep_experiments.counted,
        grid,
        range(10),
        seeds_at_once=2,
        store=tmp_path / "kept",
        progress=lambda done, of: seen.append((done, of)),
    )
    assert calls(tmp_path) == 5
    assert seen == [(3, 5), (4, 5), (5, 5)]
    assert found["value"].values.tolist() == [[0, 2, 4, 6, 8, 10, 12, 14, 16, 18]]


@pytest.mark.parametrize("content", [b"", b"PK\x03\x04 nonsense", None])
def test_a_damaged_or_foreign_file_is_not_trusted(tmp_path: Path, content: bytes | None) -> None:
    grid = {"folder": [str(tmp_path)]}
    store = tmp_path / "kept"
    sweep(sweep_experiments.counted, grid, [1, 2], store=store)
    [path] = store.glob("*.npz")
    if content is None:  # another experiment's result under this name
        other = {"folder": str(tmp_path), "seeds": [7, 8]}
        Store(store, sweep_experiments.counted).write(other, {"value": np.array([14.0, 16.0])})
        [foreign] = set(store.glob("*.npz")) - {path}
        foreign.replace(path)
    else:
        path.write_bytes(content)
    found = sweep(sweep_experiments.counted, grid, [1, 2], store=store)
    assert found["value"].values.tolist() == [[2, 4]]
    assert calls(tmp_path) == 2


def test_pickled_objects_are_never_loaded(tmp_path: Path) -> None:
    store = Store(tmp_path, sweep_experiments.counted)
    about = store._about({"seeds": [1]})
    with store._path(about).open("wb") as file:
        np.savez(file, about=np.frombuffer(about, np.uint8), value=np.array([print], dtype=object))
    assert store.read({"seeds": [1]}) is None


def test_what_diverges_is_marked_and_the_others_go_on() -> None:
    found = sweep(sweep_experiments.diverges, {"bad": [False, True]}, range(4), seeds_at_once=2)
    assert found["value"].at(bad=False).values.tolist() == [1, 1, 1, 1]
    np.testing.assert_array_equal(found["value"].at(bad=True).values, [np.nan, np.nan, 1, 1])
    [(settings, cause)] = found.diverged
    assert settings == {"bad": True, "seeds": [0, 1]}
    assert "epoch 7" in cause
    assert found["value"].median("seed").values.tolist() == [1, 1]


def test_a_failure_names_its_settings(dask: concurrent.futures.Executor) -> None:
    for executor in (None, dask):
        with pytest.raises(SweepError, match=r"amount=0, seeds=\[5\] failed: ZeroDivisionError"):
            sweep(sweep_experiments.fails, {"amount": [2, 0]}, [5], executor=executor)


def test_a_table_has_a_row_for_every_run() -> None:
    found = of_here()
    file = io.StringIO()
    found.write_csv(file)
    header, *rows = file.getvalue().splitlines()
    assert header == "learning_rate,lam_ic,seed,rel_l2,seed_again"
    assert len(rows) == 30
    rate, lam, seed, error, _ = rows[-1].split(",")
    assert (
        float(error)
        == found["rel_l2"].at(learning_rate=float(rate), lam_ic=float(lam), seed=int(seed)).values
    )


@pytest.mark.parametrize(
    ("name", "more"),
    [
        ("grid", {"grid": [1, 2]}),
        ("grid['learning_rate']", {"grid": GRID | {"learning_rate": 1e-3}}),
        ("grid['learning_rate']", {"grid": GRID | {"learning_rate": []}}),
        ("grid['learning_rate']", {"grid": GRID | {"learning_rate": [1.0, 1.0]}}),
        ("grid['learning_rate']", {"grid": GRID | {"learning_rate": [[1.0]]}}),
        ("grid['seed']", {"grid": GRID | {"seed": [1]}}),
        ("seeds", {"seeds": []}),
        ("seeds", {"seeds": [0.5]}),
        ("seeds_at_once", {"seeds_at_once": 0}),
        ("together", {"together": ["nothing"]}),
        ("executor", {"executor": "two cores"}),
    ],
)
def test_bad_arguments_are_named(name: str, more: dict) -> None:
    given = {"grid": GRID, "seeds": [0]} | more
    with pytest.raises(SettingError) as caught:
        sweep(sweep_experiments.short, given.pop("grid"), given.pop("seeds"), **given)
    assert caught.value.name == name


def test_unknown_labels_are_named() -> None:
    found = of_here()
    with pytest.raises(SettingError, match=r"lam_ic = 7 .*1\.0, 10\.0, 100\.0"):
        found["rel_l2"].at(lam_ic=7)
    with pytest.raises(SettingError, match="axis = 'nothing'"):
        found["rel_l2"].median("nothing")


def page_code(fence: str, word: str) -> str:
    """The one piece of code of the page about sweeps behind such a fence that has a word in it."""
    pieces = re.findall(rf"```{re.escape(fence)}\n(.*?)```", PAGE.read_text(), re.DOTALL)
    [piece] = [piece for piece in pieces if word in piece]
    return piece


@pytest.mark.parametrize("word", ["ProcessPoolExecutor()", "LocalCluster("])
def test_the_programs_of_the_page_run_and_agree_with_it(word: str, tmp_path: Path) -> None:
    cell = page_code("{code-cell} ipython3", "def weighed(")
    (tmp_path / "experiments.py").write_text(cell)
    (tmp_path / "program.py").write_text(page_code("python", word))
    done = subprocess.run(
        [sys.executable, "program.py"],
        cwd=tmp_path,
        env=os.environ | {"PYTHONPATH": str(tmp_path), "OPENBLAS_NUM_THREADS": "1"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    space: dict = {}
    exec(cell, space)
    expected = sweep(space["weighed"], {"lam_ic": [1.0, 100.0]}, range(16))["rel_l2"].median("seed")
    assert done.stdout.strip() == str(expected)
