"""What lives in the browser on the Dataset page: a click on a face, the face under the pointer."""

from pathlib import Path

import numpy as np
import pytest
from playwright.sync_api import Page, expect
from support import Server, choose, choose_data, opened

from fer.datasets import FaceDataset
from tests.made_data import write_fer2013

pytestmark = pytest.mark.browser


@pytest.fixture
def small_csv(tmp_path: Path) -> Path:
    """21 noise pictures, seven in each split."""
    images = np.random.default_rng(0).integers(0, 256, (21, 48, 48), np.uint8)
    rows = np.arange(21, dtype=np.int8)
    return write_fer2013(tmp_path / "fer2013.csv", FaceDataset(images, rows % 7, rows % 3))


def test_a_click_opens_a_face_and_the_map_shows_the_one_under_the_pointer(
    page: Page, server: Server, small_csv: Path
) -> None:
    opened(page, server, "Dataset")
    choose_data(page)
    field = page.get_by_label("Path of a file or folder")
    field.fill(str(small_csv))
    field.press("Enter")
    expect(page.get_by_text("fer2013.csv: 21 pictures")).to_be_visible()

    choose(page, "Pictures")
    # Row 4 is the only picture of Training that is labelled happy.
    page.get_by_role("button", name="row 4, labelled happy").click()
    dialog = page.get_by_role("dialog")
    expect(dialog.get_by_text("Row 4, Training, labelled happy")).to_be_visible()
    expect(dialog.get_by_text("What speaks for", exact=True)).to_be_visible()
    page.keyboard.press("Escape")
    expect(dialog).to_have_count(0)

    choose(page, "Structure")
    expect(page.get_by_text("Point at a dot, or tap it")).to_be_visible()
    graph = page.locator(".st-key-embedding_figure .js-plotly-plot")
    graph.scroll_into_view_if_needed()
    # Plotly says where it drew its first point.
    x, y = graph.evaluate(
        """graph => {
          const { xaxis, yaxis } = graph._fullLayout, { x, y } = graph._fullData[0];
          const area = graph.getBoundingClientRect();
          return [
            area.left + xaxis._offset + xaxis.d2p(x[0]), area.top + yaxis._offset + yaxis.d2p(y[0])
          ];
        }"""
    )
    words = page.get_by_text("read as").locator("visible=true").first
    # The face listens to the figure a moment after both are there: point until it answers.
    for nudge in range(200):
        page.mouse.move(x - 3 + nudge % 2 * 3, y - 3 + nudge % 2 * 3)
        page.wait_for_timeout(100)
        if words.count():
            break
    expect(words).to_contain_text("labelled angry, read as")
    assert "Traceback" not in server.log_text()
