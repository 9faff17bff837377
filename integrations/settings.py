"""All settings, in one place: environment (``STOA_…``) over ``stoa.toml`` over defaults. Secrets only from the environment."""

import os
from datetime import date
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, SecretStr, ValidationError
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict, TomlConfigSettingsSource

from memory.book import first_problem
from memory.errors import InputError
from orchestrator.permissions import GateRules

FILE = "stoa.toml"


class _Section(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class DeskSettings(_Section):
    """The desk itself."""

    name: str = "desk"
    today: date | None = Field(default=None, description="the desk's own date, for an example or a replay; else the real one")
    seed: int = Field(default=0, description="of every simulation")
    rounds: int = Field(default=2, ge=1, le=6, description="rounds of discussion in a run")


class RoleModel(_Section):
    """What one role uses in place of the usual."""

    name: str = ""
    effort: Literal["", "low", "medium", "high", "xhigh", "max"] = ""


class ModelSettings(_Section):
    """The model, when there is one: an Anthropic key, or a local server that speaks the Messages API."""

    name: str = Field(default="", description="e.g. claude-sonnet-5-5; empty means no model")
    cheap: str = Field(default="", description="for triage, gists and summaries; empty means the usual one")
    strong: str = Field(default="", description="for roles whose file says strong; empty means the usual one")
    roles: dict[str, RoleModel] = Field(default_factory=dict, description="[model.roles.quant] name = …, effort = …")
    effort: bool = Field(default=False, description="send each role's effort; the model must know it")
    base_url: str = Field(default="", description="a local server; empty means Anthropic")
    endpoint: Literal["auto", "anthropic"] = Field(default="auto", description="anthropic: behind base_url is Anthropic's own service")
    max_tokens: int = Field(default=2000, ge=100)
    timeout_seconds: float = Field(default=120, gt=0, description="without a word from the endpoint")
    parallel: int = Field(default=8, ge=1, le=64, description="requests at once")
    batch: bool = Field(default=False, description="send what can wait as Message Batches, at half the price")
    batch_poll_seconds: float = Field(default=30, ge=0)
    budget_usd: float = Field(default=2.0, gt=0, description="per run, checked before each call")
    budget_usd_day: float = Field(default=10.0, gt=0, description="of the desk in 24 hours")
    budget_tokens: int = Field(default=500_000, gt=0, description="per run; the bound that holds where a model has no price")
    budget_calls: int = Field(default=200, gt=0, description="per run")
    budget_seconds: float = Field(default=3600, gt=0, description="of waiting for the model, per run")


class BoardSettings(_Section):
    """The board; its token comes from the environment alone, see ``board_token``."""

    hosts: tuple[str, ...] = Field(default=(), description="names under which it is reached, beside localhost and 127.0.0.1")
    proxy_header: str = Field(default="", description="header in which a signing-in proxy names the person, e.g. X-Forwarded-Email")
    proxies: tuple[str, ...] = Field(default=("127.0.0.1", "::1"), description="addresses from which that header is believed")
    approvers: tuple[str, ...] = Field(default=(), description="who may approve, resume and cancel; empty means whoever is signed in")
    session_hours: float = Field(default=12, gt=0, description="after which a person signs in again")


class Settings(BaseSettings):
    """Everything that can be set."""

    model_config = SettingsConfigDict(env_prefix="STOA_", env_nested_delimiter="__", extra="forbid", frozen=True)

    desk: DeskSettings = DeskSettings()
    model: ModelSettings = ModelSettings()
    gate: GateRules = GateRules()
    board: BoardSettings = BoardSettings()
    anthropic_api_key: SecretStr | None = Field(default=None, description="from ANTHROPIC_API_KEY, never from the file")

    @classmethod
    def settings_customise_sources(
        cls, settings_cls: type[BaseSettings], init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource, dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:  # fmt: skip
        """Environment before the file."""
        del dotenv_settings, file_secret_settings
        return init_settings, env_settings, TomlConfigSettingsSource(settings_cls, _toml_path[-1])


_toml_path: list[Path] = [Path(FILE)]


def load_settings(folder: Path) -> Settings:
    """The settings of the desk in ``folder``.

    Raises:
        InputError: one sentence naming the field that is wrong.
    """
    import tomllib

    _toml_path[-1] = folder / FILE
    values: dict[str, Any] = {}
    key = os.environ.get("ANTHROPIC_API_KEY")  # noqa: TID251 - the one reader of it
    if key:
        values["anthropic_api_key"] = key
    try:
        return Settings(**values)
    except ValidationError as error:
        raise InputError(f"{FILE}: {first_problem(error)}") from error
    except tomllib.TOMLDecodeError as error:
        raise InputError(f"{FILE} is no valid TOML: mend {error}") from error


def board_token() -> SecretStr | None:
    """The token with which people sign in to the board, from ``STOA_BOARD_TOKEN``; None where none is set.

    Raises:
        InputError: it is short enough to be guessed.
    """
    found = os.environ.get("STOA_BOARD_TOKEN", "")  # noqa: TID251 - the one reader of it
    if found and len(found) < 16:
        raise InputError("STOA_BOARD_TOKEN is shorter than 16 characters: make one with openssl rand -hex 16")
    return SecretStr(found) if found else None
