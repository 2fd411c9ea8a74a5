"""A continuous, history-checked workload for end-to-end proofs: see `Workload`."""

from tests.workload.connection import write_connection
from tests.workload.options import Options
from tests.workload.report import Report
from tests.workload.workload import Workload

__all__ = ["Options", "Report", "Workload", "write_connection"]
