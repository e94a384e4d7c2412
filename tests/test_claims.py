"""The command that asks the claims on other seeds: what it trains, keeps and trains anew."""

import dataclasses
from pathlib import Path
from typing import Any

import pytest

from pinn_widgets.build import archive, claims
from pinn_widgets.build.prose import Claim
from pinn_widgets.gradient_check import claims as asked
from pinn_widgets.runs.jobs import Job
from pinn_widgets.weight_tuner.jobs import follow_opening

WIDGET, FIRST_SEED = "gradient_check", 1000
JOB = Job("openings/short", follow_opening, {"changes": {}, "seeds": [0, 1]}, opening=20)


def test_claims_are_asked_on_other_seeds(monkeypatch: Any, capsys: Any, tmp_path: Path) -> None:
    monkeypatch.setattr(claims, "KEPT", tmp_path)
    with pytest.raises(SystemExit) as ended:
        claims.main([WIDGET, "--first-seed", str(FIRST_SEED)])
    assert not ended.value.code
    said = capsys.readouterr().out.splitlines()
    assert len(said) == len(asked.claims(archive.load(WIDGET)))
    assert all("holds in" in line for line in said)
    (folder,) = tmp_path.iterdir()
    kept = [claims.read(path).identity["arguments"]["seeds"] for path in folder.iterdir()]
    assert kept
    assert min(min(seeds) for seeds in kept) == FIRST_SEED

    before = {path: path.stat().st_mtime_ns for path in folder.iterdir()}
    refuted = {"refuted": Claim("what these runs refute", [False])}
    monkeypatch.setattr(asked, "claims", lambda _: refuted)
    with pytest.raises(SystemExit) as ended:
        claims.main([WIDGET, "--first-seed", str(FIRST_SEED)])
    assert ended.value.code
    assert "FAILS in 0 of 1" in capsys.readouterr().out
    assert {path: path.stat().st_mtime_ns for path in folder.iterdir()} == before


def test_only_what_the_code_still_gives_is_used() -> None:
    kept = archive.make(JOB)
    assert claims.outdated({JOB.name: JOB}, {JOB.name: kept}) == set()
    opening = kept.opening | {"ratio_early": kept.opening["ratio_early"] * (1 + 1e-6)}
    moved = dataclasses.replace(kept, opening=opening)
    other = dataclasses.replace(JOB, arguments={"changes": {"frequency": 1.0}, "seeds": [0, 1]})
    for job, entries in ((JOB, {}), (JOB, {JOB.name: moved}), (other, {JOB.name: kept})):
        assert claims.outdated({job.name: job}, entries) == {job.name}
