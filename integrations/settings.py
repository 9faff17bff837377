"""All settings, in one place: environment (``STOA_…``) over ``stoa.toml`` over defaults. Secrets only from the environment."""

import os
from datetime import date
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, SecretStr, ValidationError, field_validator, model_validator
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict, TomlConfigSettingsSource

from memory.book import first_problem
from memory.errors import InputError
from memory.schedules import Schedule
from orchestrator.engine import RunRules
from orchestrator.errors import PermissionRuleError
from orchestrator.permissions import GateRules
from orchestrator.tool_permissions import Rule, parse_rule

FILE = "stoa.toml"


class _Section(BaseModel):
    # Built along with the settings that hold it, not once more by itself.
    model_config = ConfigDict(frozen=True, extra="forbid", defer_build=True)


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


class DatabaseSettings(_Section):
    """Where the desk's records are: a SQLite file of its own, or PostgreSQL."""

    url: str = Field(default="", description="postgresql://user@host/name; empty means SQLite in .stoa")


class ChromaSettings(_Section):
    """Where the vector index is: a folder of its own, or a Chroma server."""

    url: str = Field(default="", description="http://host:8000 of a server that only the desk can reach; empty means a folder")
    most_hashed: int = Field(
        default=200_000,
        ge=0,
        description="records up to which hashed words are vectors too; past it they cost gigabytes and find nothing more",
    )


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
    calls_per_minute: int = Field(default=0, ge=0, description="of all runs and workers together; 0 means no limit")
    tokens_per_minute: int = Field(default=0, ge=0, description="of all runs and workers together; 0 means no limit")


class SourceSettings(_Section):
    """One data source: ``[data.sources.NAME]``."""

    kind: str = Field(description="fred, wdi, pink_sheet, eia, edgar, cot, treasury, bls, polymarket, metaculus, stooq, folder, yahoo")
    series: dict[str, str] = Field(default_factory=dict, description="the desk's name of a series to the source's own code")
    since: date | None = Field(default=None, description="the first day to ask for; without one, what the source gives")
    path: Path | None = Field(default=None, description="of a folder, from the desk's own")
    licence: str = Field(default="", description="instead of what the connector knows")
    contact: str = Field(default="", description="who asks, where a source wants to know: name and e-mail")
    base_url: str = Field(default="", description="another address of the same service")
    max_age_hours: float = Field(default=6, ge=0, description="an answer younger than this is not asked for again")


class DataSettings(_Section):
    """Where market data come from."""

    sources: dict[str, SourceSettings] = Field(default_factory=dict)


class SandboxSettings(_Section):
    """Where the agents' own code runs."""

    tier: Literal["auto", "bubblewrap", "landlock", "seatbelt", "oci"] = Field(
        default="auto", description="auto takes the first whose walls stand: bubblewrap, then landlock"
    )
    image: str = Field(default="", description="of the container, for the oci tier: Python with the libraries")
    engine: str = Field(default="docker", description="what starts containers: docker or podman")
    runtime: str = Field(default="runsc", description="what holds containers: gVisor's runsc, or another that the engine knows")


class SlackSettings(_Section):
    """The desk in Slack; its tokens come from the environment alone, see ``slack_tokens``."""

    channels: tuple[str, ...] = Field(default=(), description="ids of the channels it works in; the first one gets the research runs")
    people: tuple[str, ...] = Field(default=(), description="ids of who may talk to it; empty means everyone in its channels")
    approvers: dict[str, tuple[str, ...]] = Field(
        default_factory=dict, description='who may approve what: a pattern of thesis names, e.g. "silver-*", and ids of people'
    )
    direct_messages: bool = Field(default=True, description="whether it answers direct messages")
    external: bool = Field(default=False, description="whether it works in channels shared with other organisations")
    mode: Literal["socket", "http"] = "socket"
    host: str = Field(default="127.0.0.1", description="of the endpoint, with mode http")
    port: int = Field(default=3000, ge=0, le=65535, description="of the endpoint, with mode http")
    workers: int = Field(default=2, ge=1, le=16, description="threads of conversation worked on at once")
    post_seconds: float = Field(default=1.0, gt=0, description="between two posts in one channel")
    settle_seconds: float = Field(default=0.25, ge=0, description="an event waits this long for one that should have come before it")
    ping_seconds: float = Field(default=5.0, gt=0, description="after this a lost connection is noticed, with mode socket")
    streaming_after: float = Field(default=1.5, ge=0, description="seconds after which an answer on its way is shown as it is written")
    max_file_mb: float = Field(default=20, gt=0, description="larger files dropped into a channel are not taken in")
    keep_days: int = Field(default=30, ge=7, description="that what was handled and sent is kept; Slack may repeat an event for days")
    api_url: str = Field(default="", description="of the Web API; empty means slack.com")


