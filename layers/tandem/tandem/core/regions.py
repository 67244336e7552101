"""Countries and states by name or code, as small tables of our own.

`pycountry` weighs 30 MB unpacked and `babel` as much, to answer two questions about 330 names; no other
library of the project carries names. Countries: the tz database's iso3166.tab (public domain, 2023-04);
Indian states: GST state codes with the two-letter codes of the GST network, which Books uses for places of
supply (dossier books §2); US and Canada: the postal codes.
"""

from __future__ import annotations

import unicodedata
from functools import cache
from typing import Final

_COUNTRIES: Final = """
AD Andorra; AE United Arab Emirates; AF Afghanistan; AG Antigua & Barbuda; AI Anguilla; AL Albania
AM Armenia; AO Angola; AQ Antarctica; AR Argentina; AS Samoa (American); AT Austria; AU Australia
AW Aruba; AX Åland Islands; AZ Azerbaijan; BA Bosnia & Herzegovina; BB Barbados; BD Bangladesh; BE Belgium
BF Burkina Faso; BG Bulgaria; BH Bahrain; BI Burundi; BJ Benin; BL St Barthelemy; BM Bermuda; BN Brunei
BO Bolivia; BQ Caribbean NL; BR Brazil; BS Bahamas; BT Bhutan; BV Bouvet Island; BW Botswana; BY Belarus
BZ Belize; CA Canada; CC Cocos (Keeling) Islands; CD Congo (Dem. Rep.); CF Central African Rep.
CG Congo (Rep.); CH Switzerland; CI Côte d'Ivoire; CK Cook Islands; CL Chile; CM Cameroon; CN China
CO Colombia; CR Costa Rica; CU Cuba; CV Cape Verde; CW Curaçao; CX Christmas Island; CY Cyprus
CZ Czech Republic; DE Germany; DJ Djibouti; DK Denmark; DM Dominica; DO Dominican Republic; DZ Algeria
EC Ecuador; EE Estonia; EG Egypt; EH Western Sahara; ER Eritrea; ES Spain; ET Ethiopia; FI Finland
FJ Fiji; FK Falkland Islands; FM Micronesia; FO Faroe Islands; FR France; GA Gabon; GB Britain (UK)
GD Grenada; GE Georgia; GF French Guiana; GG Guernsey; GH Ghana; GI Gibraltar; GL Greenland; GM Gambia
GN Guinea; GP Guadeloupe; GQ Equatorial Guinea; GR Greece; GS South Georgia & the South Sandwich Islands
GT Guatemala; GU Guam; GW Guinea-Bissau; GY Guyana; HK Hong Kong; HM Heard Island & McDonald Islands
HN Honduras; HR Croatia; HT Haiti; HU Hungary; ID Indonesia; IE Ireland; IL Israel; IM Isle of Man
IN India; IO British Indian Ocean Territory; IQ Iraq; IR Iran; IS Iceland; IT Italy; JE Jersey; JM Jamaica
JO Jordan; JP Japan; KE Kenya; KG Kyrgyzstan; KH Cambodia; KI Kiribati; KM Comoros; KN St Kitts & Nevis
KP Korea (North); KR Korea (South); KW Kuwait; KY Cayman Islands; KZ Kazakhstan; LA Laos; LB Lebanon
LC St Lucia; LI Liechtenstein; LK Sri Lanka; LR Liberia; LS Lesotho; LT Lithuania; LU Luxembourg
LV Latvia; LY Libya; MA Morocco; MC Monaco; MD Moldova; ME Montenegro; MF St Martin (French)
MG Madagascar; MH Marshall Islands; MK North Macedonia; ML Mali; MM Myanmar (Burma); MN Mongolia; MO Macau
MP Northern Mariana Islands; MQ Martinique; MR Mauritania; MS Montserrat; MT Malta; MU Mauritius
MV Maldives; MW Malawi; MX Mexico; MY Malaysia; MZ Mozambique; NA Namibia; NC New Caledonia; NE Niger
NF Norfolk Island; NG Nigeria; NI Nicaragua; NL Netherlands; NO Norway; NP Nepal; NR Nauru; NU Niue
NZ New Zealand; OM Oman; PA Panama; PE Peru; PF French Polynesia; PG Papua New Guinea; PH Philippines
PK Pakistan; PL Poland; PM St Pierre & Miquelon; PN Pitcairn; PR Puerto Rico; PS Palestine; PT Portugal
PW Palau; PY Paraguay; QA Qatar; RE Réunion; RO Romania; RS Serbia; RU Russia; RW Rwanda; SA Saudi Arabia
SB Solomon Islands; SC Seychelles; SD Sudan; SE Sweden; SG Singapore; SH St Helena; SI Slovenia
SJ Svalbard & Jan Mayen; SK Slovakia; SL Sierra Leone; SM San Marino; SN Senegal; SO Somalia; SR Suriname
SS South Sudan; ST Sao Tome & Principe; SV El Salvador; SX St Maarten (Dutch); SY Syria
SZ Eswatini (Swaziland); TC Turks & Caicos Is; TD Chad; TF French S. Terr.; TG Togo; TH Thailand
TJ Tajikistan; TK Tokelau; TL East Timor; TM Turkmenistan; TN Tunisia; TO Tonga; TR Turkey
TT Trinidad & Tobago; TV Tuvalu; TW Taiwan; TZ Tanzania; UA Ukraine; UG Uganda
UM US minor outlying islands; US United States; UY Uruguay; UZ Uzbekistan; VA Vatican City; VC St Vincent
VE Venezuela; VG Virgin Islands (UK); VI Virgin Islands (US); VN Vietnam; VU Vanuatu; WF Wallis & Futuna
WS Samoa (western); YE Yemen; YT Mayotte; ZA South Africa; ZM Zambia; ZW Zimbabwe
"""

