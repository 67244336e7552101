"""People who delete, restore and merge customers."""

from __future__ import annotations

from sandbox.control import edits
from tests.system.simulation.users import Customer, Users


def delete(users: Users) -> int:
    """Somebody deletes a customer on one side, or only marks it inactive."""
    side = users.rng.choice(("crm", "crm", "books"))
    customer = users.someone(side)
    return _delete(users, customer, side) if customer else 0


def regret(users: Users, customer: Customer, side: str) -> int:
    """Somebody deletes what appeared just now on this side, where nobody typed it in."""
    return _delete(users, customer, side) if users.may_edit(customer, side) else 0


def _delete(users: Users, customer: Customer, side: str) -> int:
    customer.gone = True
    if side == "crm":
        done = customer.org.act(edits.crm_delete, {}, module="Accounts", id=customer.crm or "")
        verb = "delete"
    elif users.rng.random() < 0.5:
        done, verb = customer.org.act(edits.books_delete, {}, id=customer.books or ""), "delete"
    else:
        done = customer.org.act(edits.books_status("inactive"), {}, id=customer.books or "")
        verb = "inactivate"
    if done is None:
        return 0
    id = customer.crm if side == "crm" else customer.books
    users.write(verb, customer.org.name, side, "customer", customer.token, value=id)
    return 1


def restore(users: Users) -> int:
    """Somebody takes a customer out of CRM's recycle bin."""
    gone = [c for c in users.customers[-80:] if c.gone and c.crm and c.org.account(c.crm) is None]
    if not gone:
        return 0
    customer = users.rng.choice(gone)
    if customer.org.act(edits.crm_restore, {}, module="Accounts", id=customer.crm or "") is None:
        return 0
    users.write("restore", customer.org.name, "crm", "customer", customer.token)
    return 1


def merge(users: Users) -> int:
    """Somebody merges one CRM customer into another."""
    loser, master = users.someone("crm"), users.someone("crm")
    if loser is None or master is None or loser is master or loser.org is not master.org:
        return 0
    loser.gone = master.gone = True
    body = {"losers": [loser.crm]}
    if loser.org.act(edits.crm_merge, body, module="Accounts", id=master.crm or "") is None:
        return 0
    users.write("merge", loser.org.name, "crm", "customer", loser.token, value=loser.crm, into=master.token)
    return 1
