"""What those do who keep a platform running: `lightly-ray backup | restore | check`.

inventory   which files the database names, and which are there
copying     all rows of one database into another, whatever kind either is
backup      a folder that holds one state of the platform, taken while it runs
restore     that folder as a platform
check       database, files and masks compared; what nothing names is swept
"""
