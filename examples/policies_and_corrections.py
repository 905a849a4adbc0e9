"""Corrections become guidance: what a user objects to is learned from their words, kept with its evidence, and can change.

Run it: python examples/policies_and_corrections.py
"""

from __future__ import annotations

import tempfile

import eider


def main(memory: eider.Eider) -> None:
    """Told, asked for, explained, changed, forgotten."""
    memory.observe(agent_output="- Name the file.\n- Say what is wrong.", user_reply="No, please write in paragraphs.")
    memory.observe(agent_output="It is 62 miles.", user_reply="I prefer metric units.")
    memory.add_rules(["Always name the file under review."])
    print("policy:", memory.policy(context="a code review").text, sep="\n")

    rule = memory.search("paragraphs", kinds=["rule", "preference"]).items[0]
    print("why:", [(episode.speaker, words) for episode, words in memory.why(rule.id).evidence])

    changed = memory.correct(rule.id, "Write reviews as numbered lists.")
    print("before and now:", memory.why(rule.id).memory.text, "->", changed.text)

    receipt = memory.forget(changed.id)
    print("erased:", len(receipt.ids) > 0, "checked:", all(receipt.checks.values()))
    print("still guides:", "numbered" in memory.policy(context="a code review").text)


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as place, eider.open(f"{place}/m.eider", user="ada") as opened:
        main(opened)
