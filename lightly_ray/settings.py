"""Settings of jobs and commands: ``key=value`` words on the command line -> one typed, frozen model.

    class Resize(Settings):
        '''Make images smaller.'''
        input_dir: Path = Field(description="folder of images")
        width: int = Field(default=64, gt=0, description="new width in pixels")

    def resize(settings: Resize) -> dict[str, object]: ...

    if __name__ == "__main__":
        run(resize, Resize)        # python resize.py input_dir=photos width=32 | --help

``run`` keeps standard output for one line of JSON, the result; all else goes to standard error. Exit status: 0
success, 1 a deliberate error (one line), 2 settings that cannot be used (one line), 130 Ctrl-C.
"""

import inspect
import json
import os
import signal
import sys
import textwrap
import warnings
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from types import FrameType, NoneType, UnionType
from typing import Annotated, Any, ClassVar, Literal, NoReturn, TypeVar, Union, get_args, get_origin

from pydantic import BaseModel, ConfigDict, ValidationError
from pydantic.fields import FieldInfo

from lightly_ray.errors import InvalidInputError, LightlyRayError
from lightly_ray.setting_words import CONFIG, pairs, read_lines, read_yaml


class Settings(BaseModel):
    """Base of all settings: frozen, checked when built, unknown keys refused.

    Attributes:
        environment: what begins the names of the variables of the environment that settings may come from too; "" for
            none. A command that has them also reads a file of ``key=value`` lines, `settings_file`, which it shares
            with the other commands of its family.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)
    environment: ClassVar[str] = ""


S = TypeVar("S", bound=Settings)

REFUSED = "refused"  # type of a validation error whose message says all, and whose value must not be shown


def parse(model: type[S], words: Sequence[str]) -> S:
    """Build settings from ``key=value`` words.

    Args:
        model: the settings class; the keys of an inner one stand behind a dot, ``loader.batch_size``.
        words: one ``key=value`` each; the value is all that follows the first ``=``. They come before the environment,
            and that before files. ``config=FILE.yaml`` reads keys from a file.

    Raises:
        InvalidInputError: a word without ``=``, a key given twice, an unknown or missing key, a bad value; or a file
            cannot be read.
    """
    keys = leaves(model)
    values = pairs(words, {*keys, CONFIG})
    if CONFIG in values:
        values = read_yaml(values.pop(CONFIG), keys) | values
    if model.environment:
        values = _from_environment(model) | values
        values = _from_file(model, values.get("settings_file")) | values
    try:
        return model.model_validate(_nested(values))
    except ValidationError as error:
        raise InvalidInputError("; ".join(_sentence(one) for one in error.errors())) from error


def leaves(model: type[BaseModel], before: str = "") -> dict[str, FieldInfo]:
    """Every key of a settings class, those of inner ones behind a dot, and its field."""
    found: dict[str, FieldInfo] = {}
    for key, field in model.model_fields.items():
        inner = field.annotation
        if isinstance(inner, type) and issubclass(inner, Settings):
            found |= leaves(inner, f"{before}{key}.")
        else:
            found[before + key] = field
    return found


def _nested(values: Mapping[str, str]) -> dict[str, object]:
    result: dict[str, Any] = {}
    for key, value in values.items():
        *outer, last = key.split(".")
        place = result
        for name in outer:
            place = place.setdefault(name, {})
        place[last] = value
    return result


def _from_environment(model: type[Settings]) -> dict[str, str]:
    names = {key: f"{model.environment}{key.upper()}" for key in model.model_fields}
    return {key: os.environ[name] for key, name in names.items() if name in os.environ}


def _from_file(model: type[Settings], path: str | None) -> dict[str, str]:
    if path is None:
        return {}
    # Other commands of the family have settings of their own in the file.
    values = read_lines(path, _family(model))
    return {key: value for key, value in values.items() if key in model.model_fields}


def _family(model: type[Settings]) -> set[str]:
    root = [one for one in model.__mro__ if issubclass(one, Settings) and one.environment][-1]
    families, keys = [root], set(root.model_fields)
    while families:
        families = [child for one in families for child in one.__subclasses__()]
        keys.update(*(child.model_fields for child in families))
    return keys


def help_text(model: type[Settings], command: str) -> str:
    """What ``--help`` shows: the command's purpose and every key with type, default and meaning."""
    fields = leaves(model)
    width = max((len(key) for key in fields), default=0)
    lines = [f"usage: {command} [key=value ...]", "", inspect.cleandoc(model.__doc__ or ""), "", "settings:"]
    for key, field in fields.items():
        default = "required" if field.is_required() else f"default {_show(field)}"
        lines.append(f"  {key:<{width}}  {_type_name(field.annotation)}, {default}")
        lines += textwrap.wrap(
            field.description or "", 110, initial_indent=" " * (width + 4), subsequent_indent=" " * (width + 4)
        )
    lines += ["", f"{CONFIG}=FILE.yaml reads settings from a file; those on the command line come before them"]
    if model.environment:
        lines += ["", f"each may come from the environment too, as {model.environment}NAME in capital letters"]
    return "\n".join(lines) + "\n"


