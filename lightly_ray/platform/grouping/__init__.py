"""Groups of near duplicates: vectors in, labels out. Exact, and without a database.

units       what makes a vector one of length 1, in float64
leaves      leading coordinates of the unit vectors, in leaves of a tree: points that are near stand together
links       the compiled passes: which points of two leaves are near, and the groups that follow
connected   all of them in turn, on all cores; what is too much is refused before it is begun
"""
