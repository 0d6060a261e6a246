"""A registry for the door, with the answers of Apicurio 3.3.3 to the Confluent API, as they were recorded."""

import math
from collections import Counter
from itertools import islice

import httpx

YINHE, QINGHE = "bank.yinhe.v1-credithub.bank.Indicators", "bank.qinghe.v1-credithub.bank.Indicators"
RECORD = "credit.record.v1-credithub.internal.Record"
BASE = "http://registry/apis/ccompat/v7"


class FakeRegistry:
    """Subjects with their versions; an id is the same wherever the same schema is.

    ``away``: it does not answer. ``lasts``: so many times it does still.
    """

    def __init__(self) -> None:
        self.away, self.lasts = False, math.inf
        self.asked: Counter[str] = Counter()
        self.urls: list[httpx.URL] = []
        self.headers: list[httpx.Headers] = []
        self.subjects: dict[str, list[int]] = {YINHE: [1], QINGHE: [1], RECORD: [2]}

    def client(self) -> httpx.AsyncClient:
        """Return a client of it."""
        return httpx.AsyncClient(base_url=BASE, transport=httpx.MockTransport(self._answer))

    def schema(self, number: int) -> str:
        """Return the schema of an id."""
        return f'{{"type": "record", "name": "R{number}", "doc": "指标"}}'

    def _answer(self, request: httpx.Request) -> httpx.Response:
        path = request.url.path.removeprefix("/apis/ccompat/v7")
        self.asked[path] += 1
        self.urls.append(request.url)
        self.headers.append(request.headers)
        self.lasts -= 1
        if self.away or self.lasts < 0:
            raise httpx.ConnectError("refused")
        return self._found(path.split("/")[1:], request.url.params)

    def _found(self, parts: list[str], query: httpx.QueryParams) -> httpx.Response:
        match parts:
            case ["subjects"]:
                # It heeds no prefix, and without a limit it lists a thousand.
                page = islice(self.subjects, int(query.get("offset", 0)), None)
                return httpx.Response(200, json=list(islice(page, int(query.get("limit", 1000)))))
            case ["subjects", subject, "versions"] if subject in self.subjects:
                return httpx.Response(200, json=list(range(1, len(self.subjects[subject]) + 1)))
            case ["subjects", subject, "versions", version] if subject in self.subjects:
                ids = self.subjects[subject]
                number = len(ids) if version == "latest" else int(version)
                if number > len(ids):
                    return _error(40402, f"Version {number} not found.")
                found = {"id": ids[number - 1], "version": number, "subject": subject}
                return httpx.Response(200, json={**found, "schema": self.schema(ids[number - 1])})
            case ["subjects", subject, *_]:
                return _error(40401, f"Subject '{subject}' not found.")
            case ["schemas", "ids", number, "versions"]:
                uses = [(s, ids.index(int(number)) + 1) for s, ids in self.subjects.items() if int(number) in ids]
                if uses:
                    return httpx.Response(200, json=[{"subject": s, "version": v} for s, v in uses])
            case ["schemas", "ids", number] if any(int(number) in ids for ids in self.subjects.values()):
                return httpx.Response(200, json={"schema": self.schema(int(number)), "references": []})
        return _error(40403, "Schema not found.")


def _error(code: int, message: str) -> httpx.Response:
    return httpx.Response(404, json={"error_code": code, "message": message})