class SlackTokens(_Section):
    """Secrets of the Slack app: from the environment, never from the file."""

    bot: SecretStr | None = Field(default=None, description="SLACK_BOT_TOKEN")
    app: SecretStr | None = Field(default=None, description="SLACK_APP_TOKEN, with mode socket")
    signing: SecretStr | None = Field(default=None, description="SLACK_SIGNING_SECRET, with mode http")
    oauth: bool = Field(default=False, description="SLACK_CLIENT_ID is set, by which bolt takes the app for one of many workspaces")


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


class WatchingSettings(_Section):
    """How a serving desk is watched."""

    logs: Literal["text", "json"] = Field(default="text", description="of stoa serve; json is one object a line, with the run it is about")
    host: str = Field(default="127.0.0.1", description="of /healthz and /metrics, beside stoa serve --slack or --worker")
    telemetry: Literal["off", "otlp"] = Field(default="off", description="traces and metrics of runs, agents, tools and model calls")
    endpoint: str = Field(
        default="", description="of an OTLP collector over HTTP; empty means OTEL_EXPORTER_OTLP_ENDPOINT, or this machine"
    )
    port: int | None = Field(default=None, ge=0, le=65535, description="of the same; without one they are off, 0 picks a free one")


class PermissionSettings(_Section):
    """What agents may do with tools; see docs/permissions.md."""

    rules: tuple[str, ...] = Field(default=(), description='"role.tool(pattern) -> deny | ask | allow", in order; deny wins')

    @field_validator("rules")
    @classmethod
    def _understood(cls, rules: tuple[str, ...]) -> tuple[str, ...]:
        for rule in rules:
            try:
                parse_rule(rule)
            except PermissionRuleError as error:
                raise ValueError(str(error)) from error
        return rules

    def parsed(self) -> tuple[Rule, ...]:
        """The rules, understood."""
        return tuple(parse_rule(rule) for rule in self.rules)


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
    database: DatabaseSettings = DatabaseSettings()
    chroma: ChromaSettings = ChromaSettings()
    runs: RunRules = RunRules()
    model: ModelSettings = ModelSettings()
    embedding: EmbeddingSettings = EmbeddingSettings()
    gate: GateRules = GateRules()
    data: DataSettings = DataSettings()
    sandbox: SandboxSettings = SandboxSettings()
    slack: SlackSettings = SlackSettings()
    mcp: McpSettings = McpSettings()

    permissions: PermissionSettings = PermissionSettings()
    watching: WatchingSettings = WatchingSettings()
    schedules: dict[str, Schedule] = Field(default_factory=dict, description="[schedules.morning] when = …, theses = […]")
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

    # Before langgraph is imported: its default revives any class that a stored row names.
    os.environ["LANGGRAPH_STRICT_MSGPACK"] = "true"  # noqa: TID251 - the one place that sets it
    _toml_path[-1] = folder / FILE
    _refuse_written_secrets(folder / FILE)
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


def _refuse_written_secrets(path: Path) -> None:
    """A password in the file ends in a repository or a back-up."""
    import tomllib
    from urllib.parse import urlsplit

    if not path.exists():
        return
    try:
        written = tomllib.loads(path.read_text(encoding="utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError):
        return  # said where the settings are made of it
    for section in ("database", "chroma"):
        values = written.get(section)
        url = values.get("url") if isinstance(values, dict) else None
        if isinstance(url, str) and (urlsplit(url).password or "password=" in url):
            raise InputError(f"{FILE}: {section}.url holds a password: take it out and set STOA_{section.upper()}__URL in the environment")


def source_key(name: str) -> str:
    """The key of a data source from the environment; empty when it is not set."""
    return os.environ.get(name, "").strip()  # noqa: TID251 - the one reader of it


def slack_tokens() -> SlackTokens:
    """The secrets of the Slack app that the environment holds."""
    names = {"bot": "SLACK_BOT_TOKEN", "app": "SLACK_APP_TOKEN", "signing": "SLACK_SIGNING_SECRET"}
    found = {field: os.environ.get(name) for field, name in names.items()}  # noqa: TID251 - the one reader of them
    secrets = {field: SecretStr(value) for field, value in found.items() if value}
    return SlackTokens(**secrets, oauth=bool(os.environ.get("SLACK_CLIENT_ID")))  # noqa: TID251 - the one reader of it


def variable(name: str) -> str:
    """An environment variable that the settings name, e.g. a token of an outside server.

    Raises:
        InputError: it is not set.
    """
    value = os.environ.get(name)  # noqa: TID251 - the one reader of it
    if not value:
        raise InputError(f"the environment variable {name} is not set: export it, or change {FILE}")
    return value


def board_token() -> SecretStr | None:
    """The token with which people sign in to the board, from ``STOA_BOARD_TOKEN``; None where none is set.

    Raises:
        InputError: it is short enough to be guessed.
    """
    found = os.environ.get("STOA_BOARD_TOKEN", "")  # noqa: TID251 - the one reader of it
    if found and len(found) < 16:
        raise InputError("STOA_BOARD_TOKEN is shorter than 16 characters: make one with openssl rand -hex 16")
    return SecretStr(found) if found else None
