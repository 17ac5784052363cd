"""Which pairs of row and center can matter, and the exact distance of those that can.

screen       the inequality that rules pairs out, with its proof
full         all coordinates, in float32
principal    the principal coordinates, where they rule out enough
exact        the float64 decisions
"""
