"""What training asks of a weighting scheme."""

from __future__ import annotations

from typing import Protocol

from ..jets import Array


class Weighting(Protocol):
    """A frozen dataclass of settings that turns loss terms into one loss, the sum of weight times term."""

    def init(self, terms: tuple[str, ...], members: int | None) -> dict[str, Array]:
        """The weight (B,) of every term with B = `members`; None stands for a single run, which has B = 1."""
