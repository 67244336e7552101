"""Which tests a module's mutants must pass: those written for it and, where few are, those of the whole way."""

from __future__ import annotations

TANDEM = "layers/tandem/tandem"
ENGINE = ("tests/engine/conftest.py", "tests/system/conftest.py", "tests/system/world.py")

# In the order in which an error hurts: a run without names takes them so.
NEAR = {
    "core/decide.py": ("tests/core/test_decide.py", "tests/core/test_creates.py", "tests/core/test_sync.py"),
    "core/merge.py": ("tests/core/test_merge.py", "tests/core/test_merge_lookups.py"),
    "core/sync.py": ("tests/core/test_sync.py", "tests/core/test_decide.py"),
    "core/lookup.py": ("tests/core/test_merge_lookups.py", "tests/core/test_creates.py"),
    "core/oscillation.py": ("tests/core/test_oscillation.py",),
    "core/keys.py": ("tests/core/test_keys.py", "tests/core/test_match.py"),
    "core/actions.py": ("tests/core/test_decide.py", "tests/core/test_sync.py", "tests/core/test_merge.py"),
    "core/match.py": ("tests/core/test_match.py",),
    "core/guards.py": ("tests/core/test_guards.py", "tests/core/test_guards_of_many.py"),
    "core/canonical.py": ("tests/core/test_canonical.py", "tests/core/test_mapping_kinds.py"),
    "core/records.py": (
        "tests/core/test_canonical.py",
        "tests/core/test_decide.py",
        "tests/core/test_merge.py",
    ),
    "engine/intents.py": ("tests/engine/test_intents.py",),
    "engine/settle.py": ("tests/engine/test_settle.py",),
    "engine/perform.py": ("tests/engine/test_settle.py", "tests/system/test_merges.py"),
    "engine/relink.py": ("tests/system/test_merges.py",),
    "engine/survivors.py": ("tests/system/test_merges.py",),
    "engine/writer.py": (
        "tests/engine/test_settle.py",
        "tests/engine/test_bulk.py",
        "tests/system/test_history.py",
    ),
    "engine/pairs.py": (
        "tests/system/test_history.py",
        "tests/system/test_policies.py",
        "tests/engine/test_version_page.py",
    ),
    "engine/first_link.py": ("tests/system/test_matching.py", "tests/system/test_history.py"),
    "engine/handling.py": ("tests/engine/test_settle.py", "tests/engine/test_version_page.py"),
    "engine/round.py": ("tests/engine/test_drain.py",),
    "engine/reconcile.py": ("tests/engine/test_reconcile.py",),
    "engine/lease.py": ("tests/engine/test_lease.py",),
    "engine/rows.py": ("tests/engine/test_rows.py",),
    "engine/links.py": ("tests/engine/test_links.py",),
    "engine/drain.py": ("tests/engine/test_drain.py", "tests/engine/test_groups.py"),
}
# What those tests lean on: part of a session's key, for another helper is another test.
HELPERS = ("tests/conftest.py", "tests/core/orgs.py", "tests/engine/town.py", *ENGINE)
