"""What the protocol allows: known on both sides of it."""

import re

DATASET_NAME = re.compile(r"[a-zA-Z0-9][a-zA-Z0-9 _-]{2,254}\Z")
MOST_SAMPLES, MOST_BYTES = 256, 64 * 2**20  # of one request
