"""Names, addresses and numbers of an 837P: who bills, who is insured, who pays, who treated.

Loops 2010, 2310, 2330 and 2420 of 005010X222A1.
"""

from __future__ import annotations

import re
from functools import lru_cache

from massage_billing.model.professional import Address, ClaimParty, ClaimPayer, Insured
from massage_billing.x12.claims_837p_writer import ClaimWriter, d8

_POST_BOX = re.compile(r"\b(?:P\.?\s*O\.?\s*BOX|POST OFFICE BOX|LOCK\s?BOX)\b", re.IGNORECASE)
_STATE = re.compile(r"[A-Z]{2}")
_COUNTRY = re.compile(r"[A-Z]{2,3}")
_ZIP = re.compile(r"[0-9]{5}(?:[0-9]{4})?")
_TAX_ID = re.compile(r"[0-9]{9}")
_PHONE = re.compile(r"[0-9]{10,20}")
_GENDERS = frozenset("FMU")


@lru_cache(maxsize=64)
def _names(whose: str) -> dict[int, str]:
    return {
        3: f"{whose}'s name", 4: f"{whose}'s given name", 5: f"{whose}'s middle name", 7: f"{whose}'s suffix",
        9: f"{whose}'s number",
    }  # fmt: skip


def name(writer: ClaimWriter, entity: str, party: ClaimParty, whose: str, number: tuple[str, str] = ("", "")) -> None:
    """NM1 of a person or an organization; ``number`` is NM108 and NM109."""
    last = party.last_name.strip(" ")
    if not last:
        writer.need(last, f"{whose}'s name", "NM103")
    if not party.organization:
        writer.put(
            "NM1", entity, "1", last, party.first_name, party.middle_name, "", party.suffix, *number,
            names=_names(whose),
        )  # fmt: skip
        return
    if party.first_name or party.middle_name or party.suffix:
        raise writer.wrong(f"{whose}'s given name", "NM104", "stands on an organization, which has none")
    writer.put("NM1", entity, "2", last, "", "", "", "", *number, names=_names(whose))


def with_npi(writer: ClaimWriter, entity: str, party: ClaimParty, whose: str, *, needed: bool) -> None:
    """NM1 with an NPI (NM108 XX), which payers know a provider by."""
    if party.npi:
        name(writer, entity, party, whose, ("XX", writer.npi(party.npi, whose)))
        return
    if needed:
        writer.need(party.npi, f"{whose}'s NPI", "NM109")
    name(writer, entity, party, whose)


def person(writer: ClaimWriter, entity: str, party: ClaimParty, whose: str) -> None:
    """2310A, 2310D: a person (NM102 is 1 there), with the NPI where somebody knows it, and the licence (REF*0B)."""
    if party.organization:
        raise writer.wrong(whose, "NM102", "has to be a person")
    with_npi(writer, entity, party, whose, needed=False)
    licence(writer, party, whose)


def rendering(writer: ClaimWriter, party: ClaimParty) -> None:
    """2310B, 2420A: who treated."""
    writer.repeat("82", party, lambda: _rendering(writer, party))


def _rendering(writer: ClaimWriter, party: ClaimParty) -> None:
    whose = "rendering provider"
    with_npi(writer, "82", party, whose, needed=True)
    if party.taxonomy:
        writer.put("PRV", "PE", "PXC", writer.taxonomy(party.taxonomy, whose))
    licence(writer, party, whose)


def licence(writer: ClaimWriter, party: ClaimParty, whose: str) -> None:
    """REF*0B."""
    if party.state_license:
        writer.put("REF", "0B", party.state_license, names=_LICENCE)


_LICENCE = {2: "state licence number"}


def address(writer: ClaimWriter, where: Address, whose: str, *, needed: bool = False, nine: bool = False) -> None:
    """N3 and N4. ``nine``: the postal code has to have nine digits (N403 of 2010AA and 2310C)."""
    lines = [line for line in (line.strip(" ") for line in where.lines) if line]
    if not needed and not (lines or where.city or where.state or where.postal_code):
        return
    if not lines:
        writer.need("", f"{whose}'s street", "N301")
    if len(lines) > 2:
        raise writer.wrong(f"{whose}'s street", "N301", "has more than two lines")
    writer.put("N3", *lines, names={1: f"{whose}'s street", 2: f"{whose}'s second address line"})
    abroad = where.country.strip(" ") not in ("", "US", "USA")
    if abroad:
        if not _COUNTRY.fullmatch(where.country):
            raise writer.wrong(f"{whose}'s country", "N404", "is no country code")
    else:
        _in_the_states(writer, where, whose, nine=nine)
    writer.put(
        "N4", where.city.strip(" ") or writer.need("", f"{whose}'s city", "N401"), where.state, where.postal_code,
        where.country if abroad else "",
        names={1: f"{whose}'s city", 2: f"{whose}'s state", 3: f"{whose}'s postal code"},
    )  # fmt: skip


