"""Run by ``test_ray_engine.py`` in a process of its own: a job on a real cluster of two nodes.

Arguments: folder of pictures, output folder. Three units are done before, as by an interrupted run;
one node is taken away as soon as the first of the others is done. Prints what happened as JSON.
"""

import contextlib
import json
import sys
from pathlib import Path
from typing import Any

import ray
from ray.cluster_utils import Cluster

from fer.media.ray_engine import run
from fer.media.unit_work import UnitWorker, WorkSettings
from fer.media.units import cut


def two_nodes() -> tuple[Cluster, Any]:
    """A cluster, and its second node."""
    small = {"num_cpus": 1, "object_store_memory": 150 * 2**20}
    cluster = Cluster(initialize_head=True, head_node_args=small)
    return cluster, cluster.add_node(**small)


def started() -> tuple[Cluster, Any]:
    """``two_nodes``; Ray gives a node 30 seconds to start, which a busy machine may not keep."""
    for _ in range(3):
        with contextlib.suppress(Exception):
            return two_nodes()
    return two_nodes()


def main() -> None:
    album, output = sys.argv[1:3]
    parts = Path(output).with_name(f".{Path(output).name}.job")
    cluster, node = started()
    cluster.wait_for_nodes(timeout=120)
    ray.init(address=cluster.address, include_dashboard=False, logging_level="ERROR")
    nodes_before = sum(one["Alive"] for one in ray.nodes())
    units = list(cut([album], size=2))
    settings = WorkSettings(parts)
    parts.mkdir()
    worker = UnitWorker(settings)
    for unit in units[:3]:
        worker.work(unit)
    killed = False

    def report(done: int, _total: int) -> None:
        nonlocal killed
        if done > 3 and not killed:
            # Its processes die at once; what they were doing is done again elsewhere.
            cluster.remove_node(node, allow_graceful=False)
            killed = True

    outcome = run(units, Path(output), settings, resume=True, report=report)
    print(
        json.dumps(
            {
                "nodes": nodes_before,
                "killed": killed,
                "units": outcome.units,
                "worked": outcome.worked,
            }
        )
    )
    ray.shutdown()
    cluster.shutdown()


if __name__ == "__main__":
    main()
