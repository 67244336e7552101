"""Lost state: a restored or copied State table is another table, and what it says of pairs is old (design, section 3).

Each link names the table that it was committed in, so no link needs to be rewritten: one of another table is read as a
pair without anything agreed. Here the connection learns of it once, and reads both sides from the beginning.
"""

from __future__ import annotations

from datetime import datetime
from typing import Final

from tandem.core.connection import Connection
from tandem.engine.desk import Store

CAUSE: Final = "state restored"


def of_this_table(store: Store, connection: Connection, now: datetime) -> Connection:
    """The connection after a look at whose state it is; its first use in a table that it knows not is noted."""
    mine = store.table.table_id()
    if connection.epoch == mine:
        return connection
    noted = {"epoch": mine}
    if connection.epoch:
        _distrust(store, connection.id, now)
        noted["restored"] = noted["restored_at"] = now.isoformat()
    store.connections.set(connection.id, **noted)
    return connection.model_copy(update=noted)


def _distrust(store: Store, connection: str, now: datetime) -> None:
    """Twice is once: a crash before the new table's id is noted begins again."""
    store.cursors.forget(connection)
    for intent in store.intents.all_open(connection):
        store.intents.close(intent)
    store.cases.alert_once(
        connection,
        CAUSE,
        f"Tandem: the state of {connection} was restored or copied",
        "The State table is not the one that this connection worked with before. What its pairs agreed on since the "
        "backup is not known, so both sides are listed again and every pair is compared as at a first link: equal "
        "values agree, different ones are held. Until then nothing is created, and no customer is made inactive for a "
        "pair that was not compared. If another stack still works with the same organisations, stop it: tandem pause. "
        "How far it is: tandem status",
        now,
    )


def listed_again(store: Store, connection: Connection) -> None:
    """Both sides were listed in this table: the case ends, and what was found waits as backfill."""
    if connection.restored:
        store.connections.set(connection.id, restored="")
        store.cases.close(connection.id, CAUSE)
