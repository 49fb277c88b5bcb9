"""One file per experiment: PyMeasure procedures written against roles, never against a driver."""

DISTRIBUTION = "nanoprobe"
