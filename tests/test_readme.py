"""The README and docs/figures.md say what the shipped models' cards say."""

from pathlib import Path

from benchmarks.readme import README, blocks, with_figures

PROJECT = Path(__file__).parents[1]


def test_the_figures_of_the_documents_are_those_of_the_shipped_models() -> None:
    for path, figures in blocks().items():
        text = path.read_text(encoding="utf-8")
        assert with_figures(text, figures) == text, path.name


def test_the_readme_fits_a_screen() -> None:
    assert len(README.read_text(encoding="utf-8").splitlines()) <= 90


def test_every_picture_of_the_readme_exists() -> None:
    text = README.read_text(encoding="utf-8")
    names = [
        part.split(")")[0] for part in text.split("](")[1:] if part.split(")")[0][-4:] == ".png"
    ]
    assert names and all((PROJECT / name).is_file() for name in names)
