"""Which rows to pick: vectors in, rows out. NumPy and numba, without Ray.

The definition:

    request       settings and ids -> rows, scores, number of picks: all checks are done
    distance      the one float64 distance that decides (intrinsics: its inner loop)
    automatic     "auto": which method suits what is given, and why
    order         key descending, row ascending: the order of everything that is picked; ACTIVE_LEARNING is by_score
    random_draw   a key per id from (seed, id), the smallest win: RANDOM
    cannot_be_labelled  those that are never picked, and repel nothing
    random_share  the part of any selection that RANDOM draws beforehand
    reference     the plain sequential greedy, which defines CORESET and CORAL

In the caller's process, in whole numbers (`whole_numbers`), so that no order of summation can change a bit:

    coverage         COVERAGE: the greedy of facility location, its value and a bound
    kernel           how far one sample covers another, alone or times how far their classes agree
    class_agreement  what predictions and labels say of coverage
    cluster          CLUSTER: weighted k-means over the most uncertain
    typicality       a score that needs no model
    neighbours       the nearest ones of many samples, looked for in cells
    whitening        principal axes of unit variance, before distances are taken

One partition:

    shard/        bounds of all distances, brought up to date where it matters; proposes the first rows in order
    screening/    which pairs can matter, by float32 products; those that can, exactly

All partitions together:

    protocol      what the driver and its shards say to each other
    candidates    the best proposals of one round, and the exact greedy over them
    greedy        rounds over all shards until enough rows are picked
    choose        one selection from start to end, resumable, with its certificate
    certificate   radius, and a bound that no selection of that size can beat
    threads       threads of our own over single-threaded matrix products

In one process::

    shards = LocalShards([Shard(vectors, rows) for vectors, rows in partitions])
    outcome = choose(shards, Task(picks=1000, first=row_of_the_smallest_random_key))
    outcome.picks.rows, outcome.picks.gains, outcome.certificate, outcome.stats

On a cluster, ``shards`` is any object with the methods of `protocol.Shards`: ask every shard at once, then gather.
A shard's state follows from its data and the list of centers. A lost one is rebuilt and sent one
`Request(known=0, centers=all so far, center_rows=all so far, threshold, limit)`; a repeated request is harmless.
Picks come out as soon as they are certain (``on_picks``); a later run can go on after any prefix of them
(``Task.made``).
"""
