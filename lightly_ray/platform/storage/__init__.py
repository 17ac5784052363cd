"""What is kept: rows in SQLite or PostgreSQL, files in a folder or an S3-compatible store.

database                         connections and transactions
schema, migrate, migrations/     the tables, and how a database gets them
store/                           functions on one connection; they never commit
blobs                            files by key, whole or not at all
ids                              new ids, and the time
"""
