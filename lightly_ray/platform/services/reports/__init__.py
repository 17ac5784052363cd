"""The report of a tag: what is in the storage, as `lightly_ray.report` takes it; bounded, whatever the size.

question   what could be chosen, what was selected before, what is new
vectors    distances and the picture, of samples of the pool, in two passes over the embedding's file
known      classes and scores by row
lines      the rounds before this one, and a line of random draws
report     all of it as JSON, kept until the dataset changes; the page with its thumbnails
"""
