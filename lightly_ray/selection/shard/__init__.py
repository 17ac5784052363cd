"""One partition of the query set: upper bounds of all distances, exact where it matters.

shard         learns centers, brings bounds up to date, proposes the first rows in order
bounds        the bounds, and which rows stand above a threshold
refresh       tiles of rows against blocks of centers, on all threads
centers       the centers so far, as the exact distance and as the screen want them
neighbours    which centers to try first
"""
