"""The ``fer`` command as a user types it."""

import json
from pathlib import Path

import cv2
import numpy as np
import pandas as pd
import pytest

from fer.datasets.audit import KINDS
from fer.datasets.ferplus import VOTE_COLUMNS
from tests.conftest import Command
from tests.made_data import bands, write_fer2013


@pytest.fixture
def csv(tmp_path: Path) -> Path:
    """A FER-2013 file of 42 rows, with every class in every split."""
    return write_fer2013(tmp_path / "fer2013.csv", bands(42, np.arange(42) // 7 % 3))


@pytest.fixture
def photos(tmp_path: Path, astronaut_bgr: np.ndarray) -> Path:
    folder = tmp_path / "photos"
    folder.mkdir()
    cv2.imwrite(str(folder / "a.png"), astronaut_bgr)
    cv2.imwrite(str(folder / "grey.png"), np.full((80, 80), 90, np.uint8))
    return folder


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("analyze", "no-such-picture.jpg"), "no-such-picture.jpg"),
        (("analyze", ".", "-o", "faces.xlsx"), "expected a name ending in"),
        (("evaluate", "--data", "no-such.csv"), "no-such.csv"),
        (("train", "--architecture", "unheard-of", "--data", "{csv}"), "expected one of"),
        (("models", "show", "unheard-of"), "unheard-of"),
        (("evaluate", "--model", "nope", "--data", "{csv}"), "'nope'; found there: dlib27, xs"),
        (("dataset", "audit", "--data", "{csv}", "--kind", "leaked"), "expected --output"),
    ],
)
def test_bad_input_is_one_line_and_exit_code_1(
    arguments: tuple[str, ...],
    message: str,
    csv: Path,
    monkeypatch: pytest.MonkeyPatch,
    fer: Command,
) -> None:
    monkeypatch.chdir(csv.parent)
    done = fer(*(part.format(csv=csv) for part in arguments))
    assert done.code == 1 and message in done.err and "Traceback" not in done.err


def test_evaluate_prints_json_with_n_and_protocol(csv: Path, fer: Command) -> None:
    done = fer("evaluate", "--data", csv, "--split", "PrivateTest", "--json")
    report = json.loads(done.out)
    assert done.code == 0 and report["split"] == "PrivateTest"
    assert report["fer2013"]["n"] == np.sum(report["fer2013"]["confusion"]) == 14


@pytest.mark.parametrize(
    ("asked", "shown", "hidden"),
    [("perceived", "perceived_labels", "fer2013"), ("fer2013", "fer2013", "perceived_labels")],
)
def test_evaluate_shows_one_label_set_where_one_is_asked_for(
    asked: str, shown: str, hidden: str, csv: Path, fer: Command
) -> None:
    done = fer("evaluate", "--data", csv, "--split", "PrivateTest", "--json", "--labels", asked)
    report = json.loads(done.out)
    assert shown in report and hidden not in report


def test_analyze_says_how_often_a_chosen_label_set_finds_its_labels(
    photos: Path, fer: Command
) -> None:
    said = fer("analyze", photos / "grey.png", "--labels", "ferplus").err
    assert "of 100 faces that people call so it finds neutral 9" in said
    assert "It hardly ever says" in said and "contempt" in said
    assert "finds neutral" not in fer("analyze", photos / "grey.png").err


def test_evaluate_crosses_data_sets_and_says_what_became_of_the_eighth_class(
    csv: Path, tmp_path: Path, fer: Command
) -> None:
    rng = np.random.default_rng(1)
    faces = tmp_path / "faces"
    for number in range(8):  # AffectNet's numbers; 7 is contempt
        (faces / str(number)).mkdir(parents=True)
        cv2.imwrite(str(faces / f"{number}/a.png"), rng.integers(0, 256, (48, 48), np.uint8))
    names = ("--class-names", "fer2013", "--class-names", "affectnet")
    done = fer("evaluate", "--data", csv, "--data", faces, *names, "--json")
    assert done.code == 0
    printed = json.loads(done.out)
    first, second = printed["reports"]
    assert first["split"] == "PublicTest" and second["split"] == "all"
    assert second["fer2013"]["left_out"] == 1 and second["ferplus_labels"]["n"] == 8
    assert "The data has no contempt" in first["ferplus_labels"]["rule"]
    assert [cell["n"] for cell in printed["cross"][0]["on"]] == [14, 7]
    text = " ".join(fer("evaluate", "--data", faces, "--class-names", "affectnet").out.split())
    assert "weighted F1" in text and "fer2013: confusion" in text
    assert "1 such faces are left out" in text


