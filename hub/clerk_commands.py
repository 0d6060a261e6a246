"""Commands of clerks, who read Chinese: what is wrong with a command line, and how to write it, in their words."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

# Typer has these classes of its own, and shows none of them.
from typer._click import exceptions
from typer.core import TyperCommand, TyperGroup

from catalogue.errors import UsageError


class ClerkCommand(TyperCommand):
    """A command whose wrong uses are told in Chinese, with the remedy."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Read the arguments; raises UsageError for what cannot be."""
        with _in_chinese(ctx.command_path):
            return super().parse_args(ctx, args)


class ClerkGroup(TyperGroup):
    """A group of commands whose wrong uses are told in Chinese."""

    def resolve_command(self, ctx: Any, args: list[str]) -> Any:
        """Find the command that the first argument names; raises UsageError where it names none."""
        with _in_chinese(ctx.command_path):
            return super().resolve_command(ctx, args)


@contextmanager
def _in_chinese(command: str) -> Iterator[None]:
    try:
        yield
    except exceptions.NoArgsIsHelpError:
        raise
    except exceptions.UsageError as exc:
        message, remedy = _told(exc)
        raise UsageError(message, remedy=f"{remedy}用法见 {command} --help。") from exc


def _told(error: exceptions.UsageError) -> tuple[str, str]:
    """Return what is wrong and its remedy; the kinds of errors say it, and not their English words."""
    if isinstance(error, exceptions.MissingParameter):
        return f"没有写明{_name(error.param)}。", f"{_help(error.param)}"
    if isinstance(error, exceptions.BadParameter):
        return f"{_name(error.param)}的内容不对。", f"{_help(error.param)}"
    if isinstance(error, exceptions.NoSuchOption):
        near = "、".join(sorted(error.possibilities or ()))
        return f"没有选项“{error.option_name}”。", f"是不是：{near}？" if near else ""
    if isinstance(error, exceptions.BadOptionUsage):
        return f"选项“{error.option_name}”写得不对：后面少了内容，或多了内容。", ""
    return "命令写得不对：多了内容，或没有这个命令。", "文件名里有空格的，请加引号。"


def _name(param: Any) -> str:
    if param is None:
        return "内容"
    if param.param_type_name == "option":
        return f"选项“{max(param.opts, key=len)}”"
    return f"“{(param.metavar or param.name).upper()}”"


def _help(param: Any) -> str:
    return getattr(param, "help", None) or ""
