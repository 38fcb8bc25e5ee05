"""On the path of every step that tests start: what the action's image does not have, and this environment has, can't be imported.

It also saves each step a fifth of its start: httpx imports rich and click if they are there.
"""

import sys

for missing in ("click", "pygments", "rich", "starlette", "uvicorn"):
    sys.modules[missing] = None  # type: ignore[assignment]  # what makes an import fail, by Python's documentation
