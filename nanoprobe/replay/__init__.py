"""A recorded run played again: servers answer as the instruments did, the real drivers ask, and both runs are compared."""

from nanoprobe.replay.player import Replayed, replay

__all__ = ["Replayed", "replay"]
