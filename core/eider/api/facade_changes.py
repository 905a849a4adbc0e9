"""The façade's verbs that change and erase what is kept."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from eider.model.requests import (
    Correct,
    Deactivate,
    Forget,
    ForgetMany,
    ForgetUser,
    Pin,
    Reinforce,
    Undo,
    Unpin,
)
from eider.model.values import HasId, id_of

if TYPE_CHECKING:
    from eider.api.backend import Backend
    from eider.model.answers import Receipt
    from eider.model.values import Event, Memory


class Changing:
    """What `Eider` offers to change and erase; it says whose memory is meant and where requests go."""

    if TYPE_CHECKING:

        def _whose(self, user: str | None) -> str: ...

        _backend: Backend

    def correct(self, id: str | HasId, text: str, *, user: str | None = None, key: str | None = None) -> Memory:  # noqa: A002
        """Replace a memory by what is true now; the old one is closed and can still be asked for.

        Args:
            id: A memory, or its id.
            text: What is true now, at most 20,000 characters.
            user: Whose memory; by default the one given to `open`.
            key: Idempotency key: a repeated call with it answers as the first one did.

        Returns:
            The new memory, which replaces the old one; a proposal that waits in the inbox where the old one is trusted
            more than this channel.

        Raises:
            UnknownIdError: The user has none of that id.
            ErasedError: It was forgotten.
            ClosedMemoryError: It holds no longer; the message names its successor.
        """
        return self._backend.execute(Correct(id=id_of(id), text=text, user=self._whose(user), key=key))

    def deactivate(self, id: str | HasId, *, user: str | None = None) -> bool:  # noqa: A002
        """End a memory without a successor; False when it had ended already.

        Args:
            id: A memory, or its id.
            user: Whose memory; by default the one given to `open`.

        Returns:
            Whether it ended now; False when it had ended already, or is trusted more than this channel and waits in the
            inbox.

        Raises:
            UnknownIdError: The user has none of that id.
            ErasedError: It was forgotten.
        """
        return self._backend.execute(Deactivate(id=id_of(id), user=self._whose(user)))

    def reinforce(self, id: str | HasId, *, user: str | None = None, key: str | None = None) -> Memory:  # noqa: A002
        """Say that a memory was useful; it decays more slowly from now on.

        Args:
            id: A memory, or its id.
            user: Whose memory; by default the one given to `open`.
            key: Idempotency key: a repeated call with it answers as the first one did.

        Returns:
            The memory.

        Raises:
            UnknownIdError: The user has none of that id.
        """
        return self._backend.execute(Reinforce(id=id_of(id), user=self._whose(user), key=key))

    def pin(self, id: str | HasId, *, user: str | None = None) -> Memory:  # noqa: A002
        """Never let a memory decay.

        Args:
            id: A memory, or its id.
            user: Whose memory; by default the one given to `open`.

        Returns:
            The memory, pinned.

        Raises:
            UnknownIdError: The user has none of that id.
            ErasedError: It was forgotten.
        """
        return self._backend.execute(Pin(id=id_of(id), user=self._whose(user)))

    def unpin(self, id: str | HasId, *, user: str | None = None) -> Memory:  # noqa: A002
        """Let a pinned memory decay again.

        Args:
            id: A memory, or its id.
            user: Whose memory; by default the one given to `open`.

        Returns:
            The memory, which fades with time again.

        Raises:
            UnknownIdError: The user has none of that id.
            ErasedError: It was forgotten.
        """
        return self._backend.execute(Unpin(id=id_of(id), user=self._whose(user)))

    def forget(
        self, id: str | HasId, *, user: str | None = None, keep_evidence: bool = False, only_this: bool = False,  # noqa: A002
        dry_run: bool = False, wait: bool = True,
    ) -> Receipt:  # fmt: skip
        """Erase a memory or an utterance, and what derives from it, for good.

        Of an utterance that a memory was learned from only the memory's words go; what else was said there stays. What
        says the same again, in these words or others, goes as well.

        Args:
            id: A memory or an utterance, or its id.
            user: Whose.
            keep_evidence: Leave utterances as they are.
            only_this: Leave what says the same again.
            dry_run: Erase nothing; the receipt lists what would go, with its words.
            wait: Return when the bytes have left the disk; else that is queued, and nobody can read them meanwhile.

        Returns:
            What was erased, from where, and how that was checked.

        Raises:
            UnknownIdError: The user has none of that id.
            RefusedError: It would erase what is trusted more than this channel.
        """
        return self._backend.execute(Forget(
            id=id_of(id), user=self._whose(user), keep_evidence=keep_evidence, only_this=only_this, dry_run=dry_run, wait=wait
        ))  # fmt: skip

    def forget_many(self, ids: Sequence[str | HasId], *, user: str | None = None, wait: bool = True) -> Receipt:
        """Erase many memories or utterances in one transaction, with what rests on them alone.

        Args:
            ids: Of the user's memories and episodes; unknown ones are passed over.
            user: Whose.
            wait: Return when the bytes have left the disk; else that is queued, and nobody can read them meanwhile.

        Returns:
            What was erased, from where, and how that was checked.

        Raises:
            RefusedError: It would erase what is trusted more than this channel.
        """
        return self._backend.execute(ForgetMany(ids=[id_of(one) for one in ids], user=self._whose(user), wait=wait))

    def forget_user(self, user: str, *, wait: bool = True) -> Receipt:
        """Erase all of a user.

        Args:
            user: Whose memory is erased; there is no default.
            wait: Wait until the bytes have left the disk; else that is queued, and nobody can read them
                meanwhile.

        Returns:
            What was erased, from where, and how that was checked.

        Raises:
            InputError: A value cannot be used; the message names it and the fix.
        """
        return self._backend.execute(ForgetUser(user=user, wait=wait))

    def undo(self, event_id: str | HasId, *, user: str | None = None) -> Event:
        """Take back the change an event made; the undo is an event as well.

        Args:
            event_id: An event, or its id, such as "evt_7".
            user: Whose memory; by default the one given to `open`.

        Returns:
            The event of the undoing, which can be undone as well.

        Raises:
            UnknownIdError: The user has none of that id.
            RefusedError: What changed since would be lost, or it was said with more trust than this channel
                has.
        """
        return self._backend.execute(Undo(id=id_of(event_id), user=self._whose(user)))
