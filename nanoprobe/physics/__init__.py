"""Physics shared by the app's analysis and the simulated lab: constants and closed formulae."""
