"""The archive of runs: what is recorded is what the code gives, and what is out of date is named."""

import concurrent.futures
import contextlib
import dataclasses
import json
import multiprocessing
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from pinn_widgets.build import archive, record, running
from pinn_widgets.build.archive import OutOfDateError, Recorded
from pinn_widgets.runs.jobs import Job, late, over_seeds
from pinn_widgets.weight_tuner import jobs as tuner_jobs
from pinn_widgets.weight_tuner import recipe

WIDGETS = archive.widgets()
EVERY = record.selected([])
CHECKOUT = Path(__file__).parents[1]


def one_of_every_ensemble() -> record.Selection:
    """For every group of every widget the job that took the least time."""
    stored = record.stored_runs(EVERY)
    least: dict[tuple[str, str], str] = {}
    for name, (widget, job) in EVERY.items():
        group = widget, job.group
        if group not in least or stored[name].seconds < stored[least[group]].seconds:
            least[group] = name
    return {name: EVERY[name] for name in least.values()}


@pytest.fixture(scope="module")
def pool() -> Iterator[concurrent.futures.Executor]:
    """Processes on all cores, with one thread each."""
    with pytest.MonkeyPatch.context() as patch:
        for name, value in running.ONE_THREAD.items():
            patch.setenv(name, value)
        spawn = multiprocessing.get_context("spawn")
        with concurrent.futures.ProcessPoolExecutor(mp_context=spawn) as executor:
            yield executor


def test_the_code_gives_the_opening_of_every_recorded_run(pool: concurrent.futures.Executor) -> None:
    stored = record.stored_runs(EVERY)
    jobs = {name: job for name, (_, job) in EVERY.items()}
    assert dict(archive.causes(jobs, stored)) == {}
    differing = pool.map(archive.replayed, jobs.values(), [stored[name] for name in jobs], chunksize=4)
    assert {name: one for name, one in zip(jobs, differing, strict=True) if one} == {}


def test_one_run_of_every_ensemble_ends_where_it_was_recorded(pool: concurrent.futures.Executor) -> None:
    sample = one_of_every_ensemble()
    stored = record.stored_runs(sample)
    jobs = [job for _, job in sample.values()]
    differing = pool.map(archive.ends_apart, jobs, [stored[name] for name in sample])
    assert {name: one for name, one in zip(sample, differing, strict=True) if one} == {}


def test_the_archive_is_small_and_has_no_leftovers() -> None:
    paths = [path for widget in WIDGETS for path in (archive.WIDGETS / widget / "archive").iterdir()]
    assert {path.relative_to(archive.WIDGETS).as_posix() for path in paths} == {
        f"{widget}/archive/{job.group}.run" for widget, job in EVERY.values()
    }
    assert sum(path.stat().st_size for path in paths) <= 3e6


def test_prose_quotes_ensembles_of_at_least_24_seeds() -> None:
    for widget in WIDGETS:
        for name, ensemble in archive.load(widget)["ensembles"].items():
            assert len(ensemble["seeds"]) >= 24, (widget, name)


def a_job(**changes: Any) -> Job:
    """A short training of the weight tuner."""
    arguments = {"changes": {"epochs": 60, "lam_ic": 100.0} | changes, "widths": None, "seeds": [0, 1]}
    return Job("short/one", tuner_jobs.train_seeds, arguments, opening=40)


def test_stop_trains_the_same_run() -> None:
    job = a_job()
    stopped = job.function(**job.arguments, stop=40)
    shorter = a_job(epochs=40)
    whole = shorter.function(**shorter.arguments)
    assert list(archive.differences(whole, stopped, frozenset())) == []


def test_a_bent_rate_is_seen_in_the_opening(monkeypatch: pytest.MonkeyPatch) -> None:
    job = a_job()
    kept = archive.make(job)
    assert archive.replayed(job, kept) == []
    honest = recipe.optimizer_of
    bent = lambda settings: dataclasses.replace(  # noqa: E731
        honest(settings), learning_rate=settings.learning_rate * (1 + 1e-6)
    )
    monkeypatch.setattr(tuner_jobs, "optimizer_of", bent)
    assert archive.replayed(job, kept)
    assert archive.ends_apart(job, kept) == []  # which only sees what would change what is said


