"""The home page: what this is, whether it is ready, where to go, what not to expect."""

from __future__ import annotations

import streamlit as st

from fer.models.store import Metric, ModelCard
from fer.ui.model.errors import per_class_view
from fer.ui.shell import begin, errors_shown, shipped_model
from fer.ui.webcam.camera_watch import camera_status

_DOORS = (
    (
        "pages/1_Webcam.py",
        "Webcam",
        ":material/videocam:",
        "A box and a label on every face, live, with the probabilities as they change.",
    ),
    (
        "pages/2_Photos.py",
        "Photos",
        ":material/photo_library:",
        "Drop pictures or take one; get them annotated, with a table to download.",
    ),
    (
        "pages/2_Video.py",
        "Video",
        ":material/movie:",
        "Hand in a video; get a time line to scrub, an annotated copy with its sound, and a table.",
    ),
    (
        "pages/3_Dataset.py",
        "Dataset",
        ":material/monitoring:",
        "What the model learned from: classes, pictures, and the faults of the data.",
    ),
    (
        "pages/5_Model.py",
        "Model",
        ":material/neurology:",
        "How training went, which emotions it confuses, where it looks.",
    ),
)


def headline_metric(card: ModelCard, head: str = "fer2013", protocol: str = "all") -> Metric | None:
    """The accuracy on the test split as it was measured, or None when it was not."""
    for metric in card.metrics:
        if (metric.name, metric.head, metric.split, metric.protocol) == (
            "accuracy",
            head,
            "PrivateTest",
            protocol,
        ):
            return metric
    return None


def limits(card: ModelCard) -> tuple[str, str, str]:
    """What not to expect, and what is not allowed, with the model's own figure."""
    metric = headline_metric(card)
    right = f"right on {metric.value:.0%} of its test pictures" if metric else "often wrong"
    return (
        "A face shows an expression, not a feeling: read the result as what a labeller would have "
        "called the picture (Barrett et al. 2019).",
        f"The model is {right}, and less often on faces, angles and light that its data has few "
        'of; below a calibrated confidence it says "unsure".',
        "Nothing leaves this machine and nothing is stored unless you download it. In the EU, "
        "inferring emotions at work or in education is banned (AI Act, Art. 5(1)(f)).",
    )


def _shown(metric: Metric | None) -> str:
    return f"{metric.value:.1%}" if metric else "not measured"


def _test_help(metric: Metric | None, labels: str) -> str:
    n = f"{metric.n:,} pictures" if metric else "pictures"
    return f"Accuracy on PrivateTest ({n}), {labels}; one forward pass, opened once."


def _status() -> None:
    card = shipped_model().card
    columns = st.columns(4)
    columns[0].metric("Model", f"{card.name} {card.version}", border=True)
    fer2013 = headline_metric(card)
    ferplus = headline_metric(card, "ferplus", "majority")
    columns[1].metric(
        "FER-2013 test",
        _shown(fer2013),
        border=True,
        help=_test_help(fer2013, "the data set's own labels"),
    )
    columns[2].metric(
        "FER+ test",
        _shown(ferplus),
        border=True,
        help=_test_help(ferplus, "the majority of ten voters"),
    )
    columns[3].metric("Weights", f"{card.file_bytes / 1e6:.1f} MB", border=True)
    st.caption(
        f":material/check_circle: Model: its {card.parameters / 1e6:.2f} M parameters are in place "
        "and their checksum is right."
    )
    camera_status()


def render() -> None:
    """Draw the page."""
    begin("Home", "🙂")
    st.title("Read facial expressions in real time")
    st.markdown(
        "A dashboard over a small network trained on FER-2013: live from a webcam, on your "
        "photos, and open about its data and its errors."
    )
    with errors_shown():
        _status()
    for column, (path, title, icon, text) in zip(st.columns(len(_DOORS)), _DOORS, strict=True):
        with column, st.container(border=True, height="stretch"):
            st.page_link(path, label=f"**{title}**", icon=icon)
            st.markdown(text)
    st.subheader("Before you read too much into a label")
    with errors_shown():
        for line in limits(shipped_model().card):
            st.markdown(f"- {line}")
    with errors_shown():
        report = shipped_model().metrics().get("PrivateTest", {}).get("fer2013")
        if report is not None:
            st.subheader("How well it reads each expression")
            # Also the first chart of most visits: its script is there when another page draws one.
            per_class_view(report, "home")
