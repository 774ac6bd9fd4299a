"""A file of ``config/scenarios``: a severe or a mild turn of the world, by which lines are set."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from config.schema import Strict


class Scenario(Strict):
    """The whole file."""

    name: Annotated[str, Field(min_length=1, max_length=60)]
    description: Annotated[str, Field(max_length=2_000)] = ""