def test_ends_that_tell_another_story_are_seen() -> None:
    job = a_job()
    kept = archive.make(job)
    other = kept.result | {"rel_l2_late": kept.result["rel_l2_late"] / 4}
    assert archive.ends_apart(job, dataclasses.replace(kept, result=other))
    verdict = {"runs": {"one": {"result": {"verdict": "clean"}}}}
    assert list(archive.apart(verdict, {"runs": {"one": {"result": {"verdict": "wrong"}}}}, {}))


@pytest.mark.parametrize(
    ("now", "same"),
    [
        ({"a": np.array([1.0, 2.0])}, True),
        ({"a": np.array([1.0 + 1e-10, 2.0])}, True),
        ({"a": np.array([1.0 + 1e-7, 2.0])}, False),
        ({"a": np.array([1.0, np.nan])}, False),
        ({"a": np.array([1.0])}, False),
        ({"b": np.array([1.0, 2.0])}, False),
        ({"a": np.array([1.0, 2.0]), "time": 3.0}, True),
    ],
)
def test_openings_are_compared_by_the_largest_number_in_them(now: dict[str, Any], same: bool) -> None:
    kept = {"a": np.array([1.0, 2.0]), "time": 7.0} if "time" in now else {"a": np.array([1.0, 2.0])}
    assert (list(archive.differences(kept, now, frozenset({"time"}))) == []) is same


def test_a_job_that_asks_for_something_else_is_out_of_date() -> None:
    job = a_job()
    stored = {job.name: archive.make(job)}
    assert list(archive.causes({job.name: job}, stored)) == []
    [(_, cause)] = archive.causes({job.name: a_job(points=20)}, stored)
    assert cause == "recorded with other arguments"
    [(name, cause)] = archive.causes({"short/two": job}, stored)
    assert (name, cause) == ("short/two", "not recorded")


def test_an_error_names_jobs_and_command() -> None:
    error = OutOfDateError({f"weight_tuner/default/{k}": "not recorded" for k in range(30)})
    assert "./build.sh record --stale" in str(error)
    assert "weight_tuner/default/0: not recorded" in str(error)
    assert str(error).endswith("and 10 more")


@pytest.fixture
def elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An archive and a state of recording of the tests' own."""
    for widget in WIDGETS:
        shutil.copytree(archive.WIDGETS / widget / "archive", tmp_path / widget / "archive")
        (tmp_path / widget / "recipe.py").touch()
    monkeypatch.setattr(archive, "WIDGETS", tmp_path)
    monkeypatch.setattr(record, "STATE", tmp_path / "recording")
    archive.recorded_runs.cache_clear()
    yield tmp_path
    archive.recorded_runs.cache_clear()


CHECKS = "gradient_check/default"


@pytest.mark.usefixtures("elsewhere")
def test_a_damaged_file_is_named_and_recorded_anew() -> None:
    path = archive.path_of("gradient_check", "default")
    path.write_bytes(path.read_bytes()[:100])
    with pytest.raises(ValueError, match=r"default\.run is damaged.*record gradient_check/default"):
        archive.load("gradient_check")
    record.main(["gradient_check", "--stale"])
    archive.recorded_runs.cache_clear()
    assert len(archive.load("gradient_check")["ensembles"]["default"]["seeds"]) == 24


@pytest.mark.usefixtures("elsewhere")
def test_a_missing_file_is_an_error_in_the_build() -> None:
    archive.path_of("gradient_check", "default").unlink()
    with pytest.raises(OutOfDateError, match="gradient_check/default/1/seeds-0-7: not recorded"):
        archive.load("gradient_check")


