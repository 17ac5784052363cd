"""Entry of child processes: `python -m lightly_ray.platform.child ROLE`, settings and lifeline on standard input."""

import logging
import os
import sys
from importlib import import_module

from lightly_ray.errors import LightlyRayError
from lightly_ray.platform import lifeline

# A role is a function of the settings that came in; a child loads the module of its own role alone.
ROLES = {"serve": "server:run_child", "worker": "jobs.worker:run_child", "runner": "jobs.runner:run_child"}


def main(role: str) -> None:
    """Run a role until the parent ends it, or is gone."""
    module, _, function = ROLES[role].partition(":")
    getattr(import_module(f"lightly_ray.platform.{module}"), function)(lifeline.first_line())


def _status(role: str) -> int:
    try:
        main(role)
    except KeyboardInterrupt:
        return 130
    except LightlyRayError as error:
        sys.stderr.write(f"error: {error}\n")
        return 1
    except Exception:  # the end of a process: it leaves below, without the interpreter's own report
        logging.getLogger(__name__).exception("%s failed", role)
        return 1
    return 0


if __name__ == "__main__":
    status = _status(sys.argv[1])
    logging.shutdown()
    sys.stderr.flush()
    # The lifeline waits in a read of standard input, which Python aborts on when it tidies up.
    os._exit(status)
