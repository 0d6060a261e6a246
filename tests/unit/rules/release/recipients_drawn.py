"""Recipients as Hypothesis draws them."""

from hypothesis import strategies as st

from catalogue.load import load_catalogue
from rules.release.recipients import Portfolio, RecipientDefinition, RecipientKind
from tests.builders.client_keys import ClientKey

_KEYS = tuple(pair().public for pair in (ClientKey.ed25519, ClientKey.ed25519, ClientKey.p256, ClientKey.rsa))
CATEGORIES = [category.id for category in load_catalogue().categories]
IDS = st.from_regex(r"[a-z][a-z0-9]{1,30}", fullmatch=True)
DISTRICTS = st.frozensets(st.sampled_from(["63", "6301", "630102", "630103", "110105"]), max_size=3)
SUBJECTS = st.sampled_from(["91630102MA0000001A", "92630103MA0000002B", "91110105MA0000003C", "51640000MA0000004D"])


@st.composite
def portfolios(draw: st.DrawFn) -> Portfolio:
    """Draw a portfolio that holds somebody."""
    is_list, is_consenting, districts = draw(st.booleans()), draw(st.booleans()), draw(DISTRICTS)
    is_all = not (is_list or is_consenting or districts)
    return Portfolio(is_all=is_all, is_list=is_list, is_consenting=is_consenting, districts=districts)


@st.composite
def definitions(draw: st.DrawFn) -> RecipientDefinition:
    """Draw a recipient."""
    kind = draw(st.sampled_from(RecipientKind))
    return RecipientDefinition(
        id=draw(IDS),
        zh=draw(st.text("样例银行信用", min_size=1, max_size=8)),
        kind=kind,
        portfolio=draw(portfolios()),
        categories=draw(st.none() | st.frozensets(st.sampled_from(CATEGORIES), min_size=1, max_size=4)),
        filing_number="备案63001" if kind is RecipientKind.CREDIT_SERVICE else None,
        keys=tuple(draw(st.lists(st.sampled_from(_KEYS), max_size=3, unique=True))),
    )
