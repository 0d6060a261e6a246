"""The titles that departments use are the fields that they mean, and no others."""

import pytest

from catalogue.load import load_catalogue
from catalogue.model import Item
from producers.tables.columns import ColumnMatcher

CATALOGUE = load_catalogue()
MATCHERS = {item.seq: ColumnMatcher(item) for item in CATALOGUE.items}


def _field(seq: int, title: str) -> str | None:
    columns = MATCHERS[seq].match([title]).columns
    return columns[0].field.name if columns else None


@pytest.mark.parametrize(
    ("seq", "titles", "field"),
    [
        (1, "法人代表 法人 负责人 法定代表人（负责人） 法定代表人/负责人 法定代表人(经营者姓名) 法定代表人姓名（必填）",
         "legal_rep_name"),
        (1, "企业名称（全称） 企业名称（字号名称） 公司名称 名称 企业(机构)名称 企业名称/单位名称", "subject_name"),
        (1, "统一社会信用代码/注册号 统一社会信用代码（或注册号） 统一信用代码 社会统一信用代码 统一社会信用码(18位)",
         "uscc"),
        (1, "注册资本（万） 注册资金/万元 注册资本(资金数额) 注册资本金 资金数额", "registered_capital"),
        (1, "登记状态（中文） 经营状态 状态", "registration_status"),
        (1, "成立时间 注册时间 成立日期", "establishment_date"),
        (1, "企业注册地址 登记地址 住所（登记、个体户经营场所）", "address"),
        (1, "企业(机构)类型 类型 公司类型", "enterprise_type_name"),
        (1, "行业 国民经济行业 所属行业（必填）", "industry_name"),
        (52, "行政相对人代码-1（统一社会信用代码） 行政相对人统一社会信用代码 统一社会信用代码(或营业执照注册号)",
         "uscc"),
        (52, "行政相对人代码_2（组织机构代码） 行政相对人代码_3(组织机构代码) XK_XDR_ZZJG xk_xdr_zdm",
         "organization_code"),
        (52, "行政相对人代码_3（工商登记码） 行政相对人代码＿2(工商注册号) XK_XDR_GSZC",
         "business_registration_number"),
        (52, "行政相对人代码_5 (居民身份证号)", "id_number"),
        (52, "许可决定文书号 XK_WSH XK_WSH(行政许可决定文书号) license_decision_number", "license_decision_number"),
        (52, "许可截止日期 有效期至 XK_YXQZI XK_JZQ", "valid_until"),
        (53, "CF_NR_FK 罚款 罚款金额【选填】 fine_amount", "fine_amount"),
        (53, "没收违法所得、没收非法财务的金额 没收违法所得和没收财务的金额", "confiscated_amount"),
        (53, "处罚机关【必填】 CF_CFJG 处罚部门 处罚机关(单位)", "authority_name"),
        (53, "处罚事由 CF_SY", "violation_facts"),
        (53, "证件号码(法定代表人) 法定代表人(证件号码)", "legal_rep_id_number"),
    ],
)  # fmt: skip
def test_a_usual_title_is_its_field(seq: int, titles: str, field: str) -> None:
    for title in titles.replace("5 (", "5\u3000(").split(" "):
        assert _field(seq, title) == field, title


@pytest.mark.parametrize(
    ("seq", "title"),
    [
        (1, "企业名称（曾用名）"), (1, "注册资本（美元）"), (52, "行政相对人代码_2"), (53, "行政相对人代码_3"),
        (52, "行政相对人代码_5"), (53, "备注(处罚事由)"), (52, "许可编号/许可证书名称"),
        (53, "被处罚人配偶(行政相对人名称)"),
    ],
)  # fmt: skip
def test_a_title_that_may_mean_something_else_is_left_alone(seq: int, title: str) -> None:
    assert _field(seq, title) is None


@pytest.mark.parametrize("item", CATALOGUE.items, ids=lambda i: str(i.seq))
def test_the_catalogues_own_field_ids_are_titles(item: Item) -> None:
    fields = [f.name for f in item.fields]
    columns = MATCHERS[item.seq].match(fields).columns
    assert [columns[i].field.name for i in range(len(fields))] == fields


def test_the_year_of_a_report_is_its_period_where_that_is_declared() -> None:
    assert MATCHERS[7].match(["企业名称", "年报年度"]).extra == {1: "period"}
    assert MATCHERS[6].match(["企业名称", "年报年度"]).columns[1].field.name == "report_year"
    assert MATCHERS[53].match(["企业名称", "年度"]).unknown == ["年度"]


def test_a_template_field_that_the_list_lacks_is_an_added_column() -> None:
    titles = [
        "许可机关",
        "许可部门",
        "有效期自",
        "有效期至",
        "项目名称",
        "地方编码",
        "数据更新时间戳",
        "数据来源",
        "数据来源单位",
    ]
    columns = MATCHERS[52].match(titles).columns
    assert [columns[i].field.name for i in range(len(titles))] == [
        "authority_name", "license_department", "valid_from", "valid_until", "project_name", "region_code",
        "data_updated_at", "data_source", "data_provider",
    ]  # fmt: skip
    titles = ["案件名称", "处罚类别1", "处罚类别2", "当前状态", "处罚部门"]
    columns = MATCHERS[53].match(titles).columns
    assert [columns[i].field.name for i in range(len(titles))] == [
        "case_name", "penalty_type", "second_penalty_type", "current_status", "authority_name",
    ]  # fmt: skip


def test_the_nearer_alias_is_taken_wherever_it_stands() -> None:
    columns = MATCHERS[52].match(["许可部门", "许可机关"]).columns
    assert [columns[i].field.name for i in (0, 1)] == ["license_department", "authority_name"]
    assert MATCHERS[52].match(["许可部门"]).columns[0].field.name == "authority_name"
    for authority in ("许可机构", "许可单位"):
        columns = MATCHERS[52].match(["许可部门", authority]).columns
        assert [columns[i].field.name for i in (0, 1)] == ["license_department", "authority_name"]
