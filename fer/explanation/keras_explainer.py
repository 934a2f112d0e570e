"""Grad-CAM and saliency for any Keras model, without TensorFlow in this process.

How to use it::

    with KerasExplainer() as explainer:
        maps = explainer.maps("models/xs/model.keras", crops, targets, method="Grad-CAM")

A child process alone imports TensorFlow: in the server it would cost the live stream its frames.
It starts with the first request, serves all models, and ends when it has not been asked for a
while; the next request starts another. ``fer.explanation.activation`` has the exact maps of the
LiteRT models.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
from contextlib import AbstractContextManager, suppress
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from fer.errors import ModelError
from fer.explanation.gradients import METHODS, Floats, Method

__all__ = ["METHODS", "KerasExplainer", "Method"]

IDLE_S = 300.0
_PACKAGE_PARENT = Path(__file__).resolve().parents[2]


def _close_pipes(process: subprocess.Popen[bytes]) -> None:
    """Close both pipes; the end of its input is what ends the process."""
    for pipe in (process.stdin, process.stdout):
        if pipe is not None:
            with suppress(OSError):  # what was not sent yet is lost with a dead process
                pipe.close()


class KerasExplainer(AbstractContextManager["KerasExplainer"]):
    """A child process that computes maps and ends after ``idle_s`` idle; any thread may ask."""

    def __init__(self, *, idle_s: float = IDLE_S) -> None:
        self._idle_s = idle_s
        self._lock = threading.Lock()
        self._process: subprocess.Popen[bytes] | None = None
        self._timer: threading.Timer | None = None

    @property
    def running(self) -> bool:
        """Whether the process is there."""
        process = self._process
        return process is not None and process.poll() is None

    def maps(
        self,
        path: str | Path,
        images: npt.NDArray[np.uint8],
        targets: npt.NDArray[np.integer[Any]],
        *,
        head: str = "fer2013",
        method: Method = "Grad-CAM",
    ) -> Floats:
        """As ``fer.explanation.gradients.gradient_maps``, computed by the child process.

        Raises:
            ModelError: If the file is no network that can be explained so, or the process died.
        """
        request = {
            "path": str(path),
            "images": images.tolist(),
            "targets": targets.tolist(),
            "head": head,
            "method": method,
        }
        with self._lock:
            self._stop_timer()
            answer = self._ask(request)
            self._timer = threading.Timer(self._idle_s, self.close)
            self._timer.daemon = True
            self._timer.start()
        if "error" in answer:
            raise ModelError(answer["error"])
        return np.asarray(answer["maps"], np.float32)

    def close(self) -> None:
        """End the process; the next request starts another."""
        with self._lock:
            self._stop_timer()
            process, self._process = self._process, None
        if process is not None:
            _close_pipes(process)
            try:
                process.wait(10)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()

    def __exit__(self, *fault: object) -> None:
        """Close it."""
        self.close()

    def _stop_timer(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _started(self) -> subprocess.Popen[bytes]:
        if self._process is not None:
            if self._process.poll() is None:
                return self._process
            _close_pipes(self._process)
        search = [str(_PACKAGE_PARENT), os.environ.get("PYTHONPATH", "")]
        self._process = subprocess.Popen(
            [sys.executable, "-m", "fer.explanation.gradients"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env={
                **os.environ,
                "KERAS_BACKEND": "tensorflow",
                "TF_CPP_MIN_LOG_LEVEL": "3",
                "CUDA_VISIBLE_DEVICES": "",
                "PYTHONPATH": os.pathsep.join(part for part in search if part),
            },
        )
        return self._process

    def _ask(self, request: dict[str, Any]) -> dict[str, Any]:
        process = self._started()
        assert process.stdin is not None and process.stdout is not None
        try:
            process.stdin.write(json.dumps(request).encode() + b"\n")
            process.stdin.flush()
            answer: dict[str, Any] = json.loads(process.stdout.readline())
        except (OSError, ValueError):
            self._process = None
            process.kill()
            process.wait()
            _close_pipes(process)
            raise ModelError(
                f"{request['path']}: expected maps, but the process that computes them ended (code "
                f"{process.returncode}); try again, or take a smaller network"
            ) from None
        return answer
