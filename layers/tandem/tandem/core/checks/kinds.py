"""Every kind of finding and what is wrong then: the words of `--json`, of the page and of the tests."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

FILE_KINDS: Final[Mapping[str, str]] = {
    "bad_yaml": "no YAML that is read: bad syntax, a key twice, an anchor, a tag, a second document, over 20 levels",
    "file_too_large": "over 1 MB",
    "unknown_key": "a key that there is not; the nearest one is offered",
    "missing_key": "a key that must be there",
    "wrong_type": "a value of another type",
    "unknown_value": "a word that is not among the allowed ones, or no API name",
    "unknown_entity": "an entity that there is not",
    "unknown_converter": "a converter that there is not; the nearest one is offered",
    "bad_arguments": "arguments that the converter does not take",
    "duplicate_choice": "two CRM values for one Books value: the way back would be a guess",
    "mapped_twice": "two fields on one attribute",
    "mirror_mapped": "an attribute of a customer that mirrors its primary person",
    "never_mapped": "an attribute that Tandem never writes, or that has no such path",
    "set_incomplete": "a part of a set mapped alone",
    "owner_contradicts_direction": "the owner of a one-way field is not its source",
    "policy_contradiction": "a policy that has no meaning here",
    "match_key_not_mapped": "`match_by` names what is neither a word of it nor a field with one value",
    "bad_default": "a default that the converter does not take",
    "more_faults": "over 100 faults: mend these first",
    "too_many_fields": "over 50 CRM fields in one query",
}
"""What the file alone shows; always a fault."""
LIVE_KINDS: Final[Mapping[str, str]] = {
    "unknown_module": "CRM shows no fields of that module",
    "unknown_field": "a field is not there: it never was, or is not shown to the token's user; the nearest name is "
    "offered",
    "removed_field": "a field is no longer there: the approved mapping uses it",
    "renamed_field": "the field with that label has another API name now",
    "hidden_field": "the token's user may not see it, or it is switched off in Books",
    "read_only_target": "the side that the direction writes refuses writes",
    "read_only_both_ways": "a side refuses writes, and the direction needs both",
    "required_without_value": "a side demands a field that nothing fills: every create would be refused",
    "required_on_layout": "only a layout of CRM demands it (warning)",
    "type_mismatch": "the converter cannot carry a field of that kind",
    "date_against_datetime": "a day against a moment",
    "multi_into_single": "several choices against one",
    "shorter_on_other_side": "longer values would be refused; say the limit, and they are held (warning)",
    "precision_lost": "a side keeps fewer digits than the mapping sends",
    "choice_not_there": "the table names a choice that a side has not (warning; in a filter a fault)",
    "choice_without_counterpart": "a side has a choice that the table leaves out (warning)",
    "lookup_unmapped": "a lookup to what no entity of the mapping carries: an id means nothing on the other side",
    "lookup_to_entity_off": "a lookup to the module of an entity that is off",
    "newest_without_times": "`newest` where a side tells no times",
    "lossy_both_ways": "something is lost in both directions (warning)",
    "tax_fields_without_tax": "GST or VAT attributes in an organisation of another country",
    "stamp_missing": "the stamp field is not there",
    "stamp_not_unique": "the stamp field allows duplicates: a retry could double",
    "stamp_no_text": "the stamp field is no text: a number would cut an id",
    "parent_no_lookup": "the parent of a person, or its vendor, is no lookup",
    "parent_circular": "the parent of a person leads to its own module",
    "vendors_unseen": "persons of vendors become customers: the lookup that tells them is not looked at (warning)",
    "constant_out_of_range": "a constant that its field does not take",
    "match_key_missing": "nothing by which existing records find their counterpart (warning)",
    "match_key_not_unique": "records share a value of it: they will be held as ambiguous (warning)",
    "match_key_mostly_blank": "it is filled in fewer than half of the records looked at (warning)",
    "unfilterable": "CRM cannot be asked by the field that decides on a create",
    "currency_not_allowed": "a currency field where CRM keeps one currency, or Books' own id of a currency",
}
"""What only the live metadata shows; a fault unless the sentence says that it is a warning."""
