"""The laws of converters: keys survive translation both ways, blank stays blank, nothing is cut."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import datetime, timedelta, timezone
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from tandem.core.address import Address
from tandem.core.conversion import plain
from tandem.core.converters import (
    CONVERTERS,
    ActiveState,
    Checkbox,
    ConversionError,
    Converter,
    Country,
    Date,
    DateTime,
    Email,
    FullName,
    Integer,
    LongText,
    Lookup,
    Money,
    MultiSelect,
    Number,
    Percent,
    PersonName,
    Phone,
    Picklist,
    State,
    TaxNumber,
    Text,
    Url,
)
from tandem.core.mapping import preset
from tandem.core.records import Side, is_blank
from tandem.core.tax import TaxIdentity

TREATMENTS = {"Registered": "business_gst", "Consumer": "consumer"}
TAX = TaxIdentity(scheme="gstin", treatments=TREATMENTS, registered=("business_gst",))
PLACES = (
    "MH",
    "mh",
    "Maharashtra",
    "27",
    "Tamil Nadu",
    "TN",
    " karnataka ",
    "Odisha",
    "OR",
    "AP",
    "Ladakh",
    None,
    "",
)

words = st.text(max_size=40) | st.sampled_from(
    ["A &amp; B", " x ", "e\u0301", "a\r\nb\rc", "&nbsp;", "İ", "ß"]
)
texts = st.none() | st.just("") | words
crm_address = st.fixed_dictionaries(dict.fromkeys(Address.parts[Side.CRM], texts))
books_address = st.fixed_dictionaries(dict.fromkeys(Address.parts[Side.BOOKS], texts))
places = st.fixed_dictionaries(
    {
        "state": st.sampled_from([*PLACES, "California", "CA", "Goa"]),
        "country": st.sampled_from(
            ["India", "IN", "USA", "US", "United States", "Côte d'Ivoire", "Nowhere", None]
        ),
    }
)


def tax(labels: list[str]) -> st.SearchStrategy[dict[str, Any]]:
    """Tax identities with the treatments of one side."""
    return st.fixed_dictionaries(
        {"number": texts, "treatment": st.sampled_from([*labels, None, ""]), "place": st.sampled_from(PLACES)}
    )


def both(strategy: st.SearchStrategy[Any]) -> Mapping[Side, st.SearchStrategy[Any]]:
    """The same natives on both sides."""
    return {Side.CRM: strategy, Side.BOOKS: strategy}


phones = texts | st.from_regex(r"\+?[0-9 ()\-]{3,20}( ?ext ?[0-9]{1,4})?", fullmatch=True)
names = st.fixed_dictionaries({"first": texts, "last": texts})
numbers = st.one_of(
    st.integers(-(10**18), 10**18),
    st.decimals(allow_nan=False, allow_infinity=False, places=4, min_value=-(10**9), max_value=10**9),
    st.sampled_from(
        [None, "", "0", "0.00", "1.50", "-3", "1e3", "12,5", "NaN", "7 %", "12.5%", " 8 ", "0.1234567891"]
    ),
)
days = st.dates().map(str) | st.sampled_from([None, "", "2026-02-30", "tomorrow"])
TIMES = [
    "2026-11-01T01:30:00-04:00",
    "2026-11-01T01:30:00-05:00",
    "2026-03-08 02:30",
    "0001-01-01 00:00",
    "",
    None,
]
zones = st.integers(-12, 14).map(lambda hours: timezone(timedelta(hours=hours)))
# About the years that are taken: of all that Python knows nine in ten are refused.
YEARS: dict[str, Any] = {"min_value": datetime(1890, 1, 1), "max_value": datetime(3010, 1, 1)}  # noqa: DTZ001 - none yet
moments = {
    Side.CRM: st.datetimes(**YEARS, timezones=zones).map(lambda t: t.isoformat(timespec="seconds"))
    | st.sampled_from(TIMES),
    Side.BOOKS: st.datetimes(**YEARS).map(lambda t: t.isoformat(" ", "minutes")) | st.sampled_from(TIMES),
}
chosen = st.lists(st.sampled_from(["Hot", "Cold", "-None-", ""])) | st.sampled_from(
    ["Hot;Cold", "Hot, Cold", "Hot", None]
)
TAX_NATIVES = {Side.CRM: tax([*TREATMENTS, "-None-"]), Side.BOOKS: tax(list(TREATMENTS.values()))}
CASES: list[tuple[Converter, Mapping[Side, st.SearchStrategy[Any]]]] = [
    (Text(), both(texts)),
    (LongText(), both(texts)),
    (Email(), both(texts | st.emails())),
    (Phone(region="IN"), both(phones)),
    (Url(), both(texts | st.from_regex(r"(https?://)?[a-zA-Z]{1,9}\.com/{0,2}", fullmatch=True))),
    (
        Picklist(values={"Hot": "hot", "Cold": "cold"}),
        {
            Side.CRM: st.sampled_from(["Hot", "Cold", "-None-", None, ""]),
            Side.BOOKS: st.sampled_from(["hot", "cold", None]),
        },
    ),
    (
        Lookup(entity="customer").knowing({"11": "91", "12": "92"}),
        {
            Side.CRM: st.sampled_from(["11", "12", "13", None, ""]),
            Side.BOOKS: st.sampled_from(["91", "99", None]),
        },
    ),
    (Checkbox(), both(st.booleans() | st.sampled_from(["true", "FALSE", "Yes", "0", None, ""]))),
    (
        ActiveState(),
        {
            Side.CRM: st.booleans() | st.sampled_from(["true", "No", None, ""]),
            Side.BOOKS: st.sampled_from(["active", "Inactive", "frozen", None, ""]),
        },
    ),
    (
        MultiSelect(values={"Hot": "hot", "Cold": "cold"}),
        {
            Side.CRM: chosen,
            Side.BOOKS: st.lists(st.sampled_from(["hot", "cold", "warm"]))
            | st.sampled_from(["hot;cold", None]),
        },
    ),
    (Number(), both(numbers)),
    (Integer(), both(numbers)),
    (Money(places=2), both(numbers)),
    (Money.model_validate({"currency": "JPY"}), both(numbers)),
    (Money.model_validate({"currency": "KWD"}), both(numbers)),
    (Percent(), both(numbers)),
    (Date(), both(days)),
    (DateTime(zone="America/New_York"), moments),
    (DateTime(zone="Asia/Kolkata"), moments),
    (Country(crm="name", books="code"), both(places.map(lambda p: p["country"]))),
    (State(crm="name", books="code", region="IN"), both(st.sampled_from(PLACES))),
    (
        TaxNumber(scheme="pan"),
        both(st.sampled_from(["AAPFU0939F", "aapfu 0939-f", "AAPFU0939", "", " ", None])),
    ),
    (
        TaxNumber(scheme="gstin"),
        both(st.sampled_from(["27AAPFU0939F1ZV", "27 aapfu0939f1zv", "38AAPFU0939F1ZX", ""])),
    ),
    (TaxNumber(scheme="gb_vat"), both(st.sampled_from(["GB 980 7806 84", "980780684", "980780683", None]))),
    (
        TaxNumber(scheme="eu_vat"),
        both(st.sampled_from(["DE 136,695 976", "DE136695976", "DE136695978", None])),
    ),
    (TaxNumber(scheme="ein"), both(st.sampled_from(["91-1144442", "911144442", "07-1144442", None]))),
    (PersonName(), both(names)),
    (
        FullName(),
        {Side.CRM: names, Side.BOOKS: st.fixed_dictionaries({"full": texts | st.just("Asha  Rani\tRao")})},
    ),
    (
        Address(region="IN"),
        {
            Side.CRM: st.builds(lambda a, p: a | p, crm_address, st.just({}) | places),
            Side.BOOKS: st.builds(lambda a, p: a | p, books_address, st.just({}) | places),
        },
    ),
    (TAX, TAX_NATIVES),
    (TAX.model_copy(update={"place": "name"}), TAX_NATIVES),
]


def test_every_converter_is_under_the_laws() -> None:
    """A converter added to the registry without a case here is a hole."""
    assert {type(converter) for converter, _ in CASES} == set(CONVERTERS.values())


@pytest.mark.parametrize(
    ("converter", "natives"), CASES, ids=lambda v: v.name if isinstance(v, Converter) else ""
)
@pytest.mark.parametrize("side", Side)
@given(data=st.data())
def test_a_translated_value_keeps_its_key(
    converter: Converter, natives: Mapping[Side, st.SearchStrategy[Any]], side: Side, data: st.DataObject
) -> None:
    """Put-get and get-put, up to the key: what arrives equals what was sent, and so does what comes back."""
    native = data.draw(natives[side])
    key = converter.key(side, native)
    try:
        there = converter.translate(side, native)
        back = converter.translate(side.other, there)
    except ConversionError:
        assume(False)
    assert converter.key(side.other, there) == key
    assert converter.key(side, back) == key
    hash(key)


@pytest.mark.parametrize(
    ("converter", "natives"), CASES, ids=lambda v: v.name if isinstance(v, Converter) else ""
)
@pytest.mark.parametrize("side", Side)
@given(data=st.data())
def test_a_value_rests_after_one_trip(
    converter: Converter, natives: Mapping[Side, st.SearchStrategy[Any]], side: Side, data: st.DataObject
) -> None:
    """What came back comes back in the very same form from then on: no value ever wanders."""
    native = data.draw(natives[side])
    try:
        there = converter.translate(side, native)
        back = converter.translate(side.other, there)
        again = converter.translate(side.other, converter.translate(side, back))
    except ConversionError:
        assume(False)
    assert again == back


@pytest.mark.parametrize(
    ("converter", "natives"), CASES, ids=lambda v: v.name if isinstance(v, Converter) else ""
)
@pytest.mark.parametrize("side", Side)
@given(data=st.data())
def test_a_value_that_went_there_comes_back(
    converter: Converter, natives: Mapping[Side, st.SearchStrategy[Any]], side: Side, data: st.DataObject
) -> None:
    """A form that the converter gave is one that it takes, unless a limit of that side forbids it."""
    native = data.draw(natives[side])
    try:
        there = converter.translate(side, native)
    except ConversionError:
        assume(False)
    try:
        converter.translate(side.other, there)
    except ConversionError as error:
        assert re.search("takes|comes twice or never", error.message)  # noqa: PT017 - a limit, or an hour shown twice


@pytest.mark.parametrize(
    ("currency", "amount", "is_kept"),
    [
        ("INR", "10.50", True),
        ("INR", "10.505", False),
        ("JPY", "10", True),
        ("JPY", "10.5", False),
        ("KWD", "10.505", True),
        ("KWD", "10.5055", False),
        ("CLF", "1.0001", True),
    ],
)
def test_money_has_the_precision_of_its_currency(currency: str, amount: str, is_kept: bool) -> None:
    """An amount that the currency cannot show is held, never rounded."""
    money = Money.model_validate({"currency": currency})
    if is_kept:
        assert money.translate(Side.CRM, amount) == Decimal(amount)
    else:
        with pytest.raises(ConversionError, match="Round it by hand"):
            money.translate(Side.CRM, amount)


def test_places_that_contradict_the_currency_are_refused() -> None:
    """Whoever writes both sees which one is wrong."""
    with pytest.raises(ValueError, match="JPY has 0 places, not 2"):
        Money.model_validate({"currency": "JPY", "places": 2})


@pytest.mark.parametrize(
    ("scheme", "number", "is_valid"),
    [
        ("pan", "AAPFU0939F", True),
        ("pan", "AAPZU0939F", False),
        ("gstin", "27AAPFU0939F1ZV", True),
        ("gstin", "27AAPFU0939F1ZX", False),
        ("gb_vat", "980780684", True),
        ("gb_vat", "980780683", False),
        ("eu_vat", "DE136695976", True),
        ("eu_vat", "DE136695978", False),
        ("ein", "911144442", True),
        ("ein", "071144442", False),
    ],
)
def test_a_number_that_its_own_form_refutes_is_held(scheme: Any, number: str, is_valid: bool) -> None:
    """One digit away from a right one."""
    convert = TaxNumber(scheme=scheme)
    if is_valid:
        assert convert.translate(Side.CRM, number) == number
    else:
        with pytest.raises(ConversionError, match="its length, form or check digit is wrong"):
            convert.translate(Side.CRM, number)


@pytest.mark.parametrize(
    ("converter", "natives"), CASES, ids=lambda v: v.name if isinstance(v, Converter) else ""
)
@pytest.mark.parametrize("side", Side)
@given(data=st.data())
def test_blank_stays_blank(
    converter: Converter, natives: Mapping[Side, st.SearchStrategy[Any]], side: Side, data: st.DataObject
) -> None:
    """Blank has the key None on both sides, and only what has the key None arrives blank."""
    native = data.draw(natives[side])
    if is_blank(native):
        assert converter.key(side, native) is None
    try:
        arrived = converter.translate(side, native)
    except ConversionError:
        assume(False)
    assert is_blank(arrived) == (converter.key(side, native) is None)


@pytest.mark.parametrize("converter", [converter for converter, _ in CASES], ids=lambda c: c.name)
@pytest.mark.parametrize("side", Side)
def test_none_is_blank_even_for_a_set(converter: Converter, side: Side) -> None:
    """A set that was never read as a set clears every part."""
    assert converter.key(side, None) is None
    assert is_blank(converter.translate(side, None))


@pytest.mark.parametrize(
    ("converter", "a", "b"),
    [
        (Text(), "A &amp; B", " A & B "),
        (Text(), "Jose\u0301", "José"),
        (LongText(), "one\r\ntwo ", "one\ntwo"),
        (Email(), "Asha@Example.IN ", "asha@example.in"),
        (Phone(region="IN"), "098765 43210", "+91-98765-43210"),
        (Phone(region="US"), "(415) 555-2671", "+1 415 555 2671"),
        (Phone(), "call reception 12", "12"),
        (Url(), "HTTP://Acme.IN/", "acme.in"),
        (Url(), "https://acme.in/Shop?x=1", "ACME.in/Shop?x=1"),
        (Checkbox(), "Yes", True),
        (MultiSelect(values={"a": "a", "b": "b"}), ["b", "a", "a"], "a;b"),
        (Number(), "1.50", Decimal("1.5")),
        (Integer(), "7.0", 7),
        (Percent(), "12.5 %", Decimal("12.50")),
        (DateTime(zone="Asia/Kolkata"), "2026-04-01T04:00:59Z", "2026-04-01 09:30"),
        (Country(), "Bharat", "IN"),
        (State(), "27", "Maharashtra"),
        (TaxNumber(scheme="pan"), "aapfu-0939 f", "AAPFU0939F"),
        (PersonName(), {"first": None, "last": "Sharma"}, {"first": "Sharma", "last": None}),
        (
            TAX,
            {"number": "27aapfu0939f1zv", "place": "27"},
            {"number": "27AAPFU0939F1ZV ", "place": "Maharashtra"},
        ),
    ],
)
def test_spellings_of_one_value_share_a_key(converter: Converter, a: Any, b: Any) -> None:
    """A trimming or decorating side never looks like an edit."""
    assert converter.key(Side.CRM, a) == converter.key(Side.BOOKS, b)


@pytest.mark.parametrize(
    ("converter", "a", "b"),
    [
        (Text(), "Acme", "ACME"),
        (LongText(), "one\ntwo", "one two"),
        (Phone(), "+91 98765 43210", "+91 98765 43210 ext 5"),
        (Url(), "acme.in/a", "acme.in/A"),
        (Checkbox(), False, None),
        (Number(), 0, None),
        (Number(), True, 1),
        (Money(), Decimal("1.001"), Decimal("1.00")),
        (Date(), "2026-04-01", "2026-04-02"),
        (PersonName(), {"first": "Ravi Kumar", "last": "S"}, {"first": "Ravi", "last": "Kumar S"}),
        (Picklist(values={"a": "b", "b": "c"}), "b", "b"),
    ],
)
def test_different_values_differ(converter: Converter, a: Any, b: Any) -> None:
    """What a person would call a change is one."""
    assert converter.key(Side.CRM, a) != converter.key(Side.BOOKS, b)


INDIA = {
    "street": "12 MG Road\nIndiranagar",
    "city": "Bengaluru",
    "state": "KA",
    "zip": "560038",
    "country": "India",
}


def test_an_address_splits_its_street_for_books() -> None:
    """First line to `address`, the rest to `street2`; state and country go as written, compared by meaning."""
    address = Address(region="IN")
    sent = address.translate(Side.CRM, INDIA)
    assert (sent["address"], sent["street2"], sent["state"]) == ("12 MG Road", "Indiranagar", "KA")
    shown = sent | {"state": "Karnataka", "country": "IN", "address": "12  MG Road "}
    assert address.key(Side.BOOKS, shown) == address.key(Side.CRM, INDIA)


def test_an_address_keeps_case_and_reads_states_by_country() -> None:
    """CA is California in the USA, and nothing in India."""
    address = Address(region="IN")
    usa = INDIA | {"state": "CA", "country": "USA"}
    assert address.key(Side.CRM, usa) == address.key(Side.CRM, usa | {"state": "California", "country": "US"})
    assert address.key(Side.CRM, INDIA | {"city": "BENGALURU"}) != address.key(Side.CRM, INDIA)


@pytest.mark.parametrize(
    ("converter", "side", "value", "limit"),
    [
        (Text(books_max=200), Side.CRM, "x" * 201, "200"),
        (Text(crm_max=20), Side.BOOKS, "x" * 21, "20"),
        (Phone(), Side.BOOKS, "+91 " + "9" * 40, "30"),
        (Email(), Side.CRM, "x" * 96 + "@a.in", "100"),
        (PersonName(), Side.BOOKS, {"first": "x" * 41, "last": "y"}, "40"),
        (PersonName(), Side.BOOKS, {"first": "x" * 81, "last": None}, "80"),
        (Address(), Side.BOOKS, {"address": "x" * 200, "street2": "y" * 100}, "250"),
        (Address(), Side.CRM, {"street": "x", "zip": "1" * 51}, "50"),
    ],
)
def test_nothing_is_ever_cut(converter: Converter, side: Side, value: Any, limit: str) -> None:
    """A value that does not fit is refused with the limit in the sentence."""
    with pytest.raises(ConversionError, match=limit):
        converter.translate(side, value)


@pytest.mark.parametrize(
    ("converter", "side", "value"),
    [
        (Picklist(values={"Hot": "hot"}), Side.CRM, "Warm"),
        (Picklist(values={"Hot": "hot"}), Side.BOOKS, "Hot"),
        (Checkbox(), Side.CRM, "perhaps"),
        (MultiSelect(values={"a": "a", "b": "b"}), Side.CRM, ["a", "c"]),
        (Number(), Side.CRM, "a dozen"),
        (Number(), Side.CRM, "1,234.5"),
        (Number(), Side.BOOKS, "Infinity"),
        (Number(), Side.BOOKS, 10**17),
        (Integer(), Side.CRM, Decimal("1.5")),
        (Money(places=0), Side.BOOKS, "10.50"),
        (Date(), Side.BOOKS, "01/04/2026"),
        (Date(), Side.CRM, "2026-04-01T09:30:00+05:30"),
        (DateTime(), Side.BOOKS, "next week"),
        (DateTime(zone="Asia/Kolkata"), Side.BOOKS, "1900-01-01 00:00"),
        (DateTime(zone="America/New_York"), Side.CRM, "2026-11-01T01:30:00-05:00"),
        (Country(books="code"), Side.CRM, "Atlantis"),
        (TaxNumber(scheme="gstin"), Side.CRM, "27AAPFU0939F1ZX"),
        (TAX, Side.CRM, {"number": None, "treatment": "Deemed Export", "place": None}),
        (TAX, Side.BOOKS, {"number": None, "treatment": None, "place": "Atlantis"}),
    ],
)
def test_a_value_without_counterpart_is_refused(converter: Converter, side: Side, value: Any) -> None:
    """No value is guessed; the sentence names the value and its side."""
    assert converter.key(side, value) is not None
    with pytest.raises(ConversionError) as caught:
        converter.translate(side, value)
    assert caught.value.code == "CONVERSION"
    assert caught.value.message


def test_a_refused_picklist_value_never_equals_one_of_the_other_side() -> None:
    """Outside the table the same word may mean two things."""
    picklist = Picklist(values={"Hot": "hot"})
    assert picklist.key(Side.CRM, "Warm") != picklist.key(Side.BOOKS, "Warm")


def test_a_lookup_reads_and_writes_each_sides_own_form() -> None:
    """CRM shows an object with id and name, COQL and a bulk file the id alone, and wants an object."""
    lookup = Lookup(entity="customer").knowing({"11": "91"})
    assert {lookup.read(Side.CRM, shown) for shown in ({"id": "11", "name": "Acme"}, {"id": "11"}, "11")} == {
        "11"
    }
    assert (lookup.write(Side.CRM, "11"), lookup.write(Side.CRM, None)) == ({"id": "11"}, None)
    assert lookup.write(Side.BOOKS, "91") == "91"
    assert not lookup.awaits(Side.CRM, "11")
    assert not lookup.awaits(Side.BOOKS, None)
    assert lookup.awaits(Side.BOOKS, "92")


def test_an_ambiguous_picklist_table_is_refused() -> None:
    """Two CRM values for one Books value have no way back."""
    with pytest.raises(ValueError, match="stands for both"):
        Picklist(values={"a": "x", "b": "x"})


def test_the_lossy_ones_say_so() -> None:
    """Declared, so that a check can refuse what loses both ways."""
    assert {name for name, kind in CONVERTERS.items() if kind.lossy} == {
        *("email", "phone", "url", "address", "tax_identity", "person_name", "percent"),
        *(
            "checkbox",
            "active_state",
            "multi_select",
            "datetime",
            "full_name",
            "country",
            "state",
            "tax_number",
        ),
    }


def told_apart(converter: Converter, value: Any) -> Any:
    """What a person sees of a value: no entities, Unicode forms or ends of lines, and a number as a number."""
    if is_blank(value) or value == "-None-":
        return None
    if isinstance(value, list):
        return [told_apart(converter, one) for one in value]
    if isinstance(converter, Number):
        return Decimal(plain(value))
    return " ".join(plain(value).split()) or None


@pytest.mark.parametrize(
    ("converter", "natives"),
    [case for case in CASES if not case[0].lossy],
    ids=lambda v: getattr(v, "name", ""),
)
@pytest.mark.parametrize("side", Side)
@given(data=st.data())
def test_one_that_is_not_declared_lossy_loses_nothing_that_a_person_sees(
    converter: Converter, natives: Mapping[Side, st.SearchStrategy[Any]], side: Side, data: st.DataObject
) -> None:
    """A value comes back as it was, and two that a person can tell apart never count as one."""
    one, other = data.draw(natives[side]), data.draw(natives[side])
    try:
        back = converter.translate(side.other, converter.translate(side, one))
    except ConversionError:
        assume(False)
    assert told_apart(converter, back) == told_apart(converter, one)
    if converter.key(side, one) == converter.key(side, other):
        assert told_apart(converter, other) == told_apart(converter, one)


@pytest.mark.parametrize(
    ("converter", "source", "native", "arrives"),
    [
        (Integer(), Side.CRM, "1200", 1200),
        (Money(), Side.CRM, Decimal("1200.50"), Decimal("1200.5")),
        (Number(), Side.CRM, "1E+3", Decimal(1000)),
        (MultiSelect(values={"Red": "R", "Blue": "B"}), Side.BOOKS, "R, B", ["Red", "Blue"]),
        (MultiSelect(values={"North, East": "NE, all"}), Side.BOOKS, "NE, all", ["North, East"]),
        (DateTime(zone="Asia/Kolkata"), Side.BOOKS, "2026-04-01 09:30", "2026-04-01T09:30:00+05:30"),
        (DateTime(zone="Asia/Kolkata"), Side.CRM, "2026-04-01T04:00:59Z", "2026-04-01 09:30"),
        (FullName(), Side.BOOKS, {"full": "Ravi Kumar Sharma"}, {"first": "Ravi Kumar", "last": "Sharma"}),
        (FullName(), Side.BOOKS, {"full": "Sharma"}, {"first": None, "last": "Sharma"}),
        (Country(crm="name", books="code"), Side.CRM, "Great Britain", "GB"),
        (State(crm="name", books="code"), Side.BOOKS, "MH", "Maharashtra"),
    ],
)
def test_what_arrives(converter: Converter, source: Side, native: Any, arrives: Any) -> None:
    """The native form of the other side, of the right kind: a number is no text, money is no float."""
    found = converter.translate(source, native)
    assert found == arrives
    assert type(found) is type(arrives)


def test_an_unknown_time_zone_is_refused() -> None:
    """With an example of what is meant."""
    with pytest.raises(ValueError, match="Asia/Kolkata"):
        DateTime(zone="India")


def test_the_preset_sends_place_codes_both_ways() -> None:
    """Books wants the code; a name in CRM is translated, a code in Books comes as it is."""
    convert = preset("india").entities["customer"].field("tax_identity").convert
    there = convert.translate(Side.CRM, {"number": None, "treatment": "Consumer", "place": "Tamil Nadu"})
    assert there == {"number": None, "treatment": "consumer", "place": "TN"}
    assert convert.translate(Side.BOOKS, there)["place"] == "TN"
