"""What a person can do about each cause of a hold, and which words settle it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

Word = Literal["take", "approve", "keep-apart"]

_FIXES: Mapping[str, str] = {
    "differs": "Make both sides equal, or say which one is right: tandem release ID --take crm|books",
    "conflict": "Both sides changed it: tandem release ID --take crm|books, or edit one of them again",
    "drift": "Mend it on that side, let the source's value be written there (tandem release ID --take, the source), or "
             "leave it so (--take, the other)",
    "fixed": "It is written on create only. Change it by hand so that both sides say the same, or let one value be "
             "written once: tandem release ID --take crm|books (Books refuses a currency that has transactions)",
    "lookup": "Nothing: it goes on by itself once the record that it leads to is linked",
    "lookup to another kind": "Lead the field to another record, or clear it; or make that record one of the kind: "
                              "give a Contact its Account. It then goes on by itself",
    "owned by Books": "Change it in Books, or let CRM's value in once: tandem release ID --take crm",
    "match": "Is it the same customer? Then tandem release ID --approve (one candidate that is free; of one that is "
             "linked: tandem unlink it, then tandem link). If it is none of them: tandem release ID --keep-apart. Of "
             "several, mend the duplicates in Zoho, then tandem release ID",
    "deleted with transactions": "Restore it in CRM, or let the Books customer become inactive: tandem release ID "
                                 "--approve",
    "deleted in CRM": "The mapping asks a person: restore it in CRM, or let the delete through: tandem release ID "
                      "--approve",
    "merged in CRM": "Is it so? Then tandem release ID --approve: the Books customer goes on with the survivor. If it "
                     "was a plain delete: tandem release ID --keep-apart",
    "merged in Books": "Is it so? Then tandem release ID --approve: the Account goes on with the survivor. If it was "
                       "not: tandem release ID --keep-apart",
    "merged, both linked": "Merge the two on the other side as well; the pair then ends by itself. If it was no merge: "
                           "tandem release ID --keep-apart",
    "deleted, state restored": "What both agreed on is lost with the old table: restore it in CRM, or tandem "
                               "release ID --approve: the Books customer becomes inactive",
    "no Account": "Give the Contact an Account in CRM, or write without_account: leave_out in the mapping",
    "tax identity contradicts": "Correct tax number, state or treatment in CRM or Books, then tandem release ID",
    "conversion": "Change the value, or add it to the mapping (tandem connect --mapping), then tandem release ID",
    "refused by CRM": "Mend the value in Books or the rule in CRM, then tandem release ID",
    "refused by Books": "Mend the value in CRM or the rule in Books, then tandem release ID",
    "portal user": "Change the e-mail in Books, where the person signs in with it; CRM follows",
    "match:other kind": "--approve never links two kinds. If it is one: give the Contact its Account, take a Vendor "
                        "out of it, or make both one kind (customer_sub_type in Books), then tandem release ID; else "
                        "release ID --keep-apart",
    "match:counterpart gone": "Restore the record that it was linked with, or have another made: tandem release ID "
                              "--approve",
    "no longer an individual": "Take the Account out of the Contact, or mark the Books customer as an individual. Or "
                               "tandem release ID --approve: the customer stays in Books alone, and the Contact goes "
                               "on as a person of its Account",
    "moved person": "tandem release ID --approve: the person stays at the old customer in Books, and is matched or "
                    "made at the new one. Or move the Contact back in CRM",
    "dead letter": "Find the outage in the log of sync_changes; when it is over, tandem release ID",
    "crashed the worker": "A fault of Tandem: report it with the log of sync_changes, then tandem release ID",
    "oscillation": "Find the automation in CRM or Books that changes the field back and switch it off; then release ID "
                   "--take crm|books, or --approve for the present decision",
    "guard": "Was it meant? tandem release ID --approve lets it through, once. If not, put it right in Zoho, then "
             "tandem release ID: all is decided and counted afresh",
    "connection stopped": "Mend what the sentence says, then tandem check",
    "native sync on": "Switch Zoho's own CRM sync off in Books, then tandem mode write --native-sync-off",
    "channel ended": "tandem connect subscribes CRM's notifications again",
    "state restored": "Nothing: it ends when both sides are listed again; then settle what is held",
    "unreadable letter": "Nothing is lost; tandem release ID puts the case away",
}  # fmt: skip

_SETTLES: Mapping[Word, tuple[str, ...]] = {
    "take": ("differs", "conflict", "drift", "fixed", "owned by Books", "oscillation"),
    "approve": (
        "match",
        "deleted with transactions",
        "deleted in CRM",
        "merged in CRM",
        "merged in Books",
        "moved person",
        "no longer an individual",
        "oscillation",
        "guard",
        "deleted, state restored",
    ),
    "keep-apart": ("match", "merged in CRM", "merged in Books", "merged, both linked"),
}


def kind_of(cause: str) -> str:
    """The family of a cause: `differs:website` is a `differs`."""
    return cause.split(":", 1)[0]


def fix_of(cause: str, id: str = "ID") -> str:
    """What to do, with the id to type."""
    found = _FIXES.get(cause) or _FIXES.get(kind_of(cause), "Mend the cause, then tandem release ID")
    return found.replace("release ID", f"release {id}")


def settles(word: Word, cause: str) -> bool:
    """Whether that word of a person has an effect on a hold of this cause."""
    return kind_of(cause) in _SETTLES[word] and (word, cause) != ("approve", "match:other kind")
