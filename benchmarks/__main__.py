"""Run every benchmark of this folder: ``python -m benchmarks``."""

from __future__ import annotations

from benchmarks import (
    bench_dataset,
    bench_detection,
    bench_following,
    bench_media,
    bench_pages,
    bench_pipeline,
    bench_viewers,
)


def main() -> None:
    """Print the tables of every benchmark, one after the other."""
    for module in (
        bench_detection,
        bench_pipeline,
        bench_following,
        bench_media,
        bench_viewers,
        bench_dataset,
        bench_pages,
    ):
        module.main()


if __name__ == "__main__":
    main()
