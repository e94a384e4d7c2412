"""The icons of the theme that the course shows, in a font of 3 kB in place of the theme's of 150 kB.

The theme's own font stays available for characters that are missing here.
"""

from pathlib import Path

import pydata_sphinx_theme
from fontTools import subset
from fontTools.ttLib import TTFont

FONT = (
    Path(pydata_sphinx_theme.__file__).parent
    / "theme/pydata_sphinx_theme/static/vendor/fontawesome/webfonts/fa-solid-900.ttf"
)

ICONS = {
    "angle-down": 0xF107,
    "angle-left": 0xF104,
    "angle-right": 0xF105,
    "arrow-up": 0xF062,
    "bars": 0xF0C9,
    "bell": 0xF0F3,
    "check-circle": 0xF058,
    "chevron-down": 0xF078,
    "circle-half-stroke": 0xF042,
    "exclamation-circle": 0xF06A,
    "exclamation-triangle": 0xF071,
    "info-circle": 0xF05A,
    "lightbulb": 0xF0EB,
    "list": 0xF03A,
    "magnifying-glass": 0xF002,
    "moon": 0xF186,
    "outdent": 0xF03B,
    "pencil": 0xF303,
    "share": 0xF064,
    "sun": 0xF185,
    "times-circle": 0xF057,
    "up-right-from-square": 0xF35D,
    "xmark": 0xF00D,
}

STYLE_SHEET = """\
/* Part of Font Awesome Free, https://fontawesome.com/license/free (font: SIL OFL 1.1) */
@font-face {{
  font-family: "Font Awesome 6 Free";
  font-weight: 900;
  font-display: block;
  src: url("icons.woff") format("woff");
  unicode-range: {characters};
}}
"""


def write_icons(folder: Path) -> None:
    """Write icons.woff and icons.css."""
    folder.mkdir(parents=True, exist_ok=True)
    font = TTFont(FONT, recalcTimestamp=False)
    options = subset.Options(layout_features=[], notdef_outline=True, flavor="woff")
    options.drop_tables += ["FFTM"]
    subsetter = subset.Subsetter(options)
    subsetter.populate(unicodes=ICONS.values())
    subsetter.subset(font)
    subset.save_font(font, folder / "icons.woff", options)
    characters = ", ".join(f"U+{code:X}" for code in sorted(ICONS.values()))
    (folder / "icons.css").write_text(STYLE_SHEET.format(characters=characters))
