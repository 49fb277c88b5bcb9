"""The simulated lab: one physical world behind servers that speak each instrument's real protocol."""

DISTRIBUTION = "nanoprobe"
