"""What a platform engineer installs: files to build upon, which `lightly-ray deploy NAME` prints.

Each says at its top how it is used, and what has to be set in it.
"""

import sys
from collections.abc import Sequence
from importlib.resources import files
from typing import NamedTuple

from lightly_ray.errors import NotFoundError


class Deployed(NamedTuple):
    """One file.

    Attributes:
        file: its name here.
        summary: one line on what it is.
    """

    file: str
    summary: str


DEPLOYED = {
    "dockerfile": Deployed("Dockerfile", "one image for platform, worker and nodes of Ray"),
    "compose": Deployed("compose.yaml", "server, worker, PostgreSQL and an S3-compatible store on one machine"),
    "systemd": Deployed("lightly-ray.service", "the platform as a service of systemd"),
    "nginx": Deployed("nginx.conf", "TLS before the platform, also under a path"),
    "platform": Deployed("platform.yaml", "servers and workers on Kubernetes, with probes"),
    "network-policy": Deployed("network-policy.yaml", "who may reach what on Kubernetes"),
    "ray-cluster": Deployed("ray-cluster.yaml", "a Ray cluster by KubeRay that takes jobs with a token"),
    "ray-job": Deployed("ray-job.yaml", "one job on a cluster of its own, by KubeRay"),
    "ray-cron-job": Deployed("ray-cron-job.yaml", "the nightly job, by KubeRay"),
    "prometheus": Deployed("prometheus.yaml", "what Prometheus reads: the platform and Ray"),
    "grafana": Deployed("grafana-dashboard.json", "a dashboard of both"),
    "alerts": Deployed("alerts.yaml", "alert rules for Prometheus"),
}


def text(name: str) -> str:
    """The file of this name.

    Raises:
        NotFoundError: there is none.
    """
    if name not in DEPLOYED:
        raise NotFoundError(f"there is no {name!r} to deploy; there are {', '.join(DEPLOYED)}")
    return files(__name__).joinpath(DEPLOYED[name].file).read_text("utf-8")


def listing() -> str:
    """All names, a line each."""
    width = max(map(len, DEPLOYED))
    return "".join(f"{name:<{width}}  {one.summary}\n" for name, one in DEPLOYED.items())


def main(words: Sequence[str]) -> int:
    """Print the file that the one word names; all names where there is none. The exit status comes back."""
    if len(words) > 1:
        sys.stderr.write("error: lightly-ray deploy takes one name\n")
        return 2
    if not words or words[0] in {"-h", "--help"}:
        sys.stdout.write(listing())
        return 0
    try:
        sys.stdout.write(text(words[0]))
    except NotFoundError as error:
        sys.stderr.write(f"error: {error}\n")
        return 2
    return 0
