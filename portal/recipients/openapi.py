"""``docs/recipients-openapi.yaml``: the portal's interface for recipients."""

from pathlib import Path

import yaml
from fastapi import FastAPI

from catalogue.errors import HubError
from portal.recipients.routes import RecipientServices, recipients_router
from portal.returns.routes import returns_router

FILE = Path(__file__).parents[2] / "docs" / "recipients-openapi.yaml"
_HEAD = "# OpenAPI 3.1. Generated: `credithub portal --openapi > docs/recipients-openapi.yaml`; a test compares both.\n"


def document() -> str:
    """Return the OpenAPI document as YAML."""
    app = FastAPI(
        title="数据使用机构接口 (recipients)",
        version="1.0.0",
        description="银行、保险、担保、征信机构查询企业信用信息：拉取变更、查看、核验（可用不可见）、评分，并报送删除回执和贷款结果。"
        "先以私钥签名的断言获取五分钟的令牌；每个答复和拒绝都先记入审计日志，再发出。",
        generate_unique_id_function=lambda route: route.name.lower(),
    )
    app.include_router(recipients_router(_nobody))
    app.include_router(returns_router(lambda: _nobody().returns))
    return _HEAD + yaml.safe_dump(app.openapi(), allow_unicode=True, sort_keys=False, width=110)


def _nobody() -> RecipientServices:
    raise HubError("What only describes the interface answers nobody.")
