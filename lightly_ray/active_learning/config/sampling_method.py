"""The ways to select, as plain strings: what the platform reads in a request."""


class SamplingMethod:
    """Names of the selection methods; each is a plain string.

    ACTIVE_LEARNING: the highest scores, nothing else. CORAL: far from everything selected, weighted by the
    score. CORESET: far from everything selected. RANDOM: a uniform draw that depends on the seed only.
    """

    ACTIVE_LEARNING = "ACTIVE_LEARNING"
    CORAL = "CORAL"
    CORESET = "CORESET"
    RANDOM = "RANDOM"
