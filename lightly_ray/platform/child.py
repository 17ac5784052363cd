"""Entry of child processes: `python -m lightly_ray.platform.child ROLE`, settings and lifeline on standard input."""

import signal
import sys
from types import FrameType

from lightly_ray.errors import LightlyRayError
from lightly_ray.platform import lifeline


def main(role: str) -> None:
    """Play a role until the parent ends it, or is gone."""
    told = lifeline.first_line()
    match role:
        case "serve":
            from lightly_ray.platform import server, settings  # noqa: PLC0415 - a role loads what it needs

            lifeline.follow()
            server.serve(settings.ServeSettings.model_validate(told), announce=False)
        case "worker":
            lifeline.follow()
            _work(told)
        case "runner":
            from lightly_ray.platform import settings  # noqa: PLC0415 - as above
            from lightly_ray.platform.jobs import runner  # noqa: PLC0415 - as above

            runner.main(settings.WorkerSettings.model_validate(told))
        case _:
            raise SystemExit(f"no such role: {role}")


def _work(told: object) -> None:
    from lightly_ray.platform.jobs.worker import Worker  # noqa: PLC0415 - as above
    from lightly_ray.platform.parts import Store  # noqa: PLC0415 - as above
    from lightly_ray.platform.server import configure_log  # noqa: PLC0415 - as above
    from lightly_ray.platform.settings import WorkerSettings  # noqa: PLC0415 - as above

    settings = WorkerSettings.model_validate(told)
    configure_log(settings.log)
    worker = Worker(settings, Store.open(settings))

    def _stop(_number: int, _frame: FrameType | None) -> None:
        worker.stopping.set()

    signal.signal(signal.SIGTERM, _stop)
    worker.run()


if __name__ == "__main__":
    try:
        main(sys.argv[1])
    except KeyboardInterrupt:
        sys.exit(130)
    except LightlyRayError as error:
        sys.stderr.write(f"error: {error}\n")
        sys.exit(1)
