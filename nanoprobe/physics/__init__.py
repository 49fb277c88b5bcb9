"""Physics shared by the app's analysis and the simulated lab: constants, closed formulae, finite elements of flux and stress."""
