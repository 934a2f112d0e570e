"""The webcam stream: session, worker, throttle, admission, recording. No Streamlit."""
