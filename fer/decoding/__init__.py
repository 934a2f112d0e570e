"""What strangers hand in is read in processes that can be killed, in a fair line."""

from fer.decoding.child import Cancelled
from fer.decoding.decoders import Decoders, Session, decoders, long_decoders
from fer.decoding.job import Answer, Job

__all__ = ["Answer", "Cancelled", "Decoders", "Job", "Session", "decoders", "long_decoders"]
