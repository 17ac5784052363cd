"""Arrays in and out, and the checks at the door. Without Ray. Client, jobs and platform read through it.

    location           a path or URI, parsed once: what is there, below and beside it
    atomic             files that appear whole or not at all, and stay
    ids                N ids as Arrow strings; ids <-> rows
    string_lookup      ... millions of them by their hashes: which come twice, where some are
    vectors            embedding columns -> matrices; NaN, odd lengths and zero vectors stop here
    sources            where embeddings lie: memory, .npy          (N rows, read in pieces by many processes)
    parquet, npy       ... Parquet files; arrays mapped into memory
    embedding_csv      the CSV format of the published clients
    fingerprint        of data sets, however they were cut
    outputs            Parquet outputs of jobs: whole or not at all, recognised when run again
    resumable_output   what a job has done so far, beside its output: an interrupted run goes on there
    images             image files and their pixels; image_metadata: figures and thumbnails
    json_list          JSON larger than memory, an object at a time
    safe_paths         file names of a dataset as paths below a folder; zip_stream: files as a ZIP
    spreadsheets       texts of a CSV that would be run as formulas
    predictions/       formats of predictions, for scorers
    labels/            labels: one table for all tasks, and the files of labelling tools, in and out

What comes out of here is clean: the packages behind it check nothing a second time.
"""
