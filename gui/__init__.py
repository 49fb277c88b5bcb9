"""The desktop app: thin views over models that know no Qt. The only room that imports Qt."""

DISTRIBUTION = "nanoprobe"
