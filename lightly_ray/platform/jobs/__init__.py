"""Selections, projections, groups and evaluations, from the request to the tag or the result.

sampling_request   what a client may ask for; its identity
enqueue            check it, pin what it works on, reserve the tag's name, queue it
pinned             what a job works on, as types
messages           what worker and runner say to each other
sampling           run it: read the pinned embedding, call `lightly_ray.select`
projection         the same for pictures in two dimensions
grouping           the same for groups of near duplicates
evaluation         the same for predictions measured against labels
runner             a process that runs one job after another and may be killed at any time
worker             claims jobs, keeps their leases alive, watches the runner, stores what comes out
"""
