"""Settings in the address: links restore them, and nothing that a link says can do harm."""

import json
from urllib.parse import parse_qsl

import pytest
from playwright.sync_api import Page, expect
from widget_page import TUNER, Pages, Widget

DEFAULTS = {
    "lam_ic": 1.0,
    "learning_rate": 3e-3,
    "seed": 4,
    "epochs": 2000,
    "points": 50,
    "optimizer": "adam",
    "constraint": "soft",
    "frequency": 2.0,
}


def settings_shown(widget: Widget) -> dict[str, str]:
    """What the form controls show, by name."""
    return widget.root.evaluate("""root => Object.fromEntries(
        [...root.querySelectorAll(".widget-settings [name]")].map(({name, value}) => [name, value])
    )""")


def open_link(pages: Pages, fragment: str) -> Widget:
    return Widget(pages.open(f"{TUNER}#weight-tuner?{fragment}"), "weight-tuner")


def test_link_restores_every_setting(pages: Pages) -> None:
    link = "lam_ic=31.6228&learning_rate=0.0007&seed=11&epochs=360&points=23"
    link += "&optimizer=gradient_descent&constraint=soft&frequency=1.5"
    widget = open_link(pages, link)
    assert settings_shown(widget) == dict(parse_qsl(link)) | {"lam_ic": "1.5"}
    expect(widget.status).to_have_text("Settings taken from the link.")
    expect(widget.root).to_be_in_viewport()


def test_copied_link_restores_what_was_set(pages: Pages) -> None:
    widget = Widget(pages.open(TUNER, permissions=["clipboard-read", "clipboard-write"]), "weight-tuner")
    widget.wait_for_recorded()
    widget.slider.press("ArrowRight")
    widget.fill("Seed", 3)
    widget.fill("Learning rate", 0.0123)
    widget.choose("Optimiser", "gradient_descent")
    before = settings_shown(widget)
    widget.click("Copy link")
    expect(widget.status).to_have_text("The link is copied.")
    link = widget.page.evaluate("navigator.clipboard.readText()")
    again = Widget(pages.open(link.removeprefix(pages.site_url)), "weight-tuner")
    assert settings_shown(again) == before
    expect(again.status).to_have_text("Settings taken from the link.")


def test_address_follows_the_settings(tuner: Widget) -> None:
    tuner.wait_for_recorded()
    length = tuner.page.evaluate("history.length")
    tuner.click("100")
    tuner.page.wait_for_url("**#weight-tuner?lam_ic=100&*")
    assert tuner.page.evaluate("history.length") == length


def test_link_on_the_page_sets_the_widget(tuner: Widget) -> None:
    tuner.wait_for_recorded()
    tuner.page.evaluate("location.hash = '#weight-tuner?lam_ic=100000'")
    tuner.page.wait_for_function(
        "root => JSON.parse(root.dataset.result).weights.ic === 1e5", arg=tuner.root.element_handle()
    )
    expect(tuner.status).to_contain_text("not given, so left as on this page: Learning rate, Seed")


@pytest.mark.parametrize(
    ("fragment", "settings", "remark"),
    [
        ("lam_ic=NaN", {"lam_ic": 1.0}, "“NaN” is no number: 1 used"),
        ("lam_ic=1e99", {"lam_ic": 1e5}, "“1e99” is out of range: 100000 used"),
        ("lam_ic=Infinity&seed=-4", {"lam_ic": 1.0, "seed": 0}, "Seed “-4” is out of range: 0 used"),
        ("lam_ic=", {"lam_ic": 1.0}, "“” is no number"),
        ("lam_ic=-1", {"lam_ic": 1e-3}, "is out of range: 0.001 used"),
        ("seed=2.6", {"seed": 3}, "Seed “2.6” is no whole number: 3 used"),
        ("epochs=99999999", {"epochs": 20000}, "is out of range: 20000 used"),
        ("optimizer=sgd", {"optimizer": "adam"}, "Optimiser “sgd” is no choice: adam used"),
        ("colour=red&lam_ic=10", {"lam_ic": 10.0}, "unknown and ignored: “colour”"),
        ("lam_ic=10", {"lam_ic": 10.0}, "not given, so left as on this page: Learning rate"),
        ("__proto__=1&constructor=2&toString=3", {}, "unknown and ignored: “__proto__”, “constructor”"),
        ("lam_ic=<img src=x onerror=alert(1)>", {"lam_ic": 1.0}, "is no number"),
        ("<script>alert(1)</script>=1", {}, "unknown and ignored: “<script>alert(1)</script…”"),
        ("optimizer=%3Cimg%20src%3Dx%20onerror%3Dalert(1)%3E", {"optimizer": "adam"}, "is no choice"),
        ("%E0%A4%A&lam_ic=%", {"lam_ic": 1.0}, "is no number"),
        ("", {}, "not given"),
    ],
)
def test_bad_links_give_defaults_or_clamped_values_and_say_so(
    pages: Pages, fragment: str, settings: dict[str, object], remark: str
) -> None:
    dialogs: list[str] = []

    def watch(page: Page) -> None:
        page.on("dialog", lambda dialog: (dialogs.append(dialog.message), dialog.dismiss()))

    widget = Widget(pages.open(f"{TUNER}#weight-tuner?{fragment}", setup=watch), "weight-tuner")
    expect(widget.status).to_contain_text("Settings taken from the link")
    expect(widget.status).to_contain_text(remark)
    widget.wait_for_recorded()
    shown = widget.root.evaluate("root => root.querySelector('.widget-code code').textContent")
    wanted = DEFAULTS | settings
    for name in ("learning_rate", "seed", "epochs"):
        assert f"{name}={wanted[name]}" in shown or f"seeds={wanted[name]}" in shown
    assert json.loads(json.dumps(widget.result))["source"] == "recorded"
    assert widget.phase == "recorded"
    assert dialogs == []
    assert widget.root.locator("img, script:not(.widget-definition)").count() == 0
    assert widget.page.evaluate("({}).lam_ic === undefined && Object.keys(Object.prototype).length === 0")


def test_other_fragments_are_left_alone(pages: Pages) -> None:
    widget = Widget(pages.open(f"{TUNER}#what-was-seen"), "weight-tuner")
    widget.wait_for_recorded()
    widget.page.wait_for_timeout(400)
    assert widget.page.url.endswith("#what-was-seen")
    assert widget.status.text_content() == "Change the settings to see recorded runs."
