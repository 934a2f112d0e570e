"""A disk that is full ends a job with a sentence, and nothing else."""

import subprocess
import sys
from pathlib import Path

import pytest

PROJECT = Path(__file__).parents[2]

# No file may grow beyond this limit: the same refusals as on a full disk, at every write.
LIMITED = """
import resource, sys, tempfile
from pathlib import Path
from fer import EmotionRecognizer
recognizer = EmotionRecognizer.load()
resource.setrlimit(resource.RLIMIT_FSIZE, (int(sys.argv[2]),) * 2)
"""
VIDEO = """
from fer.video import VideoOptions
from fer.video.video_task import VideoTask
work = VideoTask(Path(sys.argv[1]), VideoTask.new_folder(), recognizer, options=VideoOptions(),
                annotate=True, name="a.mp4")
work.start(); work.wait(100)
print(work.error)
"""
PHOTOS = """
from fer.media.photo import Upload
from fer.media.photo_task import PhotoTask
import skimage.data, cv2
work = PhotoTask(recognizer)
picture = cv2.imencode(".png", skimage.data.astronaut())[1].tobytes()
work.add([Upload("1", "a.png", picture)]); work.wait(100)
assert not work.error
print(work.photos()[0].result.reason)
"""

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="limits of POSIX")


@pytest.mark.parametrize(
    ("script", "limit"),
    [(VIDEO, 100), (VIDEO, 9_000), (PHOTOS, 9_000)],
    ids=["video, nothing fits", "video, full on the way", "photos"],
)
def test_a_full_disk_ends_the_job_with_a_sentence(clip, script: str, limit: int) -> None:
    path = clip("a.mp4", count=60, size=(640, 480))
    done = subprocess.run(
        [sys.executable, "-c", LIMITED + script, str(path), str(limit)],
        cwd=PROJECT,
        capture_output=True,
        text=True,
        timeout=150,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    (said,) = done.stdout.splitlines()
    assert "expected" in said and ("free some disk" in said or "large" in said), said
    assert "Traceback" not in done.stderr
