from agents.compaction import compacted, estimated_tokens, prompt_tokens, with_summary
from agents.model import Prompt, Step, ToolCall, ToolResult


def prompt(*steps):
    return Prompt(shared="rules", role="quant", task="price it", agent="quant", run_id="r", steps=steps)


def step(number, thinking=4000, arguments=4000, result=4000):
    return Step(
        calls=(ToolCall(id=f"c{number}", name="call", arguments={"tool": "x", "code": "a" * arguments}),),
        thinking=({"type": "thinking", "thinking": "b" * thinking, "signature": "s"},),
        results=(ToolResult(id=f"c{number}", text="c" * result),),
    )


STEPS = [step(number) for number in range(6)]


def test_thinking_goes_first_then_arguments_then_results_and_the_newest_steps_stay_whole():
    kept = []
    whole = prompt_tokens(prompt(*STEPS))
    less = compacted(prompt(*STEPS), whole - 1, kept.append)
    assert all(not item.thinking for item in less.steps[:-2])
    assert all(item.calls[0].arguments["code"] == "a" * 4000 for item in less.steps)
    less = compacted(prompt(*STEPS), whole // 2, kept.append)
    assert [item.calls[0].arguments["code"] for item in less.steps[:-2]] == ["(4000 characters)"] * 4
    assert less.steps[-2:] == tuple(STEPS[-2:])


def test_results_that_leave_the_prompt_are_in_memory_under_the_id_that_stands_in_their_place():
    kept = {}

    def keep(text):
        kept[f"T{len(kept) + 1}"] = text
        return f"T{len(kept)}"

    less = compacted(prompt(*STEPS), 10, keep)
    assert [item.results[0].text for item in less.steps[:2]] == [
        "(4000 characters in memory: read {id: T1})",
        "(4000 characters in memory: read {id: T2})",
    ]
    assert set(kept.values()) == {"c" * 4000}
    assert less.steps[-1].results[0].text == "c" * 4000


def test_a_summary_stands_for_the_steps_it_covers_and_names_their_calls():
    told = with_summary(prompt(*STEPS), "It was 7.", STEPS[:4])
    assert told.steps == tuple(STEPS[4:])
    assert told.task.endswith("So far (in place of c0, c1, c2, c3): It was 7.")


def test_tokens_are_estimated_on_the_high_side_for_both_languages():
    assert estimated_tokens("") == 0
    assert estimated_tokens("abcdefg") == 2
    assert estimated_tokens("白银库存下降") == 6
