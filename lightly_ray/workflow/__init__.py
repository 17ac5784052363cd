"""What jobs and commands do, as functions of their settings.

The main job, a whole active-learning loop:

    active_learning.py     settings -> images, Ray, platform, dataset, loop, curves
    train_with_selection.py   the same within one run of Ray Train, which asks between its rounds
    labelled_images.py     a folder of images -> the pool to select from and the held-out images to test on
    loop.py                query, label, train, score, query again: per method and seed, on the platform
    curves.py              accuracies by number of labels -> table, plot, JSON

Its steps as jobs of their own, with files in and out; each can be interrupted and run again:

    embed_images.py        images -> embeddings
    score_predictions.py   predictions -> scores; score_summary.py: figures of the scores
    select_samples.py      embeddings and scores -> a selection, and its tag
    magic.py               a folder of images -> a dataset with embeddings
    select_new.py          what is new in a folder -> appended, and the next tag of a line (tag_line.py)
    upload.py, download.py folders to and from a platform
    training_dataset.py    a tag and its labels -> a dataset to train on
    report_tag.py          a tag -> what it has come to, as a page

    place.py               a setting that is a path or a URI
"""
