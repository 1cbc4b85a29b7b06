"""An HTTP interface to models that stay loaded, and a page to use it from a browser.

`app.py` joins the parts: `endpoints.py` answers requests, `jobs.py` says what a job is,
`scheduler.py` decides which runs next, `process.py` holds one worker process, `worker.py` is what
runs in it, and `results.py` keeps what was made.
"""

from __future__ import annotations
