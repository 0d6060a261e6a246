"""向平台提问的示例：生成密钥、取得令牌、核验、评分、查看、拉取。

  python ask_client.py keygen yinhe.jwk                 # 私钥留在本机；打印公钥，交平台登记
  python ask_client.py --key yinhe.jwk --id yinhe verify USCC "tax_paid_12m >= 100000"

用到 joserfc（JWT）；其余为标准库。平台地址、标识也可用环境变量 PORTAL_URL、PORTAL_ISSUER、BANK_ID、BANK_KEY。
"""

import argparse
import json
import os
import sys
import time
import urllib.error
import urllib.parse
import urllib.request
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from joserfc import jws
from joserfc.jwk import OKPKey

ASSERTION = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
# 令牌五分钟有效；提前一分钟更换。
EARLIER_S = 60


class Refused(Exception):
    """平台不予答复；code 为原因代码。"""

    def __init__(self, status: int, body: dict[str, Any]) -> None:
        self.status, self.body = status, body
        self.code = body.get("code") or body.get("error") or f"HTTP_{status}"
        super().__init__(f"{status} {self.code}: {body.get('detail') or body.get('error_description')}")


class Portal:
    """一个平台；令牌在内存中保存，到期前自动更换。"""

    def __init__(self, url: str, issuer: str, recipient: str, key: OKPKey) -> None:
        self.url, self.issuer, self.recipient, self.key = url.rstrip("/"), issuer, recipient, key
        self._token, self._until = "", 0.0

    def token(self) -> str:
        """返回有效的令牌。每个断言只能用一次，所以 jti 每次不同。"""
        if time.monotonic() < self._until:
            return self._token
        now = int(time.time())
        claims = {
            "iss": self.recipient,
            "sub": self.recipient,
            "aud": self.issuer,
            "iat": now,
            "exp": now + 60,
            "jti": uuid.uuid4().hex,
        }
        head = {"alg": "Ed25519", "kid": self.key.thumbprint()}
        assertion = jws.serialize_compact(head, json.dumps(claims).encode(), self.key, algorithms=["Ed25519"])
        form = {
            "grant_type": "client_credentials",
            "client_assertion_type": ASSERTION,
            "client_assertion": assertion,
        }
        found = self._answer("/v1/token", urllib.parse.urlencode(form).encode(), {})
        self._token, self._until = found["access_token"], time.monotonic() + found["expires_in"] - EARLIER_S
        return self._token

    def get(self, path: str, **query: str) -> Any:
        """GET；返回 JSON。"""
        return self._answer(f"{path}?{urllib.parse.urlencode(query)}", None, self._carried())

    def post(self, path: str, body: dict[str, str]) -> Any:
        """POST；返回 JSON。"""
        return self._answer(path, json.dumps(body).encode(), self._carried() | {"Content-Type": "application/json"})

    def changes(self, cursor: str = "") -> Iterator[Any]:
        """逐批返回变更，直到暂无新的；每批处理完再保存其 cursor，下次从那里读起。"""
        while True:
            part = self.get("/v1/changes", **({"cursor": cursor} if cursor else {}))
            yield part
            if part["is_end"]:
                return
            cursor = part["cursor"]

    def _carried(self) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.token()}"}

    def _answer(self, path: str, body: bytes | None, headers: dict[str, str]) -> Any:
        request = urllib.request.Request(self.url + path, body, headers)
        try:
            with urllib.request.urlopen(request, timeout=60) as answer:
                return json.load(answer)
        except urllib.error.HTTPError as problem:
            with problem:
                raise Refused(problem.code, json.loads(problem.read() or b"{}")) from None


def keygen(path: Path) -> None:
    """生成一对密钥；私钥只有本人可读，公钥打印出来。"""
    key = OKPKey.generate_key("Ed25519", auto_kid=True)
    opened = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(opened, "w") as file:
        json.dump(key.as_dict(private=True), file)
    print(json.dumps(key.as_dict(private=False)))


def main() -> int:
    """运行一个命令；不予答复时打印 refused: … 并返回 1。"""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--portal", default=os.environ.get("PORTAL_URL", "http://127.0.0.1:8083"), help="平台地址")
    parser.add_argument("--issuer", default=os.environ.get("PORTAL_ISSUER", "urn:credithub:630100"), help="断言的 aud")
    parser.add_argument("--id", default=os.environ.get("BANK_ID"), help="机构编号")
    parser.add_argument("--key", default=os.environ.get("BANK_KEY"), help="私钥文件（JWK）")
    parser.add_argument("--purpose", default="LOAN", help="用途：LOAN、GUARANTEE、INSURANCE")
    parser.add_argument("--use", default="APPLICATION", help="用于：APPLICATION 贷前，POST_LOAN 贷后")
    commands = parser.add_subparsers(dest="command", required=True)
    commands.add_parser("keygen", help="生成密钥").add_argument("file", type=Path)
    for name, what, words in (
        ("token", "打印令牌，供 curl 使用", ()),
        ("bands", "可供提问的指标与分档", ()),
        ("verify", "核验", ("subject", "question")),
        ("score", "评分", ("subject", "card")),
        ("view", "查看", ("subject",)),
        ("changes", "拉取变更", ()),
    ):
        command = commands.add_parser(name, help=what)
        for word in words:
            command.add_argument(word)
        if name == "changes":
            command.add_argument("--cursor", default="", help="上次的游标；缺省：从头")
    said = parser.parse_args()
    if said.command == "keygen":
        keygen(said.file)
        return 0
    if not said.id or not said.key:
        parser.error("--id 和 --key（或 BANK_ID、BANK_KEY）必填")
    key = OKPKey.import_key(json.loads(Path(said.key).read_text()))
    portal = Portal(said.portal, said.issuer, said.id, key)
    stated = {"purpose": said.purpose, "use": said.use}
    try:
        match said.command:
            case "token":
                print(portal.token())
            case "bands":
                print(json.dumps(portal.get("/v1/bands"), ensure_ascii=False))
            case "verify" | "score":
                name = "question" if said.command == "verify" else "card"
                body = {"subject": said.subject, name: getattr(said, name), **stated}
                print(json.dumps(portal.post(f"/v1/{said.command}", body), ensure_ascii=False))
            case "view":
                print(json.dumps(portal.get(f"/v1/subjects/{said.subject}", **stated), ensure_ascii=False))
            case "changes":
                for part in portal.changes(said.cursor):
                    print(json.dumps(part, ensure_ascii=False))
    except Refused as problem:
        print(f"refused: {problem}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
