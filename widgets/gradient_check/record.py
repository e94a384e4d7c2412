"""Recorded checks: every rule as derived and bent, and the worst error over seeds and depths."""

from collections.abc import Callable
from typing import Any

from .recipe import Settings, run

N_SEEDS = 10
DEPTHS = (1, 2, 3)


def record(parallel: Callable[..., list[Any]]) -> dict[str, Any]:
    """Check once for every rule of the list, then without a bend over seeds and depths.

    Returns
    -------
    dict with "runs", each a check in wire form with its "settings", and "ensembles" by name: "settings",
    "depth" (D,), "seeds" (S,) and "worst" (D, S).
    """
    bends = next(spec for spec in Settings.schema() if spec["name"] == "bend")["choices"]
    runs = parallel(checked, [(bend, "hard" if bend == "product_df" else "soft") for bend, _ in bends])
    worst = parallel(worst_errors, [(depth,) for depth in DEPTHS])
    ensemble = {
        "settings": Settings().as_dict(),
        "depth": DEPTHS,
        "seeds": list(range(N_SEEDS)),
        "worst": worst,
    }
    return {"runs": runs, "ensembles": {"default": ensemble}}


def checked(bend: str, constraint: str) -> dict[str, Any]:
    """One check in wire form with its settings."""
    settings = Settings(bend=bend, constraint=constraint)
    return {"settings": settings.as_dict(), **next(run(settings))}


def worst_errors(depth: int) -> list[float]:
    """The worst error of every seed, with every rule as derived."""
    return [next(run(Settings(depth=depth, seed=seed)))["result"]["worst"] for seed in range(N_SEEDS)]
