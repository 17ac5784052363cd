"""`Place`: a setting that is a path or a URI; parsed when the settings are, shown without credentials."""

from typing import Annotated

from pydantic import BeforeValidator, InstanceOf, PlainSerializer
from pydantic_core import PydanticCustomError

from lightly_ray.data.location import Location
from lightly_ray.errors import InvalidInputError
from lightly_ray.settings import REFUSED


def _parse(value: object) -> object:
    if not isinstance(value, str):
        return value
    try:
        return Location.parse(value)
    except InvalidInputError as error:
        # Not as a ValueError: its message would be followed by the value, credentials included.
        raise PydanticCustomError(REFUSED, "{reason}", {"reason": str(error)}) from None


Place = Annotated[InstanceOf[Location], BeforeValidator(_parse), PlainSerializer(str)]
