"""Fixtures of the browser tests: a fake camera that shows a real face, a server, a Chromium."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, suppress
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Error, Locator, Page, Playwright, expect, sync_playwright
from support import Server, camera_flags, launch, running_server, write_clip

# A busy two-core machine needs longer than Playwright's five seconds.
expect.set_options(timeout=45_000)


@pytest.fixture(scope="session")
def clip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("clip") / "astronaut.mjpeg"
    write_clip(path)
    return path


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with running_server(tmp_path_factory.mktemp("server")) as running:
        yield running


@pytest.fixture(scope="session")
def playwright() -> Iterator[Playwright]:
    with sync_playwright() as instance:
        yield instance


@pytest.fixture(scope="session")
def browser(playwright: Playwright, clip: Path) -> Iterator[Browser]:
    """A Chromium whose camera shows the clip and is allowed."""
    instance = launch(playwright, *camera_flags(clip))
    yield instance
    instance.close()


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    context = browser.new_context(viewport={"width": 1280, "height": 900})
    tab = context.new_page()
    tab.set_default_timeout(45_000)
    yield tab
    context.close()


DRAWN = """() => {
  const app = document.querySelector('[data-testid=stApp]');
  return !app || app.dataset.testScriptState === 'notRunning';
}"""


@pytest.fixture(autouse=True)
def patient_presses(monkeypatch: pytest.MonkeyPatch) -> None:
    """Press what is there once and at rest, as people do: a page drawn anew has parts twice.

    A page that refreshes itself on a busy machine is never at rest for long: then it is pressed.
    """
    click = Locator.click

    def click_when_drawn(part: Locator, **options: Any) -> None:
        expect(part).to_have_count(1, timeout=options.get("timeout"))
        with suppress(Error):
            part.page.wait_for_function(DRAWN, timeout=3_000)
        click(part, **options)

    monkeypatch.setattr(Locator, "click", click_when_drawn)


@pytest.fixture
def fresh_server(tmp_path: Path) -> Callable[[], AbstractContextManager[Server]]:
    return lambda: running_server(tmp_path)
