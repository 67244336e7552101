"""Standard and default custom fields of each module (CRM dossier 9)."""

from __future__ import annotations

from typing import Any

SYSTEM_FIELDS = (
    ("Owner", "ownerlookup"),
    ("Created_By", "ownerlookup"),
    ("Modified_By", "ownerlookup"),
    ("Created_Time", "datetime"),
    ("Modified_Time", "datetime"),
    ("Last_Activity_Time", "datetime"),
    ("Tag", "text"),
    ("Locked__s", "boolean"),
    ("Record_Image", "profileimage"),
)


_ACCOUNT_TYPES = (
    "Analyst",
    "Competitor",
    "Customer",
    "Distributor",
    "Integrator",
    "Investor",
    "Other",
    "Partner",
    "Press",
    "Prospect",
    "Reseller",
    "Supplier",
    "Vendor",
)


_INDUSTRIES = (
    "Agriculture",
    "Communications",
    "Consulting",
    "Education",
    "Financial Services",
    "Government/Military",
    "Healthcare",
    "Manufacturing",
    "Real Estate",
    "Retail",
    "Technology",
    "Transportation",
)


_RATINGS = ("Acquired", "Active", "Market Failed", "Project Cancelled", "Shut Down")


_LEAD_SOURCES = (
    "Advertisement",
    "Cold Call",
    "Employee Referral",
    "External Referral",
    "Online Store",
    "Partner",
    "Trade Show",
    "Web Download",
    "Web Research",
)


GST_TREATMENTS = (
    "Registered Business - Regular",
    "Registered Business - Composition",
    "Unregistered Business",
    "Consumer",
    "Overseas",
    "Special Economic Zone",
    "Deemed Export",
)


STATE_CODES = (
    "AN",
    "AD",
    "AR",
    "AS",
    "BR",
    "CH",
    "CT",
    "DN",
    "DL",
    "GA",
    "GJ",
    "HR",
    "HP",
    "JK",
    "JH",
    "KA",
    "KL",
    "LA",
    "LD",
    "MP",
    "MH",
    "MN",
    "ML",
    "MZ",
    "NL",
    "OD",
    "PY",
    "PB",
    "RJ",
    "SK",
    "TN",
    "TS",
    "TR",
    "UP",
    "UK",
    "WB",
)


# (api name, data type, options)
Row = tuple[str, str, dict[str, Any]]


def _address(prefix: str, code: str) -> list[Row]:
    return [
        (f"{prefix}Street", "text", {"length": 250}),
        (f"{prefix}City", "text", {"length": 100}),
        (f"{prefix}State", "text", {"length": 100}),
        (f"{prefix}{code}", "text", {"length": 30}),
        (f"{prefix}Country", "text", {"length": 100}),
    ]


_ACCOUNTS: list[Row] = [
    ("Account_Name", "text", {"length": 200, "mandatory": True}),
    ("Account_Number", "bigint", {}),
    ("Account_Site", "text", {"length": 80}),
    ("Account_Type", "picklist", {"picklist": _ACCOUNT_TYPES}),
    ("Industry", "picklist", {"picklist": _INDUSTRIES}),
    ("Ownership", "picklist", {"picklist": ("Other", "Private", "Public", "Subsidiary")}),
    ("Rating", "picklist", {"picklist": _RATINGS}),
    ("Parent_Account", "lookup", {"lookup": "Accounts"}),
    ("Phone", "phone", {}),
    ("Fax", "phone", {}),
    ("Website", "website", {}),
    ("Ticker_Symbol", "text", {"length": 30}),
    ("SIC_Code", "integer", {}),
    ("Employees", "integer", {}),
    ("Annual_Revenue", "currency", {}),
    *_address("Billing_", "Code"),
    *_address("Shipping_", "Code"),
    ("Description", "textarea", {}),
    ("Books_Customer_ID", "text", {"length": 50, "custom": True, "unique": True}),
    ("GSTIN", "text", {"length": 15, "custom": True}),
    ("GST_Treatment", "picklist", {"custom": True, "picklist": GST_TREATMENTS}),
    ("Place_of_Supply", "picklist", {"custom": True, "picklist": STATE_CODES}),
    ("Customer_Segment", "text", {"length": 100, "custom": True}),
]


