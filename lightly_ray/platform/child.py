"""Entry of child processes: `python -m lightly_ray.platform.child ROLE`, settings and lifeline on standard input."""

import sys
from importlib import import_module

from lightly_ray.errors import LightlyRayError
from lightly_ray.platform import lifeline

# A role is a function of the settings that came in; a child loads the module of its own role alone.
ROLES = {"serve": "server:play", "worker": "jobs.worker:play", "runner": "jobs.runner:play"}


def main(role: str) -> None:
    """Play a role until the parent ends it, or is gone."""
    module, _, function = ROLES[role].partition(":")
    getattr(import_module(f"lightly_ray.platform.{module}"), function)(lifeline.first_line())


if __name__ == "__main__":
    try:
        main(sys.argv[1])
    except KeyboardInterrupt:
        sys.exit(130)
    except LightlyRayError as error:
        sys.stderr.write(f"error: {error}\n")
        sys.exit(1)
