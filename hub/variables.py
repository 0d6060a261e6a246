"""Settings in groups and the flat environment variables that set them: from one form to the other and back."""

from collections.abc import Mapping
from typing import Any, ClassVar

from pydantic import BaseModel, ConfigDict
from pydantic.fields import FieldInfo
from pydantic_settings import BaseSettings, EnvSettingsSource, PydanticBaseSettingsSource

VARIABLE_PREFIX = "CREDITHUB_"

SettingPaths = Mapping[str, tuple[str, ...]]
"""Where each setting lies, by the name of its variable in lower case without ``CREDITHUB_``."""


class SettingsGroup(BaseModel):
    """Settings about one thing; the variable of a field is ``CREDITHUB_``, the group's prefix, the field's name."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    prefix: ClassVar[str] = ""


class VariablesSource(PydanticBaseSettingsSource):
    """Puts each variable of the environment, or of a file of variables, into its group."""

    def __init__(self, settings_cls: type[BaseSettings], source: EnvSettingsSource) -> None:
        super().__init__(settings_cls)
        self._read = source.env_vars

    def get_field_value(self, field: FieldInfo, field_name: str) -> tuple[Any, str, bool]:
        """Never called: all fields are read at once."""
        raise NotImplementedError

    def __call__(self) -> dict[str, Any]:
        """Return the values that are set, in their groups."""
        paths = setting_paths(self.settings_cls)
        read = {name: self._read.get(f"{VARIABLE_PREFIX}{name}".lower()) for name in paths}
        return grouped({name: value for name, value in read.items() if value is not None}, paths)


def setting_paths(settings_class: type[BaseSettings]) -> SettingPaths:
    """Return where each setting of a class lies: in one of its groups, or in itself."""
    paths: dict[str, tuple[str, ...]] = {}
    for name, field in settings_class.model_fields.items():
        group = field.annotation
        if isinstance(group, type) and issubclass(group, SettingsGroup):
            paths.update({group.prefix + inner: (name, inner) for inner in group.model_fields})
        else:
            paths[name] = (name,)
    return paths


def secret_settings(settings_class: type[BaseSettings]) -> frozenset[str]:
    """Return the names of the settings that are secrets: those that are left out where settings are shown."""
    secrets = {name for name, field in settings_class.model_fields.items() if not field.repr}
    for field in settings_class.model_fields.values():
        group = field.annotation
        if isinstance(group, type) and issubclass(group, SettingsGroup):
            secrets |= {group.prefix + name for name, inner in group.model_fields.items() if not inner.repr}
    return frozenset(secrets)


def grouped(values: Mapping[str, Any], paths: SettingPaths) -> dict[str, Any]:
    """Put flat values into their groups; KeyError for a name that is no setting."""
    groups: dict[str, Any] = {}
    for name, value in values.items():
        *group, field = paths[name]
        target = groups.setdefault(group[0], {}) if group else groups
        target[field] = value
    return groups


def flattened(groups: Mapping[str, Any], paths: SettingPaths) -> dict[str, Any]:
    """Take the values out of their groups."""
    values: dict[str, Any] = {}
    for name, (*group, field) in paths.items():
        values[name] = (groups[group[0]] if group else groups)[field]
    return values


def variable(name: str) -> str:
    """Return the environment variable of a setting."""
    return f"{VARIABLE_PREFIX}{name.upper()}"
