"""Video between browser and server: connection, relay, encoder.

Everything that changes or reaches into streamlit-webrtc and aiortc is in this folder: ``relay``,
``encoder`` and ``script_runs``. pyproject.toml caps both at the versions they were written for.
"""
