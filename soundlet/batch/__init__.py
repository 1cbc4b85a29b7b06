"""Many sounds from a list of lines: resumable, in several processes or on several machines."""

from __future__ import annotations

from soundlet.batch.lines import Line, read_lines
from soundlet.batch.run import Outcome, run_batch

__all__ = ["Line", "Outcome", "read_lines", "run_batch"]
