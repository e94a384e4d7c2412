"""Numbers of exercises, equations and figures per section: 3.2.1 is the first of section 3.2.

A section's number stands in its title, "3.2 The manual weight tuner" or "Appendix B. The closed-form trace",
so that a page that is inserted renumbers nothing but itself. Notebooks take their numbers from the pages.
"""

import copy
import re

from sphinx.application import Sphinx
from sphinx.environment import BuildEnvironment

SECTION = re.compile(r"(?:Appendix )?(\d+\.\d+|[A-Z])(?=[. ])")


def section_of(title: str) -> str | None:
    """The number of a section, "3.2" or "B", from its title; None for a page without one."""
    match = SECTION.match(title)
    return match[1] if match else None


def restore(app: Sphinx, env: BuildEnvironment) -> list[str]:
    """Give Sphinx its own numbers back, with which it compares those of this build."""
    env.toc_fignumbers = getattr(env, "course_fignumbers", env.toc_fignumbers)
    return []


def number_by_section(app: Sphinx, env: BuildEnvironment) -> list[str]:
    """Replace Sphinx's numbers, which run through the whole book; give no page to write again."""
    env.course_fignumbers = copy.deepcopy(env.toc_fignumbers)  # type: ignore[attr-defined]
    for docname, by_type in env.toc_fignumbers.items():
        section = section_of(env.titles[docname].astext())
        for numbers in by_type.values():
            for k, node_id in enumerate(numbers, start=1):
                numbers[node_id] = (section, k) if section else (k,)  # type: ignore[assignment]
    return []


def numbers_of(env: BuildEnvironment) -> dict[str, str]:
    """The numbers of all exercises, equations and figures of the book as pages show them, by label."""
    return {
        node_id.removeprefix("equation-"): ".".join(map(str, number))
        for by_type in env.toc_fignumbers.values()
        for numbers in by_type.values()
        for node_id, number in numbers.items()
    }


def setup(app: Sphinx) -> None:
    """Number after Sphinx has."""
    app.connect("env-get-updated", restore, priority=100)
    app.connect("env-get-updated", number_by_section, priority=900)