def _in_the_states(writer: ClaimWriter, where: Address, whose: str, *, nine: bool) -> None:
    """State and postal code are needed in the United States (N402, N403)."""
    if not _STATE.fullmatch(where.state):
        why = "has to be two capital letters" if where.state else "is missing"
        raise writer.wrong(f"{whose}'s state", "N402", why, "Enter it on the record.")
    if not _ZIP.fullmatch(where.postal_code) or (nine and len(where.postal_code) < 9):
        raise writer.wrong(
            f"{whose}'s postal code", "N403", f"has to have {'nine' if nine else 'five or nine'} digits, and no hyphen",
            "Look up ZIP+4 at the postal service." if nine else "",
        )  # fmt: skip


def billing(writer: ClaimWriter, party: ClaimParty, submitter_phone: str) -> None:
    """PRV of 2000A and all of 2010AA. A post box is for the pay-to address (TR3 note of N3)."""
    whose = "billing provider"
    if party.taxonomy:
        writer.put("PRV", "BI", "PXC", writer.taxonomy(party.taxonomy, whose))
    writer.loop = "2010AA"
    with_npi(writer, "85", party, whose, needed=True)
    if any(_POST_BOX.search(line) for line in party.address.lines):
        raise writer.wrong(f"{whose}'s street", "N301", "is a post box; payers want where the clinic is")
    address(writer, party.address, whose, needed=True, nine=True)
    if not _TAX_ID.fullmatch(party.tax_id):
        why = "has to have nine digits, and no hyphen" if party.tax_id else "is missing"
        raise writer.wrong(f"{whose}'s tax id", "REF02", why)
    writer.put("REF", "SY" if party.tax_id_is_ssn else "EI", party.tax_id)
    licence(writer, party, whose)
    if party.phone and party.phone != submitter_phone:  # PER: only where it is not that of 1000A
        writer.put("PER", "IC", party.last_name.strip(" "), "TE", phone(writer, party.phone, whose))


def phone(writer: ClaimWriter, given: str, whose: str, place: str = "PER04") -> str:
    """A telephone number: area code and number, digits only (TR3 note of PER)."""
    if not _PHONE.fullmatch(given):
        raise writer.wrong(f"{whose}'s telephone number", place, "has to be ten digits or more, and nothing else")
    return given


def subscriber(writer: ClaimWriter, insured: Insured, *, is_patient: bool) -> None:
    """2010BA: address, birth date and the number of the injury only where the patient is the subscriber."""
    writer.loop, whose = "2010BA", "subscriber"
    member = insured.member_id.strip(" ") or writer.need("", "subscriber's member id", "NM109")
    if is_patient and insured.party.organization:
        raise writer.wrong(whose, "NM102", "is the patient, and has to be a person")
    name(writer, "IL", insured.party, whose, ("MI", member))
    if is_patient:
        _bodily(writer, insured, whose)
    elif insured.property_casualty_number:
        raise writer.wrong("property and casualty claim number", "REF02", "belongs to the patient, who is another")


def patient(writer: ClaimWriter, insured: Insured) -> None:
    """2010CA: a patient who is not the subscriber. The member id stays with the subscriber."""
    writer.loop, whose = "2010CA", "patient"
    if insured.party.organization:
        raise writer.wrong(whose, "NM102", "has to be a person")
    name(writer, "QC", insured.party, whose)
    _bodily(writer, insured, whose)


def _bodily(writer: ClaimWriter, insured: Insured, whose: str) -> None:
    """N3, N4, DMG, REF*Y4 of the patient."""
    address(writer, insured.party.address, whose, needed=True)
    if insured.birth_date is None:
        raise writer.wrong(f"{whose}'s birth date", "DMG02", "is missing", "Enter it on the record.")
    writer.put("DMG", "D8", d8(insured.birth_date), writer.one_of(insured.gender, _GENDERS, f"{whose}'s sex", "DMG03"))
    if insured.property_casualty_number:
        writer.put("REF", "Y4", insured.property_casualty_number, names=_INJURY)


_INJURY = {2: "property and casualty claim number"}


def payer(writer: ClaimWriter, given: ClaimPayer) -> None:
    """2010BB, 2330B: NM1*PR, N3, N4."""
    title = given.name.strip(" ") or writer.need("", "payer's name", "NM103")
    number = given.payer_id.strip(" ") or writer.need("", "payer's id", "NM109")
    writer.put("NM1", "PR", "2", title, "", "", "", "", "PI", number, names=_names("payer"))
    address(writer, given.address, "payer")