_CONTACTS: list[Row] = [
    ("Salutation", "picklist", {"picklist": ("Mr.", "Mrs.", "Ms.", "Dr.", "Prof.")}),
    ("First_Name", "text", {"length": 40}),
    ("Last_Name", "text", {"length": 80, "mandatory": True}),
    ("Full_Name", "text", {"length": 120, "read_only": True}),
    ("Account_Name", "lookup", {"lookup": "Accounts"}),
    ("Vendor_Name", "lookup", {"lookup": "Vendors"}),
    ("Reporting_To", "lookup", {"lookup": "Contacts"}),
    ("Email", "email", {}),
    ("Secondary_Email", "email", {}),
    ("Phone", "phone", {}),
    ("Home_Phone", "phone", {}),
    ("Other_Phone", "phone", {}),
    ("Mobile", "phone", {}),
    ("Fax", "phone", {}),
    ("Asst_Phone", "phone", {}),
    ("Assistant", "text", {"length": 100}),
    ("Title", "text", {"length": 100}),
    ("Department", "text", {"length": 50}),
    ("Date_of_Birth", "date", {}),
    ("Lead_Source", "picklist", {"picklist": _LEAD_SOURCES}),
    ("Email_Opt_Out", "boolean", {}),
    ("Skype_ID", "text", {"length": 50}),
    ("Twitter", "text", {"length": 50}),
    *_address("Mailing_", "Zip"),
    *_address("Other_", "Zip"),
    ("Description", "textarea", {}),
    ("Books_Person_ID", "text", {"length": 50, "custom": True, "unique": True}),
    ("Billing_Contact", "boolean", {"custom": True}),
]


_VENDORS: list[Row] = [
    ("Vendor_Name", "text", {"length": 120, "mandatory": True}),
    ("Email", "email", {}),
    ("Phone", "phone", {}),
    ("Website", "website", {}),
    ("GL_Account", "picklist", {"picklist": ("Sales-Software", "Rental Income")}),
    ("Category", "text", {"length": 80}),
    ("Email_Opt_Out", "boolean", {}),
    *_address("", "Zip_Code"),
    ("Description", "textarea", {}),
    ("Books_Vendor_ID", "text", {"length": 50, "custom": True, "unique": True}),
]


_PRODUCTS: list[Row] = [
    ("Product_Name", "text", {"length": 200, "mandatory": True}),
    ("Product_Code", "text", {"length": 40}),
    ("Vendor_Name", "lookup", {"lookup": "Vendors"}),
    ("Product_Active", "boolean", {}),
    ("Manufacturer", "picklist", {"picklist": ("AltvetPet Inc.", "LexPon Inc.", "MetBeat Corp.")}),
    ("Product_Category", "picklist", {"picklist": ("Hardware", "Software", "CRM Applications")}),
    ("Sales_Start_Date", "date", {}),
    ("Sales_End_Date", "date", {}),
    ("Support_Start_Date", "date", {}),
    ("Support_Expiry_Date", "date", {}),
    ("Unit_Price", "currency", {}),
    ("Commission_Rate", "currency", {}),
    ("Usage_Unit", "picklist", {"picklist": ("Box", "Carton", "Dozen", "Each", "Hours", "Numbers")}),
    ("Qty_in_Stock", "double", {}),
    ("Qty_Ordered", "double", {}),
    ("Qty_in_Demand", "double", {}),
    ("Reorder_Level", "double", {}),
    ("Taxable", "boolean", {}),
    ("Description", "textarea", {}),
    ("Books_Item_ID", "text", {"length": 50, "custom": True, "unique": True}),
]


MODULES: list[tuple[str, str, str, str, list[Row]]] = [
    ("Accounts", "Account", "Account_Name", "Account_Name", _ACCOUNTS),
    ("Contacts", "Contact", "Full_Name", "Email", _CONTACTS),
    ("Vendors", "Vendor", "Vendor_Name", "Vendor_Name", _VENDORS),
    ("Products", "Product", "Product_Name", "Product_Name", _PRODUCTS),
]


LATER: list[tuple[str, Row]] = [
    ("Accounts", ("PAN", "text", {"length": 10, "custom": True})),
    ("Vendors", ("GSTIN", "text", {"length": 15, "custom": True})),
    ("Vendors", ("GST_Treatment", "picklist", {"custom": True, "picklist": GST_TREATMENTS})),
    ("Vendors", ("Source_of_Supply", "picklist", {"custom": True, "picklist": STATE_CODES})),
    ("Products", ("Handler", "userlookup", {})),
    ("Products", ("HSN_SAC", "text", {"length": 20, "custom": True})),
    ("Products", ("Grade", "text", {"length": 100, "custom": True})),
]
"""Fields that draw their ids apart, so that the ids of all else stay as a seed has always drawn them."""
