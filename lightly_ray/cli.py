"""The command `lightly-ray`: one table of commands, each with its settings as `key=value`.

A command is a settings class and a function in some other module; both are loaded when the command is used, so
`lightly-ray --help` is quick and works without the optional extras.
"""

import difflib
import sys
from collections.abc import Mapping
from importlib import import_module
from typing import Any, NamedTuple, NoReturn

from lightly_ray import __version__, deploy
from lightly_ray.errors import MissingExtraError, missing_extra
from lightly_ray.settings import Settings, run

PROGRAM = "lightly-ray"


class Command(NamedTuple):
    """Where a command lives.

    Attributes:
        summary: one line for `--help`.
        settings: `module:class` of its settings.
        main: `module:function` that takes them and returns the result, None for none.
        extra: the optional extra it needs, empty for none.
    """

    summary: str
    settings: str
    main: str
    extra: str = ""


_PLATFORM, _WORKFLOW = "lightly_ray.platform", "lightly_ray.workflow"
COMMANDS = {
    "magic": Command(
        "a folder of images -> a dataset with embeddings, in one go",
        f"{_WORKFLOW}.magic:MagicSettings",
        f"{_WORKFLOW}.magic:run_magic",
        "platform",
    ),
    "train": Command(
        "train a network on a folder of images, without labels",
        f"{_WORKFLOW}.train_model:TrainModelSettings",
        f"{_WORKFLOW}.train_model:run_train_model",
    ),
    "frames": Command(
        "take frames of videos, as images",
        f"{_WORKFLOW}.extract_frames:ExtractFramesSettings",
        f"{_WORKFLOW}.extract_frames:run_extract_frames",
    ),
    "embed": Command(
        "embed a folder of images into a Parquet file",
        f"{_WORKFLOW}.embed_images:EmbedImagesSettings",
        f"{_WORKFLOW}.embed_images:run_embed_images",
    ),
    "upload": Command(
        "upload a folder of images, and embeddings, to a platform",
        f"{_WORKFLOW}.upload:UploadSettings",
        f"{_WORKFLOW}.upload:run_upload",
    ),
    "download": Command(
        "write the images of a tag, or their names",
        f"{_WORKFLOW}.download:DownloadSettings",
        f"{_WORKFLOW}.download:run_download",
    ),
    "export": Command(
        "write a tag in the form of a labelling tool",
        f"{_WORKFLOW}.export:ExportSettings",
        f"{_WORKFLOW}.export:run_export",
    ),
    "report": Command(
        "write what a selection has come to, beside random draws: a page and its figures",
        f"{_WORKFLOW}.report_tag:ReportSettings",
        f"{_WORKFLOW}.report_tag:run_report",
    ),
    "import-labels": Command(
        "bring back what a labelling tool has exported",
        f"{_WORKFLOW}.import_labels:ImportLabelsSettings",
        f"{_WORKFLOW}.import_labels:run_import_labels",
    ),
    "serve": Command(
        "serve the platform: API, files, and a worker for selections",
        f"{_PLATFORM}.settings:ServeSettings",
        f"{_PLATFORM}.server:serve",
        "platform",
    ),
    "worker": Command(
        "run queued selections beside a server that is elsewhere",
        f"{_PLATFORM}.settings:WorkerSettings",
        f"{_PLATFORM}.jobs.worker:work",
        "platform",
    ),
    "token": Command(
        "make, list and revoke the tokens of a platform",
        f"{_PLATFORM}.settings:TokenSettings",
        f"{_PLATFORM}.services.token_command:token",
        "platform",
    ),
    "user": Command(
        "make, list and remove the users of a platform",
        f"{_PLATFORM}.settings:UserSettings",
        f"{_PLATFORM}.services.token_command:user",
        "platform",
    ),
    "backup": Command(
        "write one state of a platform into a folder, while it runs",
        f"{_PLATFORM}.settings:BackupSettings",
        f"{_PLATFORM}.upkeep.backup:backup",
        "platform",
    ),
    "restore": Command(
        "fill an empty platform with a backup",
        f"{_PLATFORM}.settings:RestoreSettings",
        f"{_PLATFORM}.upkeep.restore:restore",
        "platform",
    ),
    "check": Command(
        "compare database, files and masks of a platform",
        f"{_PLATFORM}.settings:CheckSettings",
        f"{_PLATFORM}.upkeep.check:check",
        "platform",
    ),
}


def main() -> NoReturn:
    """Run one command of the command line."""
    words = sys.argv[1:]
    if not words or words[0] in {"-h", "--help", "help"}:
        sys.stdout.write(_help())
        sys.exit(0)
    if words[0] in {"version", "--version"}:
        sys.stdout.write(f"{__version__}\n")
        sys.exit(0)
    if words[0] == "deploy":  # its result is a file, where that of the others is a line of JSON
        sys.exit(deploy.main(words[1:]))
    name = words[0]
    if name not in COMMANDS:
        near = difflib.get_close_matches(name, COMMANDS, n=1)
        hint = f", did you mean {near[0]!r}?" if near else ""
        sys.stderr.write(f"error: unknown command {name!r}{hint} ({PROGRAM} --help lists the commands)\n")
        sys.exit(2)
    command = COMMANDS[name]
    try:
        settings = _load(command.settings, command.extra)
    except MissingExtraError as error:
        sys.stderr.write(f"error: {error}\n")
        sys.exit(1)

    def _main(given: Settings) -> Mapping[str, object] | None:
        # Loaded when there is work: `--help` and a misspelt setting need not wait for it.
        result: Mapping[str, object] | None = _load(command.main, command.extra)(given)
        return result

    run(_main, settings, words[1:], f"{PROGRAM} {name}")


def _load(path: str, extra: str) -> Any:
    module, _, name = path.partition(":")
    try:
        return getattr(import_module(module), name)
    except ModuleNotFoundError as error:
        if not extra or (error.name or "").startswith("lightly_ray"):
            raise
        raise MissingExtraError(missing_extra(f"this command needs {error.name}", extra)) from error


def _help() -> str:
    summaries = {name: command.summary for name, command in COMMANDS.items()}
    summaries |= {"deploy": "print a file to install by: container, KubeRay, systemd, proxy, dashboard; or their names"}
    summaries |= {"version": "print the version"}
    width = max(map(len, summaries))
    lines = [f"  {name:<{width}}  {summary}" for name, summary in summaries.items()]
    return "\n".join(
        [
            f"usage: {PROGRAM} COMMAND [key=value ...]",
            "",
            "Active learning on Ray: which of your unlabelled images should you label next?",
            "",
            "commands:",
            *lines,
            "",
            f"{PROGRAM} COMMAND --help lists the settings of a command.",
            "",
        ]
    )
