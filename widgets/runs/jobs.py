"""Jobs: what is recorded. Every recorded run is the result of one."""

import dataclasses
from collections.abc import Callable, Mapping
from typing import Any

from .following import Wire


@dataclasses.dataclass(frozen=True)
class Job:
    """A named training whose result is kept.

    Parameters
    ----------
    name : path-like and unique in its widget, such as "default/100/seeds-0-7".
    function : pure and on the level of a module: ``function(stop=None, **arguments)`` trains to the end and
        returns arrays and plain values by name. With ``stop=n`` it trains the same run, but only up to epoch
        n, and returns the same names.
    arguments : plain values, as JSON has them.
    opening : epochs that are trained anew to see whether the code still gives the recorded run. Few enough
        that rounding has not yet parted two processors.
    times : names of entries that are measured times, and so differ each time.
    """

    name: str
    function: Callable[..., Wire]
    arguments: Mapping[str, Any]
    opening: int = 200
    times: frozenset[str] = frozenset()
