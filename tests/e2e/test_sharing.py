"""The proxy of docs/sharing.md: TLS, a password, headers, viewers who stay with their process."""

import os
import shutil
import ssl
import subprocess
import urllib.error
import urllib.request
from base64 import b64encode
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect
from support import PROJECT, Server, astronaut_png, free_port, running_server

from tests.waiting import wait_until

pytestmark = pytest.mark.browser

PASSWORD = "open sesame"
CADDYFILE = PROJECT / "docs" / "sharing" / "Caddyfile"
VIEWERS = 6


def caddy() -> str:
    found = shutil.which("caddy")
    if found is None:
        if os.environ.get("CI"):
            pytest.fail("CI needs Caddy: apt-get install caddy")
        pytest.skip("no Caddy on this machine: install the package caddy")
    return found


@dataclass
class Shared:
    url: str
    processes: list[Server]


def asked(url: str, password: str | None = PASSWORD) -> tuple[int, dict[str, str]]:
    """Status and headers of a page."""
    request = urllib.request.Request(url)
    if password is not None:
        pair = b64encode(f"viewer:{password}".encode()).decode()
        request.add_header("Authorization", f"Basic {pair}")
    context = ssl._create_unverified_context()
    try:
        with urllib.request.urlopen(request, timeout=10, context=context) as answer:
            return answer.status, dict(answer.headers)
    except urllib.error.HTTPError as refused:
        return refused.code, dict(refused.headers)


def answers(url: str) -> bool:
    try:
        return asked(url)[0] == 200
    except OSError:
        return False


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shared]:
    binary, folder = caddy(), tmp_path_factory.mktemp("sharing")
    port = free_port()
    hashed = subprocess.check_output([binary, "hash-password", "--plaintext", PASSWORD], text=True)
    variables = {
        "FER_PATHS": "none",
        "STREAMLIT_BROWSER_SERVER_ADDRESS": "localhost",
        "STREAMLIT_SERVER_COOKIE_SECRET": "0" * 64,
    }
    with ExitStack() as stack:
        processes = [stack.enter_context(running_server(folder, **variables)) for _ in range(2)]
        # For a test no certificate of the world, no ports below 1024, nothing in the trust store.
        options = "{\n\tadmin off\n\tskip_install_trust\n\tauto_https disable_redirects\n}\n"
        config = folder / "Caddyfile"
        config.write_text(options + CADDYFILE.read_text())
        url = f"https://localhost:{port}"
        environment = {
            **os.environ,
            "FER_SITE": url,
            "FER_PASSWORD_HASH": hashed.strip(),
            "FER_PROCESSES": " ".join(one.url.removeprefix("http://") for one in processes),
            "HOME": str(folder),
            "XDG_DATA_HOME": str(folder),
        }
        command = [binary, "run", "--config", str(config), "--adapter", "caddyfile"]
        log = stack.enter_context((folder / "caddy.log").open("wb"))
        proxy = subprocess.Popen(command, env=environment, stdout=log, stderr=log)
        try:
            wait_until(lambda: answers(url), what="an answer of the proxy")
            yield Shared(url, processes)
        finally:
            proxy.terminate()
            proxy.wait(20)


@pytest.fixture
def new_viewer(browser: Browser) -> Iterator[Callable[[], BrowserContext]]:
    with ExitStack() as stack:

        def make() -> BrowserContext:
            context = browser.new_context(
                ignore_https_errors=True,
                http_credentials={"username": "viewer", "password": PASSWORD},
            )
            stack.callback(context.close)
            return context

        yield make


def test_nobody_comes_in_without_the_password(shared: Shared) -> None:
    for path in ("", "/_stcore/health", "/_stcore/stream", "/Photos"):
        assert asked(shared.url + path, None)[0] == 401
        assert asked(shared.url + path, "wrong")[0] == 401
    assert asked(shared.url)[0] == 200


def test_every_answer_has_the_headers(shared: Shared) -> None:
    headers = asked(shared.url)[1]
    assert "frame-ancestors 'self'" in headers["Content-Security-Policy"]
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Strict-Transport-Security"].startswith("max-age=")
    assert "camera=(self)" in headers["Permissions-Policy"]
    assert "Server" not in headers


def test_pages_work_under_the_policy_and_offer_no_paths(
    shared: Shared, new_viewer: Callable[[], BrowserContext]
) -> None:
    page = new_viewer().new_page()
    refused: list[str] = []
    page.on("console", lambda line: refused.append(line.text) if "Policy" in line.text else None)
    for name in ("", "Webcam", "Photos", "Video", "Dataset", "Model"):
        page.goto(f"{shared.url}/{name}")
        expect(page.get_by_role("heading", level=1)).to_be_visible()
        expect(page.get_by_test_id("stStatusWidget")).to_have_count(0)
        expect(page.get_by_text("Path on this machine")).to_have_count(0)
        expect(page.get_by_label("Path of a file or folder")).to_have_count(0)
    page.goto(f"{shared.url}/Photos")
    page.locator('input[type="file"]').set_input_files(
        {"name": "a.png", "mimeType": "image/png", "buffer": astronaut_png()}
    )
    expect(page.get_by_test_id("stImage").first).to_be_visible()
    page.get_by_role("button", name="Download").click()
    with page.expect_download() as download:
        page.get_by_role("button", name="CSV", exact=True).click()
    assert download.value.path().read_text().count("happy") >= 1
    assert not refused


def process_of(page: Page) -> str:
    (cookie,) = [one["value"] for one in page.context.cookies() if one["name"] == "fer_process"]
    return cookie


@pytest.mark.timeout(600)  # Several browsers' pages.
def test_a_process_that_dies_takes_only_its_own_viewers_along_and_they_come_back(
    shared: Shared, new_viewer: Callable[[], BrowserContext]
) -> None:
    pages: list[Page] = []
    # The proxy draws lots; all on one process would show nothing.
    while len(pages) < VIEWERS or len(set(map(process_of, pages))) < 2:
        page = new_viewer().new_page()
        page.goto(f"{shared.url}/Photos")
        page.locator('input[type="file"]').set_input_files(
            {"name": "a.png", "mimeType": "image/png", "buffer": astronaut_png()}
        )
        expect(page.get_by_test_id("stImage").first).to_be_visible()
        pages.append(page)
    before = [process_of(page) for page in pages]
    dying = shared.processes[0].process
    dying.kill()
    dying.wait()
    other = [page.get_by_role("button", name="Clear") for page in pages]
    # A page that has lost its server is switched off until it has another.
    wait_until(lambda: any(one.is_disabled() for one in other), what="a page that notices")
    lost = next(b for b, one in zip(before, other, strict=True) if one.is_disabled())
    for page, one, process in zip(pages, other, before, strict=True):
        if process == lost:
            # It comes back by itself; what was handed in is gone.
            expect(page.get_by_text("Pictures stay on this server")).to_be_visible()
        else:
            expect(one).to_be_enabled()
            one.click()
            expect(page.get_by_text("Pictures stay on this server")).to_be_visible()
