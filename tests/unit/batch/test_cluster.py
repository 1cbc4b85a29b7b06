"""What a cluster must have; its work is tested in end_to_end/test_batch.py."""

from __future__ import annotations

import pytest

from soundlet.batch.cluster import require_cores
from soundlet.errors import EngineError


def test_more_cores_than_any_machine_of_the_cluster_has_are_refused() -> None:
    nodes = [
        {"Alive": True, "Resources": {"CPU": 4.0}},
        {"Alive": True, "Resources": {}},
        {"Alive": False, "Resources": {"CPU": 64.0}},
    ]
    require_cores(nodes, 4, "10.0.0.1:6379")
    with pytest.raises(EngineError, match=r"cluster at 10\.0\.0\.1:6379 .* --threads to 4 or less"):
        require_cores(nodes, 5, "10.0.0.1:6379")
