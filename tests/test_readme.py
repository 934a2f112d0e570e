"""The README says what the shipped model's card says."""

from pathlib import Path

from benchmarks.readme import README, block, with_figures

PROJECT = Path(__file__).parents[1]


def test_the_figures_of_the_readme_are_those_of_the_shipped_models() -> None:
    text = README.read_text(encoding="utf-8")
    assert with_figures(text, block()) == text


def test_every_picture_of_the_readme_exists() -> None:
    text = README.read_text(encoding="utf-8")
    names = [
        part.split(")")[0] for part in text.split("](")[1:] if part.split(")")[0][-4:] == ".png"
    ]
    assert names and all((PROJECT / name).is_file() for name in names)
