"""All settings, in one place: environment (``STOA_…``) over ``stoa.toml`` over defaults. Secrets only from the environment."""

import os
from datetime import date
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, SecretStr, ValidationError, model_validator
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


class ModelSettings(_Section):
    """The model, when there is one: an Anthropic key, or a local server that speaks the Messages API."""

    name: str = Field(default="", description="e.g. claude-sonnet-5-5; empty means no model")
    base_url: str = Field(default="", description="a local server; empty means Anthropic")
    max_tokens: int = Field(default=2000, ge=100)
    timeout_seconds: float = Field(default=120, gt=0)
    budget_usd: float = Field(default=2.0, gt=0, description="per run, checked before each call")
    budget_tokens: int = Field(default=500_000, gt=0, description="per run; the bound that holds where a model has no price")


class EmbeddingSettings(_Section):
    """What makes the vectors: by default hashed words, which need no model."""

    provider: Literal["hashed", "endpoint", "voyage", "onnx"] = "hashed"
    model: str = Field(default="", description="as the endpoint calls it, e.g. bge-m3 or voyage-3.5")
    base_url: str = Field(default="", description="of an endpoint, up to and with /v1; empty means Voyage's own")
    key_env: str = Field(default="", description="the environment variable that holds the key; VOYAGE_API_KEY for Voyage")
    path: str = Field(default="", description="of a local model: a folder with model.onnx and tokenizer.json")
    dimensions: int = Field(default=0, ge=0, description="asked of the model; 0 is its own length")
    query_prefix: str = Field(default="", description="before each question, e.g. 'query: ' for e5")
    document_prefix: str = Field(default="", description="before each passage, e.g. 'passage: ' for e5")
    pooling: Literal["mean", "cls"] = Field(default="mean", description="of a local model that gives a vector a token")
    batch: int = Field(default=64, ge=1, le=1000, description="texts a request")
    longest: int = Field(default=8000, ge=100, description="characters of a text that are embedded")
    timeout_seconds: float = Field(default=30, gt=0, description="of one request")

    @model_validator(mode="after")
    def _whole(self) -> "EmbeddingSettings":
        needed = {"endpoint": ("model", "base_url"), "voyage": ("model",), "onnx": ("path",)}.get(self.provider, ())
        missing = [name for name in needed if not getattr(self, name)]
        if missing:
            msg = f"provider {self.provider} needs {missing[0]}"
            raise ValueError(msg)
        return self


class McpServerSettings(_Section):
    """An outside MCP server that the desk may use: a command to start, or a URL."""

    command: str = Field(default="", description="a program that speaks MCP over stdio; else url")
    args: tuple[str, ...] = ()
    env: tuple[str, ...] = Field(default=(), description="names of environment variables that it gets; their values stay out of the file")
    url: str = Field(default="", description="a streamable HTTP endpoint; else command")
    token_env: str = Field(default="", description="the environment variable that holds its bearer token")
    roles: dict[str, tuple[str, ...]] = Field(default_factory=dict, description="which role may call which tool; * is every one")
    timeout_seconds: float = Field(default=30, gt=0, description="of one call")

    @model_validator(mode="after")
    def _one_way_in(self) -> "McpServerSettings":
        if bool(self.command) == bool(self.url):
            msg = "give either a command or a url"
            raise ValueError(msg)
        return self


class McpSettings(_Section):
    """The desk over MCP, and the outside servers it may use."""

    host: str = "127.0.0.1"
    port: int = Field(default=8765, ge=1, le=65535)
    allowed_hosts: tuple[str, ...] = Field(default=(), description="names it is reached under besides loopback; name:* is any port")
    allowed_origins: tuple[str, ...] = Field(default=(), description="web pages that may call it, e.g. https://desk.example.org")
    servers: dict[Annotated[str, Field(pattern=r"^[a-z][a-z0-9_-]*$")], McpServerSettings] = Field(default_factory=dict)


class Settings(BaseSettings):
    """Everything that can be set."""

    model_config = SettingsConfigDict(env_prefix="STOA_", env_nested_delimiter="__", extra="forbid", frozen=True)

    desk: DeskSettings = DeskSettings()
    model: ModelSettings = ModelSettings()
    embedding: EmbeddingSettings = EmbeddingSettings()
    gate: GateRules = GateRules()
    mcp: McpSettings = McpSettings()
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


def variable(name: str) -> str:
    """An environment variable that the settings name, e.g. a token of an outside server.

    Raises:
        InputError: it is not set.
    """
    value = os.environ.get(name)  # noqa: TID251 - the one reader of it
    if not value:
        raise InputError(f"the environment variable {name} is not set: export it, or change {FILE}")
    return value
