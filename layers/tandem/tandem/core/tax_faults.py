"""The contradictions of a tax identity with itself and with the billing address: held, never sent."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import pairwise
from typing import Any

from tandem.core.conversion import plain, spaced
from tandem.core.mapping_entity import EntityMapping
from tandem.core.mapping_field import FieldMapping
from tandem.core.records import Record, is_blank
from tandem.core.regions import country_code, state_code, state_name
from tandem.core.tax import TaxIdentity, is_valid_number


def tax_faults(entity: EntityMapping, record: Record) -> str | None:
    """Why the tax identity of a record contradicts itself or its billing address; None if it does not.

    The sentence names the fields of the record's own side, and their values: it belongs into the case, not
    into a log.
    """
    field = next((f for f in entity.fields if isinstance(f.convert, TaxIdentity)), None)
    if field is None or is_blank(record.values.get(field.name)):
        return None
    home = entity.of_attribute("billing_address.state")
    checks = _Checks(field, record, home if home and home.convert.parts else None)
    return checks.missing() or checks.number() or checks.places()


class _Checks:
    """The contradictions of one tax identity, each as a sentence."""

    def __init__(self, field: FieldMapping, record: Record, address: FieldMapping | None) -> None:
        assert isinstance(field.convert, TaxIdentity)  # noqa: S101 - the caller chose the field by it
        self.tax = field.convert
        self.side = record.side
        self.native: Mapping[str, Any] = record.values[field.name]
        self.names = field.parts(record.side) or {}
        self.home = record.values.get(address.name) if address else None
        self.home_names = (address.parts(record.side) or {}) if address else {}
        self.has = {part for part in self.names if plain(self.native.get(part) or "") not in ("", "-None-")}
        self.code = self.tax.treatment(self.side, self.native)

    def shown(self, part: str) -> str:
        """A part as `field “value”`."""
        return f"{self.names[part]} “{self.native.get(part)}”"

    def missing(self) -> str | None:
        """A registered treatment without its number, or a set with a part missing."""
        needs_all = self.code in self.tax.registered or "number" in self.has
        if self.code in self.tax.registered and "number" not in self.has:
            return f"{self.shown('treatment')} is a registered treatment, but {self.names['number']} is blank"
        absent = [part for part in self.names if part not in self.has]
        if absent and (needs_all or "treatment" in absent):
            there = " and ".join(self.shown(part) for part in self.names if part in self.has)
            return (
                f"the tax identity is one set: {there} without {' and '.join(self.names[p] for p in absent)}"
            )
        if (
            self.tax.registered
            and "number" in self.has
            and self.code
            and self.code not in self.tax.registered
        ):
            return f"{self.shown('treatment')} is for those without a number, but {self.shown('number')} is given"
        return None

    def number(self) -> str | None:
        """A number that its own check digit refutes."""
        if "number" not in self.has or is_valid_number(
            self.tax.scheme, self.tax.number(self.native), self.code
        ):
            return None
        return f"{self.shown('number')} is no valid number: its length, form or check digit is wrong"

    def places(self) -> str | None:
        """States that disagree between number, place of supply and billing address."""
        if self.tax.scheme != "gstin":
            return None
        found = [(name, code) for name, code in self._states() if code]
        for (name, code), (other, other_code) in pairwise(found):
            if code != other_code:
                states = [state_name(c, self.tax.region) for c in (code, other_code)]
                return f"{name} says {states[0]}, but {other} says {states[1]}"
        return None

    def _states(self) -> list[tuple[str, str | None]]:
        number = self.tax.number(self.native) if "number" in self.has else ""
        return [
            (self.shown("number") if number else "", state_code(number[:2], "IN") if number else None),
            (self.shown("place") if "place" in self.has else "", self.tax.place_code(self.native)),
            self._home_state(),
        ]

    def _home_state(self) -> tuple[str, str | None]:
        state = spaced((self.home or {}).get("state") or "")
        country = spaced((self.home or {}).get("country") or "")
        abroad = country and country_code(country) != self.tax.region
        if not state or abroad:
            return "", None
        return f"{self.home_names['state']} “{state}”", state_code(state, self.tax.region)
