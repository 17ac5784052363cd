"""What the platform knows: functions on one database connection, one file per kind of thing.

    records      rows as frozen dataclasses
    datasets     create, find, list; `lock`, which writers take first
    deletions    deleted at once, removed behind that
    changes      how often a dataset has changed
    samples      add, describe, name their files; rows and mappings
    sample_pages samples a page at a time
    rows         samples by their rows, for the web app: a screen, a scan
    tags         names, the initial tag, upsize, arithmetic; tag names are taken once per dataset
    embeddings   names and versions of embedding files, projections
    scores       versions of scores on a tag
    predictions  names and versions of what models predict
    evaluations  how good those were
    label_imports  labels, import by import; which of them count
    jobs         queued, claimed with a lease, ended once

None of them commits: the caller's transaction does, so several of them happen together or not at all.
All raise the errors of `lightly_ray.errors`, with the codes of the protocol.
"""