@pytest.mark.usefixtures("elsewhere")
def test_a_recording_that_was_broken_off_goes_on(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    selection = record.selected([CHECKS])
    written: list[str] = []
    honest = archive.write_group

    def breaks_off(widget: str, group: str, runs: dict[str, Recorded]) -> None:
        if len(written) == 3:
            raise KeyboardInterrupt
        written.append(group)
        honest(widget, group, runs)

    monkeypatch.setattr(archive, "write_group", breaks_off)
    with pytest.raises(KeyboardInterrupt):
        record.record(selection, None)
    monkeypatch.setattr(archive, "write_group", honest)
    record.record(selection, None)
    assert f"3 of {len(selection)} were finished before" in capsys.readouterr().err
    record.record(selection, None)
    assert "finished before" not in capsys.readouterr().err


@contextlib.contextmanager
def started(script: str, *arguments: str) -> Iterator[subprocess.Popen[str]]:
    """A Python process that has said a word, killed in the end."""
    command = [sys.executable, "-c", script, *arguments]
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, start_new_session=True
    ) as process:
        try:
            assert process.stdout is not None
            assert process.stdout.readline()
            yield process
        finally:
            process.kill()


CLAIMING = """
import sys, time
from pathlib import Path
from pinn_widgets.build import record
record.STATE = Path(sys.argv[1])
with record.locks() as lock:
    mine = record.claimed(record.selected(["gradient_check/default"]), lock)
    print(len(mine), flush=True)
    time.sleep(600)
"""


@pytest.mark.usefixtures("elsewhere")
def test_no_job_is_recorded_twice_at_once(capsys: pytest.CaptureFixture[str]) -> None:
    selection = record.selected([CHECKS])
    with started(CLAIMING, str(record.STATE)):
        record.record(selection, None)
    assert capsys.readouterr().err.count("another process is at it") == len(selection)
    with record.locks() as lock:  # a process that was killed holds nothing
        assert record.claimed(selection, lock) == selection


WORKING = """
import time
from pinn_widgets.build import running
print("begins", flush=True)
list(running.run_all(time.sleep, {name: (600,) for name in "abcdefgh"}, None))
"""


def children_of(process: subprocess.Popen[str]) -> list[int]:
    """Processes that another one has started."""
    path = Path(f"/proc/{process.pid}/task/{process.pid}/children")
    return [int(pid) for pid in path.read_text().split()]


def is_worker(pid: int) -> bool:
    """Whether a process is at work in a pool."""
    try:
        return b"spawn_main" in Path(f"/proc/{pid}/cmdline").read_bytes()
    except FileNotFoundError:
        return False


def becomes(condition: Callable[[], bool], seconds: float = 60.0) -> bool:
    """Whether something comes true in time."""
    end = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > end:
            return False
        time.sleep(0.1)
    return True


@pytest.mark.skipif(not Path("/proc").exists(), reason="lists processes as Linux does")
@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGINT])
def test_no_worker_outlives_a_recording(how: signal.Signals) -> None:
    with started(WORKING) as process:
        assert becomes(lambda: any(map(is_worker, children_of(process))))
        workers = list(filter(is_worker, children_of(process)))
        os.killpg(process.pid, how) if how == signal.SIGINT else process.kill()
        process.wait(60)
    assert becomes(lambda: not any(map(is_worker, workers)))


