"""One file per instrument: its wire protocol as a PyMeasure instrument that fulfils a role."""

DISTRIBUTION = "nanoprobe"
