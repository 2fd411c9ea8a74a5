"""What makes a fresh clone work: obtains programs, prepares Python and the engine, drives the stacks.

Started with any Python 3.10 or newer, before the clone's own environment exists, so only the standard library
and `etcd_ops.programs` are used here.
"""

import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent

if str(ROOT / "components") not in sys.path:
    sys.path.append(str(ROOT / "components"))
