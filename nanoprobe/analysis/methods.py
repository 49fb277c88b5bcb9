"""How each number of a report is computed: one sentence each, for the reader of the report."""

from nanoprobe.analysis.class_test import MANY_FAILURES, SHUFFLES
from nanoprobe.analysis.resampling import RESAMPLES

METHODS = {
    "trigger voltage": (
        "Each triggered point gives a bracket: the last bias it withstood and the first at which the trigger was seen. A "
        "point whose ramp ended without a trigger is right-censored at the largest bias it withstood. Absolute values throughout."
    ),
    "share triggered": "Triggered over finished points, exact 95 % interval (Clopper and Pearson 1934).",
    "median (Kaplan-Meier)": (
        "Where the Kaplan-Meier curve first falls to one half, with the interval its log-log band cuts out (Brookmeyer and "
        "Crowley 1982). No distribution is assumed."
    ),
    "Weibull scale and modulus": (
        "Maximum likelihood of F(V) = 1 - exp(-(V/V0)^m); a bracket counts with its probability, a censored point with that of "
        "surviving. Intervals (95 %): where the profile likelihood has fallen by 1.92 (1 + 1.5/r) from its maximum, r points "
        "triggered (Bartlett 1937)."
    ),
    "bootstrap": f"Points drawn with replacement {RESAMPLES} times and fitted anew; 2.5 and 97.5 percentiles.",
    "area": (
        "Weakest link: V0 of an area r times the contact's is V0 r^(-1/m). An extrapolation, valid only if flaws are "
        "independent."
    ),
    "test": (
        f"Likelihood ratio of a distribution for each class against one for all. p from {SHUFFLES} shuffles of the class "
        f"labels; with {MANY_FAILURES} or more triggers in every class from the chi-squared limit. "
        "'adjusted': Holm (1979) over the table."
    ),
    "ratio of scales": "Second over first; interval from both profile intervals, logarithmic (Zou and Donner 2008).",
    "ratio of medians": f"Second over first; {RESAMPLES} resamples of each; 2.5 and 97.5 percentiles of the ratio.",
    "correlation": (
        f"Spearman's rank correlation with Gehan's scores for censored voltages; {RESAMPLES} resamples of the points for "
        f"the interval, {SHUFFLES} shuffles for p, not adjusted."
    ),
}
