"""Arrays in and out, and the checks at the door. Without Ray.

    paths         names on any file system -> files; small outputs whole or not at all
    ids           N ids as Arrow strings; ids <-> rows
    names         ... millions of them by their hashes: which come twice, where some are
    vectors       embedding columns -> matrices; NaN, odd lengths and zero vectors stop here
    sources       where embeddings lie: memory, .npy          (N rows, read in parts by many processes)
    parquet       ... or Parquet files
    compiled      loops that NumPy has no words for
    fingerprint   tells data sets apart, however they were cut
    outputs       Parquet outputs of jobs: whole or not at all, recognised when run again
    output_parts  what a job has done so far, beside its output: an interrupted run goes on there
    images        image files, their pixels and thumbnails
    predictions/  formats of predictions, for scorers

What comes out of here is clean: the packages behind it check nothing a second time.
"""
