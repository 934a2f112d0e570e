"""The home page: what this is, whether it is ready, where to go, what not to expect."""

from __future__ import annotations

import streamlit as st

from fer.labels import PERCEIVED
from fer.models.card import SEEN_PROTOCOL
from fer.models.store import Metric, ModelCard
from fer.ui.model.errors import per_class_view
from fer.ui.shell import begin, errors_shown, shipped_model
from fer.ui.text import say, text
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
        "pages/3_Video.py",
        "Video",
        ":material/movie:",
        "Hand in a video; get a time line to scrub, an annotated copy with its sound, and a table.",
    ),
    (
        "pages/4_Dataset.py",
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


def _seen(card: ModelCard, name: str) -> Metric | None:
    """A figure on what people see, on the test split, or None when it was not measured."""
    return card.metric(name, head=PERCEIVED, protocol=SEEN_PROTOCOL)


def limits(card: ModelCard) -> tuple[str, str, str]:
    """What not to expect, and what is not allowed, with the model's own figure."""
    metric, neutral = _seen(card, "accuracy"), _seen(card, "recall_neutral")
    right = "often wrong"
    if metric is not None and neutral is not None:
        right = (
            f"right on {metric.value:.0%} of the test pictures that most people agree on (of 100 "
            f"faces that they call neutral it calls {neutral.value * 100:.0f} neutral)"
        )
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


_TEST_HELP = "Accuracy on PrivateTest ({n}), {labels}; one forward pass, opened once."


def _faces(metric: Metric | None) -> str:
    return f"{metric.n:,} pictures" if metric else "pictures"


def _status() -> None:
    card = shipped_model().card
    columns = st.columns(4)
    version = text("{name} {version}", name=card.name, version=card.version)
    columns[0].metric("Model", version, border=True)
    seen, neutral = _seen(card, "accuracy"), _seen(card, "recall_neutral")
    fer2013 = card.metric("accuracy")
    columns[1].metric(
        "What people see",
        _shown(seen),
        border=True,
        help=text(_TEST_HELP, n=_faces(seen), labels="what most of ten people see in each"),
    )
    columns[2].metric(
        "Neutral called neutral",
        f"{neutral.value * 100:.0f} of 100" if neutral else "not measured",
        border=True,
        help="Of the faces that most of ten people call neutral.",
    )
    columns[3].metric(
        "FER-2013 test",
        _shown(fer2013),
        border=True,
        help=text(_TEST_HELP, n=_faces(fer2013), labels="the data set's own labels"),
    )
    st.caption(
        f":material/check_circle: Model: its {card.parameters / 1e6:.2f} M parameters "
        f"({card.file_bytes / 1e6:.1f} MB) are in place and their checksum is right."
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
    for column, (path, title, icon, words) in zip(st.columns(len(_DOORS)), _DOORS, strict=True):
        with column, st.container(border=True, height="stretch"):
            st.page_link(path, label=f"**{title}**", icon=icon)
            say("{words}", words=words)
    st.subheader("Before you read too much into a label")
    with errors_shown():
        for line in limits(shipped_model().card):
            say("- {line}", line=line)
    with errors_shown():
        reports = shipped_model().metrics().get("PrivateTest", {})
        report = reports.get(PERCEIVED, reports.get("fer2013"))
        if report is not None:
            st.subheader("How well it reads each expression")
            # Also the first chart of most visits: its script is there when another page draws one.
            per_class_view(report, "home")
