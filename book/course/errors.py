"""The one error of the extension, and how it ends a build."""

import functools
from collections.abc import Callable
from typing import Any


class CourseError(Exception):
    """Something that the book needs is missing or wrong; the message says what and how to mend it."""


def ends_build(handler: Callable[..., Any]) -> Callable[..., Any]:
    """Let a `CourseError` in an event handler end the build with its message alone, without a traceback."""

    @functools.wraps(handler)
    def guarded(*arguments: Any) -> Any:
        try:
            return handler(*arguments)
        except CourseError as error:
            raise SystemExit(f"The book cannot be built: {error}") from error

    return guarded
