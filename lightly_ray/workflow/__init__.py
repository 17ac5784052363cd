"""The active-learning loop that the main job runs, as functions.

pools.py        a folder of images -> the pool to select from and the held-out images to test on
classifier.py   labelled embeddings -> a classifier -> probabilities over all classes
loop.py         query, label, train, score, query again: per method and seed, on the platform
curves.py       accuracies by number of labels -> table, plot, JSON
job.py          all of it: settings -> Ray, platform, dataset, loop, curves
"""
