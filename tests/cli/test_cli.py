"""The ``fer`` command as a user types it."""

import json
import sys
from pathlib import Path

import cv2
import numpy as np
import pandas as pd
import pytest

from fer.cli.main import main


def run(monkeypatch: pytest.MonkeyPatch, *arguments: object) -> int:
    monkeypatch.setattr(sys, "argv", ["fer", *map(str, arguments)])
    try:
        main()
    except SystemExit as stop:
        return int(stop.code or 0)
    return 0


def write_csv(path: Path, rows: int = 42, *, spoil: int | None = None) -> Path:
    """A FER-2013 file of noise, with every class in every split."""
    rng = np.random.default_rng(0)
    lines = ["emotion,pixels,Usage"]
    for index in range(rows):
        pixels = [str(value) for value in rng.integers(0, 256, 48 * 48)]
        if index == spoil:
            pixels = pixels[:-1]
        split = ("Training", "PublicTest", "PrivateTest")[index // 7 % 3]
        lines.append(f"{index % 7},{' '.join(pixels)},{split}")
    path.write_text("\n".join(lines) + "\n")
    return path


@pytest.fixture
def photos(tmp_path: Path, astronaut_bgr: np.ndarray) -> Path:
    folder = tmp_path / "photos"
    folder.mkdir()
    cv2.imwrite(str(folder / "a.png"), astronaut_bgr)
    cv2.imwrite(str(folder / "grey.png"), np.full((80, 80), 90, np.uint8))
    return folder


def test_analyze_writes_a_row_per_face_and_one_for_a_picture_without(
    photos: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    output, annotated = tmp_path / "faces.csv", tmp_path / "annotated"
    code = run(monkeypatch, "analyze", photos, "--output", output, "--annotated", annotated)
    assert code == 0
    table = pd.read_csv(output)
    assert table["status"].tolist() == ["ok", "no face"]
    assert table["emotion"][0] == "happy"
    assert len(list(annotated.glob("*.png"))) == 2


def test_analyze_goes_on_after_a_broken_file_and_exits_with_1(
    photos: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    (photos / "broken.jpg").write_bytes(b"not a picture")
    output = tmp_path / "faces.json"
    assert run(monkeypatch, "analyze", photos, "-o", output) == 1
    rows = json.loads(output.read_text())
    assert [row["status"] for row in rows] == ["ok", "error", "no face"]
    assert "broken.jpg: expected" in " ".join(capsys.readouterr().err.split())


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("analyze", "/no/such/picture.jpg"), "/no/such/picture.jpg"),
        (("analyze", ".", "-o", "faces.xlsx"), "expected a name ending in"),
        (("evaluate", "--data", "/no/such.csv"), "/no/such.csv"),
        (("train", "--architecture", "unheard-of", "--data", "{csv}"), "expected one of"),
        (("models", "show", "unheard-of"), "unheard-of"),
    ],
)
def test_bad_input_is_one_line_and_exit_code_1(
    arguments: tuple[str, ...],
    message: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    csv = write_csv(tmp_path / "fer2013.csv")
    monkeypatch.chdir(tmp_path)
    assert run(monkeypatch, *(part.format(csv=csv) for part in arguments)) == 1
    errors = capsys.readouterr().err
    assert message in errors and "Traceback" not in errors


def test_evaluate_prints_json_with_n_and_protocol(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    csv = write_csv(tmp_path / "fer2013.csv")
    code = run(monkeypatch, "evaluate", "--data", csv, "--split", "PrivateTest", "--json")
    assert code == 0
    report = json.loads(capsys.readouterr().out)
    assert report["split"] == "PrivateTest"
    assert report["fer2013"]["n"] == 14
    assert np.sum(report["fer2013"]["confusion"]) == 14


def test_evaluate_shows_one_label_set_where_one_is_asked_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    csv = write_csv(tmp_path / "fer2013.csv")
    everything = ("evaluate", "--data", csv, "--split", "PrivateTest", "--json")
    assert run(monkeypatch, *everything, "--labels", "perceived") == 0
    report = json.loads(capsys.readouterr().out)
    assert "perceived_labels" in report and "fer2013" not in report
    assert run(monkeypatch, *everything, "--labels", "fer2013") == 0
    report = json.loads(capsys.readouterr().out)
    assert "fer2013" in report and "perceived_labels" not in report


def test_analyze_says_how_often_a_chosen_label_set_finds_its_labels(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    cv2.imwrite(str(tmp_path / "grey.png"), np.full((64, 64), 90, np.uint8))
    assert run(monkeypatch, "analyze", tmp_path / "grey.png", "--labels", "ferplus") == 0
    said = " ".join(capsys.readouterr().err.split())
    assert "of 100 faces that people call so it finds neutral 9" in said
    assert "It hardly ever says" in said and "contempt" in said
    assert run(monkeypatch, "analyze", tmp_path / "grey.png") == 0
    assert "finds neutral" not in capsys.readouterr().err


def test_evaluate_crosses_data_sets_and_says_what_became_of_the_eighth_class(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    csv = write_csv(tmp_path / "fer2013.csv")
    rng = np.random.default_rng(1)
    for number in range(8):  # AffectNet's numbers; 7 is contempt
        folder = tmp_path / f"faces/{number}"
        folder.mkdir(parents=True)
        cv2.imwrite(str(folder / "a.png"), rng.integers(0, 256, (48, 48), np.uint8))
    code = run(
        monkeypatch,
        *("evaluate", "--data", csv, "--data", tmp_path / "faces"),
        *("--class-names", "fer2013", "--class-names", "affectnet", "--json"),
    )
    assert code == 0
    printed = json.loads(capsys.readouterr().out)
    first, second = printed["reports"]
    assert first["split"] == "PrivateTest" and second["split"] == "all"
    assert second["fer2013"]["left_out"] == 1 and second["ferplus"]["n"] == 8
    assert "The data has no contempt" in first["ferplus"]["rule"]
    assert [cell["n"] for cell in printed["cross"][0]["on"]] == [14, 7]
    assert (
        run(monkeypatch, "evaluate", "--data", tmp_path / "faces", "--class-names", "affectnet")
        == 0
    )
    text = " ".join(capsys.readouterr().out.split())
    assert "weighted F1" in text and "fer2013: confusion" in text
    assert "1 such faces are left out" in text


def test_dataset_stats_counts_and_names_a_bad_row(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    csv = write_csv(tmp_path / "fer2013.csv", spoil=4)
    assert run(monkeypatch, "dataset", "stats", "--data", csv) == 1
    assert "row 5" in " ".join(capsys.readouterr().err.split())
    assert run(monkeypatch, "dataset", "stats", "--data", csv, "--skip-bad", "--json") == 0
    facts = json.loads(capsys.readouterr().out)
    assert facts["rows"] == 41 and facts["skipped"] == 1


def test_models_list_names_the_shipped_model(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(monkeypatch, "models", "list", "--json") == 0
    assert "xs" in [card["name"] for card in json.loads(capsys.readouterr().out)]


def test_train_refuses_to_overwrite_a_run_or_to_change_its_recipe(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    csv = write_csv(tmp_path / "fer2013.csv")
    run_dir = tmp_path / "run"
    train = ("train", "--architecture", "tiny", "--data", csv, "--run-dir", run_dir)
    assert run(monkeypatch, *train, "--epochs", 1) == 0
    assert run(monkeypatch, *train, "--epochs", 2) == 1
    assert "--resume" in capsys.readouterr().err
    assert run(monkeypatch, *train, "--epochs", 2, "--resume") == 1
    assert "another epochs" in capsys.readouterr().err
    assert run(monkeypatch, *train, "--resume") == 0
    assert len(pd.read_csv(run_dir / "history.csv")) == 1


def test_dataset_audit_writes_a_list_that_train_takes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    csv = write_csv(tmp_path / "fer2013.csv")
    listed = tmp_path / "drop.csv"
    audit = ("dataset", "audit", "--data", csv)
    assert run(monkeypatch, *audit, "--json", "-o", listed, "--kind", "copied") == 0
    facts = json.loads(capsys.readouterr().out)
    assert len(pd.read_csv(listed)) == facts["findings"]["copied"]["rows"]
    assert run(monkeypatch, *audit) == 0
    assert "Nearly the same picture" in " ".join(capsys.readouterr().out.split())
    assert run(monkeypatch, *audit, "-o", listed, "--kind", "ugly") == 1
    assert "got 'ugly'" in capsys.readouterr().err
    listed.write_text("row\n9999\n")
    train = ("train", "--architecture", "tiny", "--data", csv, "--run-dir", tmp_path / "run")
    assert run(monkeypatch, *train, "--drop", listed) == 1
    assert "got row 9999" in capsys.readouterr().err


def test_dataset_export_writes_a_tree_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    csv = write_csv(tmp_path / "fer2013.csv")
    export = ("dataset", "export", "--data", csv, "--output", tmp_path / "tree")
    assert run(monkeypatch, *export, "--json") == 0
    written = json.loads(capsys.readouterr().out)["pictures"]
    assert len(list((tmp_path / "tree").rglob("*.png"))) == written > 0
    assert run(monkeypatch, *export) == 1
    assert "new or empty folder" in capsys.readouterr().err
