"""A model's turn: the playbook does the chores, the model says what they mean."""

from collections.abc import Callable, Iterator, Mapping, Sequence

from agents import tracing
from agents.answers import Posts, marks, mentioned, parsed, schema_of, without_marks
from agents.briefing import assignment, channel, equipped, repair, shared
from agents.errors import ModelAnswerError, ModelContextError
from agents.evidence import Pool, pool
from agents.gists import gists
from agents.loop import Limits, Thinking, ask, converse, together
from agents.model import Answer, Model, Prompt, Step
from agents.outside import Roster, roster
from agents.rewriting import Rewriter, rewritten
from agents.role import Role
from agents.tool_use import ToolAccess, ToolUse, catalogue
from agents.turn import WORKERS, Agent, Finding, Post, Say, Task, Turn, turn_attributes
from agents.workbench import Workbench
from memory.records import Trust
from memory.thesis import Evidence

Check = Callable[[str, Sequence[Evidence]], Sequence[str]]
"""What is wrong with a text that rests on evidence: quotes that are not found, numbers without a source."""
_POSTING = frozenset({"work", "discuss"})
_UNUSABLE = (ModelAnswerError, ModelContextError)


class ModelTurn:
    """Fulfils ``Agent`` with a model; what the rules compute stays computed, and a model can explain it but not move it."""

    def __init__(
        self, model: Model, playbook: Agent, roles: Mapping[str, Role], check: Check, access: ToolAccess | None = None
    ) -> None:  # fmt: skip
        self._model = model
        self._playbook = playbook
        self._roles = roles
        self._check = check
        self._limits = Limits()
        self._access = access or ToolAccess()
        self._catalogue = catalogue(roles)
        self._rosters: dict[str, Roster] = {}

    def left(self, run_id: str) -> float:
        """The share of the run's budget that is left for the model."""
        return self._model.left(run_id)

    def take_all(self, tasks: Sequence[Task], workbench: Workbench, say: Say | None = None) -> Iterator[Turn]:
        """The playbooks' findings first, for all; then every model at once, on one pool of evidence.

        An answer that cannot be used, twice, leaves the playbook's own words, and says so.
        """
        bases = [turn for task in tasks for turn in self._playbook.take_all([task], workbench)]
        found = [finding for base in bases for finding in base.findings]
        turns = [self._turn(task, base, found, workbench) for task, base in zip(tasks, bases, strict=True)]
        new = next((task.new_records for task in tasks if task.step == "work"), ())
        yield from together(self._model, [*turns, *([gists(new, workbench)] if new else [])], say)[: len(turns)]

    def _turn(self, task: Task, base: Turn, found: Sequence[Finding], workbench: Workbench) -> Thinking[Turn]:
        role = self._roles.get(task.role)
        if role is None:
            return base
        try:
            with tracing.span("invoke_agent", turn_attributes(task, workbench.run_id, "model")):
                return (yield from self._by_model(task, base, found, workbench))
        except _UNUSABLE as error:
            note = f"{role.name} answered by playbook: {error}"
            return base.model_copy(update={"requests": (*base.requests, note)})

    def _by_model(self, task: Task, base: Turn, found: Sequence[Finding], workbench: Workbench) -> Thinking[Turn]:
        role = self._roles[task.role]
        if task.step == "propose":
            return (yield from rewritten(task, base, workbench, self._rewriter(task, role, workbench)))
        if task.step == "answer":
            return (yield from self._answer(task, base, role, workbench))
        if task.step in _POSTING and (base.posts or base.findings or task.posts):
            return (yield from self._posts(task, base, found, workbench))
        return base

    def _posts(self, task: Task, base: Turn, found: Sequence[Finding], workbench: Workbench) -> Thinking[Turn]:
        role = self._roster(task, workbench).role(self._roles[task.role])
        known = pool([*task.findings, *found], WORKERS, task.posts)
        use = self._use(task, role, known, workbench)
        prompt = self._prompt(task, role, workbench, known).model_copy(update={"schema_": schema_of(Posts)})
        prompt, answer = yield from converse(prompt, use, workbench, self._limits)
        try:
            posts = self._read(answer.text, task, Pool({**known.items, **use.evidence}))
            problems = self._problems(posts)
        except ModelAnswerError as error:
            posts, problems = (), [str(error)]
        if problems:
            again = yield from ask(_mended(prompt, answer, problems))
            posts = self._read(again.text, task, Pool({**known.items, **use.evidence}))
        return base.model_copy(update={"posts": posts, "by_model": True, "requests": (*base.requests, *use.refused)})

    def _answer(self, task: Task, base: Turn, role: Role, workbench: Workbench) -> Thinking[Turn]:
        role = self._roster(task, workbench).role(role)
        found = [citation for post in base.posts for citation in post.citations]
        known = Pool({f"E{number}": item for number, item in enumerate(dict.fromkeys(found), 1)})
        use = self._use(task, role, known, workbench)
        prompt = self._prompt(task, role, workbench, known).model_copy(update={"cite": True})
        prompt, answer = yield from converse(prompt, use, workbench, self._limits)
        post = self._prose(answer, role, Pool({**known.items, **use.evidence}))
        problems = self._check(post.text, post.citations)
        if problems:
            again = yield from ask(_mended(prompt, answer, problems))
            post = self._prose(again, role, Pool({**known.items, **use.evidence}))
        return base.model_copy(update={"posts": (post,), "by_model": True, "requests": (*base.requests, *use.refused)})

    def _use(self, task: Task, role: Role, known: Pool, workbench: Workbench) -> ToolUse:
        """The tools of a turn. What another agent wrote may come from a document that it has read."""
        tainted = any(post.role in self._roles for post in task.posts)
        if not tainted:
            records = workbench.store.many(list(dict.fromkeys(item.record for item in known.items.values())))
            tainted = any(record.trust is Trust.OUTSIDE for record in records.values())
        offered = self._rosters.get(workbench.run_id)
        return ToolUse(role, workbench, self._access, tainted=tainted, roster=offered, known=tuple(known.items.values()))

    def _roster(self, task: Task, workbench: Workbench) -> Roster:
        """The outside tools of a run, asked for once; a talk goes on for days, and asks at each question."""
        if self._access.outside is None:
            return Roster()
        if workbench.run_id not in self._rosters or task.step == "answer":
            self._rosters[workbench.run_id] = roster(self._access.outside, self._roles, workbench)
        return self._rosters[workbench.run_id]

    def _rewriter(self, task: Task, role: Role, workbench: Workbench) -> Rewriter:
        return Rewriter(role, self._check, self._catalogue + self._roster(task, workbench).lines())

    def _prompt(self, task: Task, role: Role, workbench: Workbench, known: Pool) -> Prompt:
        tools = self._catalogue + self._rosters.get(workbench.run_id, Roster()).lines()
        return Prompt(
            shared=shared(workbench.theses(task.theses), workbench.as_of, tools), passages=known.passages(),
            later=known.later(), channel=channel(task.posts), role=equipped(role), task=assignment(task), agent=role.name,
            run_id=workbench.run_id, tier=role.model, effort=role.effort,
        )  # fmt: skip

    def _read(self, text: str, task: Task, known: Pool) -> tuple[Post, ...]:
        posts = []
        for said in parsed(text, Posts).posts:
            named = dict.fromkeys([*said.to, *mentioned(said.text, self._roles, task.role)])
            posts.append(
                Post(
                    role=task.role, text=without_marks(said.text), citations=known.of([*said.evidence, *marks(said.text)]),
                    to=tuple(name for name in named if name in self._roles and name != task.role),
                    thesis=said.thesis if said.thesis in task.theses else "",
                )
            )  # fmt: skip
        return tuple(posts)

    def _problems(self, posts: Sequence[Post]) -> list[str]:
        return [problem for post in posts for problem in self._check(post.text, post.citations)]

    def _prose(self, answer: Answer, role: Role, known: Pool) -> Post:
        names = [*(item.passage for item in answer.cited), *marks(answer.text)]
        return Post(
            role=role.name, text=without_marks(answer.text), citations=known.of(names), to=mentioned(answer.text, self._roles, role.name)
        )


def _mended(prompt: Prompt, answer: Answer, problems: Sequence[str]) -> Prompt:
    """The same request with the answer and what is wrong with it; no tools, it is to be mended from what is there."""
    form = "Answer with the JSON object only." if prompt.schema_ else ""
    step = Step(said=answer.text, told=repair(form, problems))
    return prompt.model_copy(update={"steps": (*prompt.steps, step), "tools": ()})