_COUNTRY_ALIASES: Final = """
US USA, U.S.A., U.S., United States of America, America; GB UK, U.K., United Kingdom, Great Britain, Britain
AE UAE, U.A.E.; IN Bharat, Republic of India; CZ Czechia; TR Türkiye; CV Cabo Verde; TL Timor-Leste; CI Ivory Coast
KR South Korea, Korea, Republic of Korea; KP North Korea; CD DR Congo, Democratic Republic of the Congo; CG Congo
RU Russian Federation; VN Viet Nam; LA Lao; SY Syrian Arab Republic; MO Macao; MM Myanmar, Burma
SZ Eswatini, Swaziland; NL The Netherlands, Holland; BN Brunei Darussalam; TW Taiwan, Province of China
VA Holy See; WS Samoa; AS American Samoa; TZ United Republic of Tanzania; HK Hong Kong SAR
"""

_INDIA: Final = """
01 JK Jammu and Kashmir; 02 HP Himachal Pradesh; 03 PB Punjab; 04 CH Chandigarh; 05 UK Uttarakhand, UT, UA, Uttaranchal
06 HR Haryana; 07 DL Delhi, New Delhi; 08 RJ Rajasthan; 09 UP Uttar Pradesh; 10 BR Bihar; 11 SK Sikkim
12 AR Arunachal Pradesh; 13 NL Nagaland; 14 MN Manipur; 15 MZ Mizoram; 16 TR Tripura; 17 ML Meghalaya; 18 AS Assam
19 WB West Bengal; 20 JH Jharkhand; 21 OD Odisha, OR, Orissa; 22 CG Chhattisgarh, CT, Chattisgarh
23 MP Madhya Pradesh; 24 GJ Gujarat; 25 DD Daman and Diu
26 DN Dadra and Nagar Haveli and Daman and Diu, Dadra and Nagar Haveli, DH; 27 MH Maharashtra; 29 KA Karnataka
30 GA Goa; 31 LD Lakshadweep; 32 KL Kerala; 33 TN Tamil Nadu, Tamilnadu; 34 PY Puducherry, Pondicherry
35 AN Andaman and Nicobar Islands, Andaman and Nicobar; 36 TS Telangana, TG; 37 AD Andhra Pradesh, AP, 28
38 LA Ladakh; 97 OT Other Territory
"""

