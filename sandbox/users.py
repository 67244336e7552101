"""The people and integrations that act on both products."""

from __future__ import annotations

from dataclasses import dataclass

from sandbox.ids import IdSource

INTEGRATION_USER = "Integration User"
DEFAULT_USER = "Asha Rao"


@dataclass(frozen=True, slots=True)
class User:
    """One person; the two products know them by different ids."""

    name: str
    email: str
    crm_id: str
    books_id: str

    @property
    def first_name(self) -> str:
        """Return all but the last word of the name."""
        return " ".join(self.name.split()[:-1])

    @property
    def last_name(self) -> str:
        """Return the last word of the name."""
        return self.name.split()[-1]


class UserBook:
    """Users by name; a name that is not known yet becomes a user."""

    def __init__(self, crm_ids: IdSource, books_ids: IdSource) -> None:
        self._crm_ids = crm_ids
        self._books_ids = books_ids
        self._by_name: dict[str, User] = {}
        self._by_crm_id: dict[str, User] = {}
        self.named(INTEGRATION_USER)
        self.named(DEFAULT_USER)

    def named(self, name: str) -> User:
        """Return the user of that name, made on first sight."""
        user = self._by_name.get(name)
        if user is None:
            address = ".".join(name.lower().split()) + "@sandbox.example"
            user = User(name, address, self._crm_ids.draw(), self._books_ids.draw())
            self._by_name[name] = user
            self._by_crm_id[user.crm_id] = user
        return user

    def by_crm_id(self, crm_id: str) -> User | None:
        """Return the user with a CRM id, if there is one."""
        return self._by_crm_id.get(crm_id)

    def by_books_id(self, books_id: object) -> User | None:
        """Return the user with a Books id, if there is one."""
        return next((user for user in self.all() if user.books_id == books_id), None)

    def all(self) -> list[User]:
        """Return every user in the order they appeared."""
        return list(self._by_name.values())
