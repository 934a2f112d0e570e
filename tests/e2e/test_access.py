"""Every page under axe-core, in both themes, empty and full; and what a screen reader is told."""

from collections.abc import Callable

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, expect
from support import Server, all_read, at_rest, choose, opened

pytestmark = pytest.mark.browser

# Of the page, in light and dark.
GROUND = "getComputedStyle(document.querySelector('.stApp')).backgroundColor"


def findings(page: Page) -> list[str]:
    """What axe-core calls serious or critical, in both themes."""
    found: list[str] = []
    for scheme in ("dark", "light"):
        before = page.evaluate(GROUND)
        page.emulate_media(color_scheme=scheme, reduced_motion="reduce")
        page.wait_for_function(f"{GROUND} !== {before!r}")
        found += lasting(page)
    return found


def lasting(page: Page) -> list[str]:
    """What is still there when the page has come to rest: a page is drawn anew for a new theme."""
    for _ in range(5):
        at_rest(page)
        found = [
            f"{one['id']}: {node['html'][:160]}"
            for one in Axe().run(page).response["violations"]
            if one["impact"] in ("serious", "critical")
            for node in one["nodes"]
        ]
        if not found:
            break
        page.wait_for_timeout(1000)
    return found


def samples(page: Page) -> None:
    page.get_by_role("button", name="Try with sample pictures").click()
    expect(page.get_by_text("2 faces in 2 pictures")).to_be_visible()
    all_read(page)


def opened_picture(page: Page) -> None:
    page.locator("[class*=st-key-photo_tile]").first.get_by_role("button").click()
    expect(page.get_by_role("button", name="All pictures")).to_be_visible()


def clip(page: Page) -> None:
    page.get_by_role("button", name="Try a sample clip").click()
    expect(page.locator("canvas")).to_have_count(2)


def failing(page: Page) -> None:
    choose(page, "Where it fails", "Mix-ups")


def made(page: Page) -> None:
    choose(page, "How it was made", "Card")


@pytest.mark.parametrize(
    ("name", "acts"),
    [
        ("", []),
        ("Webcam", []),
        ("Photos", [samples, opened_picture]),
        ("Video", [clip]),
        ("Dataset", []),
        ("Model", [failing, made]),
    ],
)
def test_no_page_has_a_serious_finding_as_it_opens_and_after_each_step(
    page: Page, server: Server, name: str, acts: list[Callable[[Page], None]]
) -> None:
    opened(page, server, name)
    found = findings(page)
    for act in acts:
        act(page)
        found += findings(page)
    assert not found, "\n".join(found)


def test_the_pages_are_a_landmark_that_names_the_open_one(page: Page, server: Server) -> None:
    page.goto(f"{server.url}/Photos")
    links = page.get_by_role("navigation", name="Pages")
    expect(links.get_by_role("link", name="Photos")).to_have_attribute("aria-current", "page")
    links.get_by_role("link", name="Model").focus()
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="Model", level=1)).to_be_visible()
    expect(links.get_by_role("link", name="Model")).to_have_attribute("aria-current", "page")
    expect(page.locator("[aria-current=page]")).to_have_count(1)


def test_a_picture_is_opened_with_the_keyboard_alone(page: Page, server: Server) -> None:
    opened(page, server, "Photos")
    page.get_by_role("button", name="Try with sample pictures").focus()
    page.keyboard.press("Enter")
    all_read(page)
    page.get_by_role("button", name="hopper.jpg").focus()
    page.keyboard.press("Enter")
    expect(page.get_by_role("img", name="Annotated picture hopper.jpg")).to_be_visible()
