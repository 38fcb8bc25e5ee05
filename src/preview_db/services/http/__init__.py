"""HTTP for every API that is spoken to: one policy for time-outs, retries and sizes."""

from .ahead import Ahead
from .bounded import renewed_in
from .client import SLOW_TIMEOUT, TIMEOUT, client
from .errors import DeadlineExceeded, Garbled, NotRead, RateLimited
from .resend import Resend, silent
from .unusable import Api

__all__ = [
    "SLOW_TIMEOUT",
    "TIMEOUT",
    "Ahead",
    "Api",
    "DeadlineExceeded",
    "Garbled",
    "NotRead",
    "RateLimited",
    "Resend",
    "client",
    "renewed_in",
    "silent",
]