_US: Final = """
AL Alabama; AK Alaska; AZ Arizona; AR Arkansas; CA California; CO Colorado; CT Connecticut; DE Delaware
DC District of Columbia, Washington DC, Washington D.C.; FL Florida; GA Georgia; HI Hawaii; ID Idaho; IL Illinois
IN Indiana; IA Iowa; KS Kansas; KY Kentucky; LA Louisiana; ME Maine; MD Maryland; MA Massachusetts; MI Michigan
MN Minnesota; MS Mississippi; MO Missouri; MT Montana; NE Nebraska; NV Nevada; NH New Hampshire; NJ New Jersey
NM New Mexico; NY New York; NC North Carolina; ND North Dakota; OH Ohio; OK Oklahoma; OR Oregon; PA Pennsylvania
RI Rhode Island; SC South Carolina; SD South Dakota; TN Tennessee; TX Texas; UT Utah; VT Vermont; VA Virginia
WA Washington; WV West Virginia; WI Wisconsin; WY Wyoming; PR Puerto Rico; GU Guam; VI Virgin Islands
"""

_CANADA: Final = """
AB Alberta; BC British Columbia; MB Manitoba; NB New Brunswick; NL Newfoundland and Labrador; NT Northwest Territories
NS Nova Scotia; NU Nunavut; ON Ontario; PE Prince Edward Island; QC Quebec, Québec; SK Saskatchewan; YT Yukon
"""


def fold_place(text: str) -> str:
    """The name of a place without case, accents, punctuation and `the`; & reads as and."""
    plain = unicodedata.normalize("NFKD", text.replace("&", " and ")).casefold()
    letters = "".join(c if c.isalnum() else " " for c in plain if not unicodedata.combining(c))
    return " ".join(word for word in letters.split() if word != "the")


def _entries(table: str) -> list[tuple[str, str]]:
    """Pairs (code, names) of a table whose entries end with `;` or a line."""
    entries = (entry.strip().partition(" ") for line in table.split("\n") for entry in line.split(";"))
    return [(code, names) for code, _, names in entries if code]


def _index(*tables: str) -> dict[str, str]:
    """Folded code and folded names -> code."""
    index: dict[str, str] = {}
    for table in tables:
        for code, names in _entries(table):
            for name in (code, *names.split(",")):
                index.setdefault(fold_place(name), code)
    return index


@cache
def _countries() -> dict[str, str]:
    return _index(_COUNTRIES, _COUNTRY_ALIASES)


@cache
def _states(country: str) -> dict[str, str]:
    if country == "IN":
        numbered = {fold_place(number): rest.split(" ")[0] for number, rest in _entries(_INDIA)}
        return _index("\n".join(rest for _, rest in _entries(_INDIA))) | numbered
    return _index({"US": _US, "CA": _CANADA}.get(country, ""))


def country_code(text: str) -> str | None:
    """The ISO 3166 alpha-2 code of a country given by code or name; None if it is not known."""
    return _countries().get(fold_place(text))


def state_code(text: str, country: str) -> str | None:
    """The code of a state given by code, name or Indian GST number; None if it is not known."""
    return _states(country).get(fold_place(text))


@cache
def _state_names(country: str) -> dict[str, str]:
    table = {"IN": "\n".join(rest for _, rest in _entries(_INDIA)), "US": _US, "CA": _CANADA}.get(country, "")
    return {code: names.split(",")[0].strip() for code, names in _entries(table)}


def state_name(code: str, country: str) -> str:
    """The name of a state by its code; the code itself if it is not known."""
    return _state_names(country).get(code, code)


@cache
def _country_names() -> dict[str, str]:
    return dict(_entries(_COUNTRIES))


def country_name(code: str) -> str:
    """The name of a country by its code; the code itself if it is not known."""
    return _country_names().get(code, code)