def test_one_model_and_several_measure_the_same_rows_against_the_same_answers(
    csv: Path, fer: Command
) -> None:
    rows = csv.read_text().splitlines()[1:]
    of_ferplus = (4, 5, 6, 1, 3, 2, 0)  # FER-2013's class -> FER+'s column
    lines = ["Usage,Image name," + ",".join(VOTE_COLUMNS)]
    for row in rows:
        votes = [0] * 10
        votes[of_ferplus[int(row.split(",")[0]) - 1]] = 10  # not what FER-2013 calls it
        lines.append(f"{row.rsplit(',', 1)[1]},,{','.join(map(str, votes))}")
    (csv.parent / "fer2013new.csv").write_text("\n".join(lines) + "\n")
    alone = json.loads(fer("evaluate", "--data", csv, "--model", "xs", "--json").out)
    mapped = fer("evaluate", "--data", csv, "--class-names", "fer2013", "--json")
    both = json.loads(
        fer("evaluate", "--data", csv, "--model", "xs", "--model", "dlib27", "--json").out
    )
    assert alone["split"] == "PublicTest" and "votes" in alone["perceived"]
    assert json.loads(mapped.out) == alone == both["reports"][0]
    (cell,) = both["cross"][0]["on"]
    assert (cell["split"], cell["against"]) == ("PublicTest", "votes")
    assert cell["accuracy"] == alone["perceived"]["accuracy"]


def test_data_without_votes_is_said_to_have_none(csv: Path, fer: Command) -> None:
    report = json.loads(fer("evaluate", "--data", csv, "--json").out)
    assert "perceived" not in report and report["perceived_labels"]["n"] == 14
    assert any("no FER+ votes" in note for note in report["notes"])


def test_dataset_stats_counts_and_names_a_bad_row(csv: Path, fer: Command) -> None:
    lines = csv.read_text().splitlines()
    lines[5] = lines[5].replace(" ", "", 1)
    csv.write_text("\n".join(lines))
    done = fer("dataset", "stats", "--data", csv)
    assert done.code == 1 and "row 5" in done.err
    facts = json.loads(fer("dataset", "stats", "--data", csv, "--skip-bad", "--json").out)
    assert facts["rows"] == 41 and facts["skipped"] == 1


def test_a_folder_of_models_that_is_not_there_is_one_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, fer: Command
) -> None:
    monkeypatch.setenv("FER_MODELS", str(tmp_path / "nope"))
    done = fer("models", "list")
    assert done.code == 1 and not done.out and "set FER_MODELS to it" in done.err


@pytest.mark.parametrize("command", ["evaluate", "train", "dataset stats"])
def test_classes_of_ones_own_are_told_of_the_option_where_there_is_one(
    command: str, tmp_path: Path, fer: Command
) -> None:
    for name in ("bored", "keen"):
        (tmp_path / name).mkdir()
        cv2.imwrite(str(tmp_path / name / "a.png"), np.zeros((48, 48), np.uint8))
    refused = fer(*command.split(), "--data", tmp_path)
    assert refused.code == 1
    assert ("own for classes of your own" in refused.err) == (command != "dataset stats")


def test_the_help_of_audit_lists_its_findings(fer: Command) -> None:
    said = " ".join(fer("dataset", "audit", "--help").out.replace("│", " ").split())
    assert all(kind in said for kind in KINDS) and "repeated," not in said


def test_models_list_names_the_shipped_model(fer: Command) -> None:
    assert "xs" in [card["name"] for card in json.loads(fer("models", "list", "--json").out)]


def test_train_refuses_to_overwrite_a_run_or_to_change_its_recipe(
    csv: Path, tmp_path: Path, fer: Command
) -> None:
    train = ("train", "--architecture", "tiny", "--data", csv, "--run-dir", tmp_path / "run")
    assert fer(*train, "--epochs", 1).code == 0
    again, other = fer(*train, "--epochs", 2), fer(*train, "--epochs", 2, "--resume")
    assert again.code == 1 and "--resume" in again.err
    assert other.code == 1 and "another epochs" in other.err
    assert fer(*train, "--resume").code == 0
    assert len(pd.read_csv(tmp_path / "run" / "history.csv")) == 1


def test_dataset_audit_writes_a_list_that_train_takes(
    csv: Path, tmp_path: Path, fer: Command
) -> None:
    listed = tmp_path / "drop.csv"
    audit = ("dataset", "audit", "--data", csv)
    facts = json.loads(fer(*audit, "--json", "-o", listed, "--kind", "copied").out)
    assert len(pd.read_csv(listed)) == facts["findings"]["copied"]["rows"]
    assert "Nearly the same picture" in " ".join(fer(*audit).out.split())
    refused = fer(*audit, "-o", listed, "--kind", "ugly")
    assert refused.code == 1 and "got 'ugly'" in refused.err
    listed.write_text("row\n9999\n")
    train = ("train", "--architecture", "tiny", "--data", csv, "--run-dir", tmp_path / "run")
    refused = fer(*train, "--drop", listed)
    assert refused.code == 1 and "got row 9999" in refused.err


def test_dataset_export_writes_a_tree_once(csv: Path, tmp_path: Path, fer: Command) -> None:
    export = ("dataset", "export", "--data", csv, "--output", tmp_path / "tree")
    written = json.loads(fer(*export, "--json").out)["pictures"]
    assert len(list((tmp_path / "tree").rglob("*.png"))) == written > 0
    again = fer(*export)
    assert again.code == 1 and "new or empty folder" in again.err