def run(
    main: Callable[[S], Mapping[str, object] | None],
    model: type[S],
    words: Sequence[str] | None = None,
    command: str | None = None,
) -> NoReturn:
    """Parse the command line, call ``main``, print its result as one line of JSON, and exit.

    Args:
        main: gets the settings and returns the result, None for none.
        model: its settings class.
        words: the command line, ``sys.argv[1:]`` by default.
        command: how the user calls this, for ``--help``; the script's name by default.
    """
    words = sys.argv[1:] if words is None else words
    if {"-h", "--help"} & set(words):
        sys.stdout.write(help_text(model, command or f"python {sys.argv[0]}"))
        sys.exit(0)
    try:
        settings = parse(model, words)
    except InvalidInputError as error:
        sys.stderr.write(f"error: {error} (--help lists the settings)\n")
        sys.exit(2)
    sys.exit(_guarded(main, settings))


def _guarded(main: Callable[[S], Mapping[str, object] | None], settings: S) -> int:
    result_stream = take_stdout()
    warnings.formatwarning = _warning_line
    # A scheduler ends a job by SIGTERM; like Ctrl-C it must run the clean-up on the way out.
    signal.signal(signal.SIGTERM, _interrupt)
    try:
        result = main(settings)
    except LightlyRayError as error:
        sys.stderr.write(f"error: {error}\n")
        return 1
    except KeyboardInterrupt:
        sys.stderr.write("interrupted\n")
        return 130
    if result is not None:
        os.write(result_stream, (json.dumps(result) + "\n").encode())
    return 0


def _warning_line(
    message: Warning | str, category: type[Warning], filename: str, lineno: int, line: str | None = None
) -> str:
    # Where in our code it was raised says nothing to whoever runs the job.
    del category, filename, lineno, line
    return f"warning: {message}\n"


def take_stdout() -> int:
    """A file descriptor of standard output for what this process has to say, and standard error in its place.

    Libraries and worker processes print where they like; what reads standard output expects JSON and nothing else.
    """
    sys.stdout.flush()
    descriptor = os.dup(1)
    os.dup2(2, 1)
    return descriptor


def _interrupt(_number: int, _frame: FrameType | None) -> NoReturn:
    raise KeyboardInterrupt


def _sentence(error: Mapping[str, object]) -> str:
    location = error["loc"]
    place = ".".join(str(part) for part in location) if isinstance(location, tuple) else str(location)
    if error["type"] == "missing":
        return f"setting {place!r} is required"
    message = str(error["msg"]).removeprefix("Value error, ")
    if not place:
        return message
    sentence = f"setting {place!r}: {message[0].lower()}{message[1:]}"
    return sentence if error["type"] == REFUSED else f"{sentence}, got {error['input']!r}"


def _show(field: FieldInfo) -> str:
    default = field.get_default(call_default_factory=True, validated_data={})
    return "none" if default is None else str(default)


def _type_name(annotation: object) -> str:
    if get_origin(annotation) is Annotated:
        return _type_name(get_args(annotation)[0])
    if get_origin(annotation) is Literal:
        return " | ".join(str(value) for value in get_args(annotation))
    if get_origin(annotation) in (Union, UnionType):
        return " | ".join(_type_name(part) for part in get_args(annotation) if part is not NoneType)
    name = annotation.__name__ if isinstance(annotation, type) else str(annotation)
    return {"str": "text", "Path": "path", "Location": "path", "SecretStr": "text"}.get(name, name)


def read_token(path: Path) -> str:
    """Read a token from a file, so that it shows in no process list.

    Raises:
        InvalidInputError: the file cannot be read or is empty.
    """
    try:
        token = path.read_text("utf-8-sig").strip()
    except (OSError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or "it is no text"
        raise InvalidInputError(f"token_file {str(path)!r} cannot be read: {reason}") from error
    if not token:
        raise InvalidInputError(f"token_file {str(path)!r} is empty")
    return token
