"""The base of every quant result: frozen, with the unit of each field."""

from pydantic import BaseModel, ConfigDict, Field


class Result(BaseModel):
    """Numbers with their units."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    units: dict[str, str] = Field(default_factory=dict, description="the unit of each field")
