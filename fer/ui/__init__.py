"""The dashboard: the only subpackage that imports Streamlit."""
