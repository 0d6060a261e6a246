"""What enterprises are told when something cannot be shown or done: in Chinese, with what to do next."""

from collections.abc import Mapping
from enum import Enum

from starlette.exceptions import HTTPException
from starlette.responses import Response

from catalogue.errors import HubError
from portal.pages.rendering import page

_ASK_AGAIN = "请联系为您办理的服务窗口，核验身份后重新取得链接。"


class PageTrouble(Enum):
    """What is wrong: HTTP status, title, and what to do."""

    LINK_SPENT = (
        410, "链接已失效",
        f"链接只能使用一次，30分钟内有效；它可能已经使用、已经过期，或者服务重新启动过。{_ASK_AGAIN}",
    )  # fmt: skip
    TOO_MANY = (429, "暂时不能打开", "失效的链接打开得太多。请一分钟以后再试。")
    SESSION_ENDED = (403, "请重新进入", f"您还没有进入，或者15分钟没有操作，已经自动退出。{_ASK_AGAIN}")
    FORM_FOREIGN = (403, "没有办理", "这次提交不是从本页发出的，没有办理任何事项。请回到“我的授权”重新操作。")
    NO_SUCH_PAGE = (404, "没有这个页面", "请核对地址，或回到“我的授权”。")
    NO_SUCH_CONSENT = (404, "没有这份授权", "贵企业没有这个编号的授权。请回到“我的授权”查看。")
    WRONG_METHOD = (405, "不能这样打开", "请回到“我的授权”，按页面上的按钮操作。")
    TOO_LARGE = (413, "没有办理", "提交的内容过大，没有办理任何事项。请回到“我的授权”重新操作。")
    NOT_READY = (
        503,
        "暂时不能办理",
        "服务正在启动或重新连接。请过一会儿刷新本页。撤回是否办成，以“我的授权”显示的状态为准。",
    )
    BROKEN = (500, "出错了", "服务出现错误，已经记录。撤回是否办成，以“我的授权”显示的状态为准。")


class PageRefused(HubError):
    """A page cannot be shown or a form not be taken; ``trouble`` says what its reader is told."""

    def __init__(self, trouble: PageTrouble) -> None:
        super().__init__(trouble.value[1])
        self.trouble = trouble


_OF_STATUS: Mapping[int, PageTrouble] = {404: PageTrouble.NO_SUCH_PAGE, 405: PageTrouble.WRONG_METHOD}


def trouble_page(trouble: PageTrouble) -> Response:
    """Return the page that tells a trouble."""
    status, title, text = trouble.value
    answer = page("trouble", status, title=title, text=text)
    if trouble is PageTrouble.NOT_READY:
        answer.headers["Retry-After"] = "5"
    if trouble is PageTrouble.TOO_MANY:
        answer.headers["Retry-After"] = "60"
    return answer


def http_trouble(exc: HTTPException) -> Response:
    """Return the page for what the router refuses."""
    answer = trouble_page(_OF_STATUS.get(exc.status_code, PageTrouble.NO_SUCH_PAGE))
    if allowed := (exc.headers or {}).get("Allow"):
        answer.headers["Allow"] = allowed
    return answer
