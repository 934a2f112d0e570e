"""The part of the model page that shows the systems of the literature."""

from __future__ import annotations

import pandas as pd
import streamlit as st

from fer.literature.comparison import (
    ABOUT_TIMES,
    COLUMNS,
    against_published,
    entries,
    fit_signs,
    trained,
)
from fer.models.store import ModelFolder, models_dir
from fer.ui.downloads import download
from fer.ui.text import caption


def literature_part(folder: ModelFolder) -> None:
    """Draw it; the same table whichever model is chosen."""
    found = entries(models_dir())
    st.markdown(
        "The published systems that this project grew out of, trained here by their own recipes. "
        "Under the *official* protocol they compare with the shipped model; on the split of their "
        "source, copies of training pictures are in the test."
    )
    table = pd.DataFrame([entry.cells() for entry in found if trained(entry)], columns=COLUMNS)
    # By itself the grid gives this column no room for its longest name.
    wide = {COLUMNS[0]: st.column_config.TextColumn(width=165)}
    st.dataframe(table, hide_index=True, width="stretch", column_config=wide)
    if differences := against_published(found):
        with st.expander("Against the published figures"):
            st.markdown("\n".join(differences))
    if signs := fit_signs(found):
        with st.expander("Overfitting and dominance"):
            st.markdown("\n".join(signs))
    st.caption(ABOUT_TIMES)
    missing = [entry.name for entry in found if not trained(entry)]
    if missing:
        caption("Not trained here yet: {names}.", names=", ".join(missing))
    content = table.to_csv(index=False)
    download("Table as CSV", content, "literature.csv", key="literature_csv")
