"""The conversation that the documentation shows, word for word what a person would see."""

from tests.integrations.slack.script import play, transcript


def test_a_price_an_objection_an_interruption_a_proposal_an_edit_and_an_approval(slack, folder):
    root, view, asked, entry = play(slack, folder)
    said = transcript(slack, root)
    order = [name for number, (name, _) in enumerate(said) if number == 0 or said[number - 1][0] != name]
    assert order == ["Ada Byron", "Quant", "Ben", "Data Analyst", "Architect"]
    words = {name: " | ".join(text for who, text in said if who == name) for name, _ in said}
    assert "The butterfly costs 2.50, gains at most 17.5 or 7.0x, and breaks even at 72.50 and 107.50" in words["Quant"]
    assert "at +50 % (104.62) the 70/90/110 butterfly pays 5.38 of a maximum 20: its peak is behind it" in words["Quant"]
    assert words["Data Analyst"] == ("@quant the notes say: “We put 5 % of NAV into the SLV June 70/90/110 call butterfly at about 2.50.”.")
    assert "I propose a revision of SLV June butterfly. Conviction 0.45 → 0.56." in words["Architect"]
    assert "*conviction*: 0.45 → *0.56*" in str(asked["blocks"])
    assert "Stands at 0.45; proposed 0.56." in view["blocks"][0]["text"]["text"]
    assert "*Approved* by Ada Byron (UADA)" in words["Architect"]
    assert entry.thesis.conviction == 0.5
    assert entry.revision.rationale.endswith(
        "Edited by Ada Byron (UADA): conviction 0.50 instead of 0.56. Above 104 the peak is behind it: half of the step is enough."
    )
    assert (entry.revision.approval.by, entry.revision.approval.mode) == ("Ada Byron (UADA)", "person")
