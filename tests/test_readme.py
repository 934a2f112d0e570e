"""The README and docs/figures.md say what the shipped models' cards say."""

from benchmarks.readme import README, blocks, with_figures


def test_the_figures_of_the_documents_are_those_of_the_shipped_models() -> None:
    for path, figures in blocks().items():
        text = path.read_text(encoding="utf-8")
        assert with_figures(text, figures) == text, path.name


def test_the_readme_fits_a_screen() -> None:
    assert len(README.read_text(encoding="utf-8").splitlines()) <= 90
