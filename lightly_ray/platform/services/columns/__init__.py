"""Columns: one value per row of a dataset, to filter, sort and draw by.

    catalog     all columns of a dataset, and the values of one
    samples     metadata, own metadata, folders and file names: one scan over the samples, kept per version
    scoring     scores, spread from the order of their tag to rows
    labels      labels of the newest embedding that has some
    positions   which row each line of an embedding's file belongs to
    fields      JSON texts -> numbers and categories by row
    summary     what a column is called, its range, histogram, categories

The key of a blob holds the version of all that it was made of, so nothing that is kept ever becomes wrong.
"""