@pytest.mark.usefixtures("elsewhere")
def test_check_names_what_differs(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        record.main(["weight_tuner/openings", "--check"])
    assert ended.value.code == 0
    name = "weight_tuner/few_points/1/seeds-0-7"
    widget, job = EVERY[name]
    runs = archive.read_group(widget, job.group)
    bent = runs[job.name].result | {"rel_l2_late": runs[job.name].result["rel_l2_late"] / 10}
    archive.write_group(
        widget, job.group, runs | {job.name: dataclasses.replace(runs[job.name], result=bent)}
    )
    with pytest.raises(SystemExit) as ended:
        record.main([name, "--check"])
    assert ended.value.code == 1
    assert f"{name}: rel_l2_late: its median is 10 times the recorded one" in capsys.readouterr().out


@pytest.mark.usefixtures("elsewhere")
def test_a_job_that_fails_is_named() -> None:
    broken = Job(
        "short/broken", tuner_jobs.train_seeds, {"changes": {"points": -1}, "widths": None, "seeds": [0]}
    )
    with pytest.raises(SystemExit, match=r"weight_tuner/short/broken failed: SettingError: points = -1"):
        record.record({"weight_tuner/short/broken": ("weight_tuner", broken)}, None)


def test_unknown_names_are_refused() -> None:
    with pytest.raises(SystemExit, match="no job is called 'nothing'"):
        record.selected(["nothing"])
    assert set(record.selected(["weight_tuner/hard"])) < set(record.selected(["weight_tuner"])) < set(EVERY)


def test_seeds_are_cut_into_jobs() -> None:
    jobs = over_seeds("group", tuner_jobs.train_seeds, {}, 20, first_seed=5)
    assert [job.name for job in jobs] == ["group/seeds-5-12", "group/seeds-13-20", "group/seeds-21-24"]
    assert [seed for job in jobs for seed in job.arguments["seeds"]] == list(range(5, 25))


def test_late_is_the_median_of_the_last_quarter() -> None:
    assert late(np.arange(100.0)) == 87.0
    assert late([3.0]) == 3.0
    np.testing.assert_array_equal(late(np.array([[0, 0, 0, 1.0], [0, 0, 0, 2.0]])), [1.0, 2.0])


def test_files_of_a_page_hold_the_runs_of_the_index() -> None:
    from pinn_widgets.runs.wire import unpack

    recording = archive.load("weight_tuner")
    packed, files = archive.published(recording)
    index = unpack(packed)
    assert {entry["file"] for entry in index["runs"]} == set(files)
    for entry, run in zip(index["runs"], recording["runs"], strict=True):
        assert entry["settings"] == run["settings"]
        np.testing.assert_array_equal(unpack(files[entry["file"]])["curve"]["u"], run["curve"]["u"])
    low, high = index["ranges"]["rel_l2"]
    assert 0 < low < 0.05 < 1 < high


@pytest.fixture(scope="module")
def clone(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A checkout by a git that is told to convert line endings, as on Windows."""
    folder = tmp_path_factory.mktemp("crlf") / "clone"
    git = ["git", "-c", "core.autocrlf=true", "-c", "core.eol=crlf"]
    subprocess.run([*git, "clone", "-q", "--no-hardlinks", CHECKOUT, folder], check=True)
    (folder / "pinn_widgets").symlink_to("widgets")
    return folder


def test_a_checkout_that_converts_line_endings_has_the_same_files(clone: Path) -> None:
    shown = subprocess.run(
        ["git", "ls-files", "--eol"], cwd=clone, capture_output=True, text=True, check=True
    ).stdout
    assert "w/crlf" not in shown
    assert "w/mixed" not in shown
    path = "widgets/gradient_check/archive/default.run"
    command = ["git", "show", f"HEAD:{path}"]
    committed = subprocess.run(command, cwd=CHECKOUT, capture_output=True, check=True).stdout
    assert (clone / path).read_bytes() == committed


ASKING = """
if __name__ == "__main__":
    import json, sys
    from pinn_widgets.build import record
    print(json.dumps(record.stale(record.selected(sys.argv[1:]), None)))
"""


def stale_in(clone: Path, *names: str) -> set[str]:
    """The jobs of a checkout that its own code no longer gives."""
    (clone / "ask.py").write_text(ASKING)
    environment = os.environ | {"PYTHONPATH": str(clone)}
    command = [sys.executable, "ask.py", *names]
    done = subprocess.run(command, cwd=clone, env=environment, capture_output=True, text=True, check=True)
    return set(json.loads(done.stdout))


def test_a_change_of_numbers_names_the_jobs_that_it_touches_and_nothing_else_does(clone: Path) -> None:
    asked = "weight_tuner/fast", "weight_tuner/slow/1", "weight_tuner/openings/default"
    jobs, recipe_file = (clone / "widgets/weight_tuner" / name for name in ("jobs.py", "recipe.py"))
    jobs.write_bytes((jobs.read_text() + "# a comment\n").replace("\n", "\r\n").encode())
    os.utime(recipe_file, (0, 0))
    assert stale_in(clone, *asked) == set()
    honest = recipe_file.read_text()
    bent = honest.replace(
        "learning_rate=settings.learning_rate", "learning_rate=bent(settings.learning_rate)"
    )
    assert bent != honest
    recipe_file.write_text(f"{bent}\n\ndef bent(rate):\n    return rate * 1.0001 if rate == 1e-2 else rate\n")
    assert stale_in(clone, *asked) == {name for name in EVERY if name.startswith("weight_tuner/fast/")}
