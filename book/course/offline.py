"""No page asks anything of another server, and no page carries scripts that it does not use."""

from sphinx.application import Sphinx
from sphinx.config import Config

UNUSED_EXTENSIONS = ("sphinx_thebe", "sphinx_comments")


def silence_unused(app: Sphinx, config: Config) -> None:
    """Take back what extensions have registered that Jupyter Book always loads but the course never uses."""
    config.nb_ipywidgets_js = {}
    for listeners in app.events.listeners.values():
        listeners[:] = [
            one for one in listeners if one.handler.__module__.split(".")[0] not in UNUSED_EXTENSIONS
        ]
    style_sheets = app.registry.css_files
    style_sheets[:] = [(name, options) for name, options in style_sheets if name != "sphinx-thebe.css"]


def setup(app: Sphinx) -> None:
    """Connect before the handlers run that are to be removed."""
    app.connect("config-inited", silence_unused, priority=1)
